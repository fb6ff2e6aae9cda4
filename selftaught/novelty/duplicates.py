"""Duplicates: the same text, the same but for case and punctuation, nearly the same words, nearly the same meaning.

Each function keeps the first of its kind, in order, and says for every text which earlier one it repeats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.errors import DataError, SettingError
from selftaught.novelty.words import unicode_words

PERMUTATIONS = 128
BLOCK = 1024


def same_text(texts: Sequence[str], *, normalised: bool = True) -> list[int | None]:
    """Return for each text the index of the first that is the same, None for a first one.

    Args:
        texts: the texts.
        normalised: case, punctuation and spaces do not count. A text without any word is compared as it is.
    """
    first: dict[str, int] = {}
    found: list[int | None] = []
    for index, text in enumerate(listed_texts(texts)):
        key = (" ".join(unicode_words(text)) or text) if normalised else text
        earlier = first.setdefault(key, index)
        found.append(None if earlier == index else earlier)
    return found


def alike_by_minhash(texts: Sequence[str], threshold: float = 0.7, *, permutations: int = PERMUTATIONS) -> list[int | None]:
    """Return for each text the index of an earlier kept one with about this Jaccard similarity of words, or None.

    An estimate: it misses some and finds some that are less alike. `NoveltyFilter` is exact and, on short texts, faster; this one
    is for texts so long that comparing them is slow.

    Args:
        texts: the texts.
        threshold: of the Jaccard similarity of their sets of words, above 0 and below 1.
        permutations: more of them estimate better and take longer.

    Raises:
        SettingError: a threshold out of range, or datasketch is not installed.
    """
    if not 0.0 < threshold < 1.0:
        raise SettingError(f"threshold={threshold!r}: expected a number above 0 and below 1.")
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise SettingError("MinHash needs datasketch. Install it with: pip install 'selftaught[minhash]'") from error
    index = MinHashLSH(threshold=threshold, num_perm=permutations)
    found: list[int | None] = []
    for number, text in enumerate(listed_texts(texts)):
        sketch = MinHash(num_perm=permutations)
        sketch.update_batch([word.encode("utf-8", "surrogatepass") for word in sorted(set(unicode_words(text)))])
        earlier = index.query(sketch)
        found.append(min(earlier) if earlier else None)
        if not earlier:
            index.insert(number, sketch)
    return found


def alike_by_meaning(texts: Sequence[str], threshold: float = 0.9, *, encoder: Encoder | None = None) -> list[int | None]:
    """Return for each text the index of the nearest earlier kept one, where its cosine is above the threshold, or None.

    Args:
        texts: the texts.
        threshold: of the cosine of their embeddings, from -1 to 1.
        encoder: see `selftaught.embedding`; the default knows spelling and topic words, not meaning.

    Raises:
        SettingError: a threshold out of range, or an encoder that gives no rows of numbers.
    """
    if not -1.0 <= threshold <= 1.0:
        raise SettingError(f"threshold={threshold!r}: expected a cosine from -1 to 1.")
    listed = listed_texts(texts)
    if not listed:
        return []
    kept: list[int] = []
    rows: list[np.ndarray] = []
    found: list[int | None] = []
    for start in range(0, len(listed), BLOCK):
        for offset, row in enumerate(embed(listed[start : start + BLOCK], encoder)):
            near = np.asarray(rows) @ row if rows else np.zeros(0)
            best = int(near.argmax()) if len(near) else -1
            if best >= 0 and near[best] > threshold:
                found.append(kept[best])
                continue
            found.append(None)
            kept.append(start + offset)
            rows.append(row)
    return found


def listed_texts(texts: Sequence[str]) -> list[str]:
    """Return texts as a list.

    Raises:
        DataError: it is one text, or holds something else than texts.
    """
    if isinstance(texts, str):
        raise DataError(f"{texts!r} is one text; a list of texts is compared.")
    listed = list(texts)
    for index, text in enumerate(listed):
        if not isinstance(text, str):
            raise DataError(f"texts[{index}] is {text!r}, expected a text.")
    return listed
