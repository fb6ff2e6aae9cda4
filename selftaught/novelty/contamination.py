"""Contamination: which rows of a data set contain rows of an evaluation set?

1. Words of both, case and punctuation aside.
2. A row is contaminated where it shares `run` words in a row (13, as for GPT-3) with an evaluation row.
3. An evaluation row of fewer words counts where all of it stands in the row, from `least` words on; shorter ones say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selftaught.errors import SettingError
from selftaught.novelty.duplicates import listed_texts
from selftaught.novelty.words import unicode_words

RUN, LEAST = 13, 5


@dataclass(frozen=True, slots=True)
class Overlap:
    """A row that contains words of an evaluation row. `row`, `evaluation`: their indices; `words`: what they share first."""

    row: int
    evaluation: int
    words: str


def contamination(rows: Sequence[str], evaluation: Sequence[str], *, run: int = RUN, least: int = LEAST) -> list[Overlap]:
    """Return the contaminated rows in order, each with the first evaluation row that it contains words of.

    Args:
        rows: the texts to check, such as a training set.
        evaluation: the texts that they should not contain.
        run: how many shared words in a row count.
        least: words from which a shorter evaluation row counts.

    Raises:
        SettingError: `run` or `least` below 1, or `least` above `run`.
        DataError: one of them holds something else than texts.
    """
    if not 1 <= least <= run:
        raise SettingError(f"run={run!r}, least={least!r}: expected whole numbers with 1 <= least <= run.")
    known = _index(listed_texts(evaluation), run, least)
    sizes = sorted({len(words) for words in known})
    found = []
    for number, text in enumerate(listed_texts(rows)):
        words = unicode_words(text)
        hits = [(known[part], part) for size in sizes for part in _runs(words, size) if part in known]
        if hits:
            first, part = min(hits)
            found.append(Overlap(number, first, " ".join(part)))
    return found


def _index(evaluation: list[str], run: int, least: int) -> dict[tuple[str, ...], int]:
    known: dict[tuple[str, ...], int] = {}
    for number, text in enumerate(evaluation):
        words = unicode_words(text)
        for part in _runs(words, min(run, len(words))) if len(words) >= least else ():
            known.setdefault(part, number)
    return known


def _runs(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[start : start + size]) for start in range(len(words) - size + 1))
