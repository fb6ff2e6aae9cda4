"""Groups of near-duplicates: texts that are joined by a chain of texts, each above a ROUGE-L F with the next. Exact."""

from __future__ import annotations

from collections.abc import Sequence

from selftaught.novelty.duplicates import listed_texts, same_text
from selftaught.novelty.rouge import NoveltyFilter


def alike_groups(texts: Sequence[str], threshold: float = 0.7, *, unicode: bool = True) -> list[int]:
    """Return for each text the number of its group; groups are numbered in the order of their first texts.

    Args:
        texts: the texts. The same text, case and punctuation aside, is always one group.
        threshold: of the ROUGE-L F, above which two texts are near, from 0.1 to 1.
        unicode: compare words of every script; see `NoveltyFilter`.

    Raises:
        SettingError: a threshold out of range. DataError: something else than texts.
    """
    listed = listed_texts(texts)
    leads = list(range(len(listed)))
    known = _Known(threshold, unicode=unicode)
    kept: list[int] = []
    for place, first in enumerate(same_text(listed)):
        if first is not None:
            leads[place] = first
            continue
        for near in known.keep_all(listed[place]):
            one, other = sorted((_lead(leads, kept[near]), _lead(leads, place)))
            leads[other] = one
        kept.append(place)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(_lead(leads, place), len(numbers)) for place in range(len(listed))]


class _Known(NoveltyFilter):
    """Keeps every text, near or not."""

    def keep_all(self, text: str) -> list[int]:
        """Keep a text and return the numbers of those kept before that are near it."""
        codes = self._code(text)
        elements = self._elements(codes)
        near = list(self._likes(codes, elements))
        self._keep(text, codes, elements)
        if len(self.texts) >= self._again:
            self._reorder(self._coded)
        return near


def _lead(leads: list[int], place: int) -> int:
    """Return the first text of a text's group, and shorten the way to it."""
    while leads[place] != place:
        leads[place] = leads[leads[place]]
        place = leads[place]
    return place
