"""The novelty filter: a text is kept where its ROUGE-L F with every kept one is at most a threshold. Exact, and fast.

Decisions are those of the `rouge-score` package, bit for bit: its words, its F. With m and n words and a longest common
subsequence of l words, F = 2pr / (p + r), p = l/m, r = l/n. So a pair exceeds the threshold only from a least l on, and:

1. Length: l is at most the shorter length, so only lengths in a window around m can exceed it.
2. Prefix: l is at most the overlap of the words (counted with repetitions). Put the words of every text in one order, rare ones
   first. Two texts that share `l` words share one among the first m - l + 1 of one and the first n - l + 1 of the other. An
   inverted index by word and length finds those; the window and both prefixes follow from the pair of lengths.
3. Bitmap: two texts that differ in d of 128 hashed bits, or of the 64 that these fold to, differ in at least d words, so they
   share at most (m + n - d) / 2. The folded bits lie in the index itself, so that a word's texts are read in one go.
4. What is left is compared: a bit-parallel longest common subsequence (rapidfuzz), until one exceeds the threshold.

Time grows with the pairs that share a rare word, in the worst case (all texts alike in their words, none alike in their order)
with the square of the texts; memory grows linearly. The order of words is made anew whenever the kept texts have doubled.
"""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Indel, LCSseq
from rapidfuzz.process import cdist

from selftaught.errors import DataError, SettingError
from selftaught.novelty.words import rouge_words, unicode_words

FORMAT = "selftaught novelty filter 1"
LOWEST = 0.1
"""Below it a filter keeps almost nothing."""
PLACE_BITS = 32
"""A text and a place of its words are one number, the place in its lowest bits."""
Posting = tuple[Any, Any]
"""Where an element is: texts with their places; and each text's bits, folded to 64, so that they are read in one go."""
REPEAT = 1 << 40
"""A word's second occurrence is another element of the overlap, rarer than any first occurrence."""


def f_measure(common: int, one: int, other: int) -> float:
    """Return ROUGE-L's F from the longest common subsequence and both lengths in words, rounded as `rouge-score` rounds."""
    if not common:
        return 0.0
    precision, recall = common / one, common / other
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A kept text near another one. `index`: when it was kept; `score`: their ROUGE-L F."""

    index: int
    text: str
    score: float


class NoveltyFilter:
    """Keeps texts that are unlike all kept ones.

    Args:
        threshold: the highest ROUGE-L F, from 0.1 to 1, that a new text may have with a kept one; Self-Instruct's is 0.7.
        unicode: compare words of every script. The reference knows ASCII words only, so to it a Chinese text has none, and is
            always new.

    Raises:
        SettingError: a threshold outside [0.1, 1].
    """

    def __init__(self, threshold: float = 0.7, *, unicode: bool = False) -> None:
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not LOWEST <= threshold <= 1.0:
            raise SettingError(f"threshold={threshold!r}: expected a number from {LOWEST} to 1.")
        self.threshold, self.unicode = float(threshold), unicode
        self.texts: list[str] = []
        self._words = unicode_words if unicode else rouge_words
        self._ids: dict[str, int] = {}
        self._coded: list[Any] = []
        self._rank: dict[int, int] = {}
        self._bits = np.zeros((64, 2), dtype=np.uint64)
        self._lengths: list[int] = []
        self._postings: dict[int, dict[int, Posting]] = {}  # length -> element -> where it is
        self._again = 64

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, text: str) -> bool:
        """Keep a text if it is new; return whether it is.

        Raises:
            DataError: it is no text.
        """
        return self._add(text, self._code(text))

    def filter(self, texts: Iterable[str]) -> list[bool]:
        """Add texts in order; return for each whether it was new. Faster than one by one, with the same decisions."""
        listed = list(texts)
        coded = [self._code(text) for text in listed]
        if len(listed) > len(self.texts):
            self._reorder(coded)
        return [self._add(text, codes) for text, codes in zip(listed, coded, strict=True)]

    def is_new(self, text: str) -> bool:
        """Return whether a text would be kept, without keeping it."""
        codes = self._code(text)
        return not self._like(codes, self._elements(codes))

    def nearest(self, text: str, count: int = 1) -> list[Neighbour]:
        """Return the kept texts nearest to a text, the nearest first, the earliest of equals."""
        codes = self._code(text)
        if not self.texts or not len(codes):
            return []
        scores = cdist([codes], self._coded, scorer=Indel.normalized_similarity, dtype=np.float64)[0]
        best = np.argsort(-scores, kind="stable")[:count]
        found = [Neighbour(int(one), self.texts[one], self.similarity(text, self.texts[one])) for one in best]
        return [one for one in found if one.score > 0]

    def similarity(self, one: str, other: str) -> float:
        """Return the ROUGE-L F of two texts."""
        first, second = self._code(one), self._code(other)
        return f_measure(LCSseq.similarity(first, second), len(first), len(second)) if len(first) and len(second) else 0.0

    def save(self, path: str | Path) -> None:
        """Write the kept texts and the settings as JSON lines."""
        head = {"format": FORMAT, "threshold": self.threshold, "unicode": self.unicode, "texts": len(self.texts)}
        target = Path(path)
        half = target.with_name(target.name + ".part")
        half.write_text("".join(json.dumps(row) + "\n" for row in [head, *self.texts]), encoding="utf-8")
        half.replace(target)

    @classmethod
    def load(cls, path: str | Path) -> NoveltyFilter:
        """Return a filter that `save` wrote.

        Raises:
            DataError: the file is missing, or no such filter.
        """
        try:
            head, *texts = (json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines())
            if head["format"] != FORMAT or head["texts"] != len(texts):
                raise ValueError("it was written by another version, or is cut off")
            made = cls(head["threshold"], unicode=head["unicode"])
            coded = [made._code(text) for text in texts]
        except (OSError, ValueError, KeyError, TypeError, DataError) as error:
            raise DataError(f"{path} is no saved novelty filter: {error}.") from error
        made._reorder(coded)
        for text, codes in zip(texts, coded, strict=True):
            made._keep(text, codes, made._elements(codes))
        return made

    def _code(self, text: str) -> Any:
        """Return a text's words as characters, one a word; as numbers where there are more words than characters."""
        if not isinstance(text, str):
            raise DataError(f"{text!r} is no text: the novelty filter compares strings.")
        ids = self._ids
        codes = [ids.setdefault(word, len(ids)) for word in self._words(text)]
        return "".join(map(chr, codes)) if len(ids) <= 0x110000 else codes

    def _elements(self, codes: Any) -> list[int]:
        """Return a text's words, rare ones first, a word's repetitions as elements of their own."""
        words = list(map(ord, codes)) if isinstance(codes, str) else codes
        rank, seen, found = self._rank, Counter[int](), []
        for word in words:
            place = rank.get(word)
            if place is None:
                place = rank[word] = -len(rank)  # a word that was never counted is rare
            found.append(place - REPEAT * seen[word])
            seen[word] += 1
        return sorted(found)

    def _add(self, text: str, codes: Any) -> bool:
        elements = self._elements(codes)
        if self._like(codes, elements):
            return False
        self._keep(text, codes, elements)
        if len(self.texts) >= self._again:
            self._reorder(self._coded)
        return True

    def _like(self, codes: Any, elements: list[int]) -> bool:
        """Return whether a kept text exceeds the threshold."""
        return next(self._likes(codes, elements), None) is not None

    def _likes(self, codes: Any, elements: list[int]) -> Iterator[int]:
        """Yield the kept texts that exceed the threshold."""
        size = len(elements)
        runs, lengths, leasts = [], [], []
        for length in self._lengths[bisect_left(self._lengths, _shortest(size, self.threshold)) :]:  # 1
            least = least_common(size, length, self.threshold)
            if least > size:
                break
            for element in elements[: size - least + 1]:  # 2
                if (run := self._postings[length].get(element)) is not None:
                    runs.append(run)
                    lengths.append(length)
                    leasts.append(least)
        if runs:
            yield from self._exceeding(codes, _bitmap(elements), runs, np.array(lengths), np.array(leasts))

    def _exceeding(
        self, codes: Any, bits: np.ndarray, runs: list[Posting], lengths: np.ndarray, leasts: np.ndarray
    ) -> Iterator[int]:
        """Yield the texts of the runs that exceed the threshold."""
        counts = np.array([len(folded) for _, folded in runs])
        allowed = len(codes) + lengths - 2 * leasts
        most = np.repeat(np.clip(allowed, 0, 64).astype(np.uint8), counts)
        folded = np.frombuffer(b"".join(bits for _, bits in runs), dtype=np.uint64)
        found = np.flatnonzero(np.bitwise_count(folded ^ (bits[0] ^ bits[1])) <= most)  # 3, on the bits folded once
        if not len(found):
            return
        run = np.repeat(np.arange(len(runs)), counts)[found]
        offset = found - (np.cumsum(counts) - counts)[run]
        entries = [runs[one][0][place] for one, place in zip(run.tolist(), offset.tolist(), strict=True)]
        near, place = np.divmod(np.array(entries, dtype=np.uint64), np.uint64(1 << PLACE_BITS))
        different = np.bitwise_count(self._bits[near] ^ bits).sum(axis=1, dtype=np.int64)  # 3, on all of them
        likely = (place <= (lengths - leasts)[run]) & (different <= allowed[run])
        for one, common in dict(zip(near[likely].tolist(), leasts[run[likely]].tolist(), strict=True)).items():  # 4
            if LCSseq.similarity(codes, self._coded[one], score_cutoff=common) >= common:
                yield one

    def _keep(self, text: str, codes: Any, elements: list[int]) -> None:
        index, size = len(self.texts), len(elements)
        self.texts.append(text)
        self._coded.append(codes)
        if index == len(self._bits):
            self._bits = np.concatenate([self._bits, np.zeros_like(self._bits)])
        self._bits[index] = _bitmap(elements)
        if size:
            self._post(index, elements)

    def _post(self, index: int, elements: list[int]) -> None:
        size = len(elements)
        if size not in self._postings:
            self._postings[size] = {}
            insort(self._lengths, size)
        postings, folded = self._postings[size], int(self._bits[index, 0] ^ self._bits[index, 1])
        for place, element in enumerate(elements[: size - fewest(size, self.threshold) + 1]):
            run = postings.get(element)
            if run is None:
                run = postings[element] = (array("Q"), array("Q"))
            run[0].append((index << PLACE_BITS) + place)
            run[1].append(folded)

    def _reorder(self, more: Sequence[Any]) -> None:
        """Order words by how often they are in the kept texts and in more to come, and make the index anew."""
        counts: Counter[Any] = Counter()
        for codes in more if more is self._coded else [*self._coded, *more]:
            counts.update(codes)
        ordered = sorted(counts, key=lambda word: (counts[word], word))
        self._rank = {ord(word) if isinstance(word, str) else word: place for place, word in enumerate(ordered)}
        self._postings, self._lengths = {}, []
        for index, codes in enumerate(self._coded):
            if elements := self._elements(codes):
                self._bits[index] = _bitmap(elements)
                self._post(index, elements)
        self._again = 2 * max(len(self.texts), len(more), 32)


@lru_cache(maxsize=1 << 18)
def least_common(one: int, other: int, threshold: float) -> int:
    """Return the least common subsequence with which two lengths exceed a threshold; more than both where none does."""
    least = max(1, int(threshold * (one + other) / 2) - 1)
    while least <= min(one, other) and f_measure(least, one, other) <= threshold:
        least += 1
    return least


@lru_cache(maxsize=1 << 16)
def _shortest(size: int, threshold: float) -> int:
    """Return the least length of a text that exceeds the threshold with one of this size, or a length just below."""
    return max(1, int(size * threshold / (2 - threshold)))


@lru_cache(maxsize=1 << 16)
def fewest(size: int, threshold: float) -> int:
    """Return the least common subsequence that exceeds the threshold with a text of any length."""
    other = _shortest(size, threshold)
    while other < size and least_common(size, other, threshold) > other:
        other += 1
    return least_common(size, other, threshold)


def _bitmap(elements: list[int]) -> np.ndarray:
    """Return 128 bits, one hashed of each element."""
    bits = 0
    for element in elements:
        bits ^= 1 << (zlib.crc32(element.to_bytes(12, "little", signed=True)) & 127)
    return np.array([bits & 0xFFFFFFFFFFFFFFFF, bits >> 64], dtype=np.uint64)
