"""Diversity of a set of texts, in figures that a person can compare from one set to the next.

`distinct`: the share of different runs of one and two words (Li et al., 2016). `self_bleu`: how much a text repeats the others,
0 to 1, on a sample (Zhu et al., 2018; BLEU-4 with smoothing, lower is more diverse). `vendi`: how many different texts the sample
amounts to, from 1 to its size (Friedman and Dieng, 2023; on cosines of embeddings). `openings`: the first word that is no filler
and the first content word after it, which for instructions are mostly the verb and its object (Self-Instruct draws them; a
parser would be exact).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.errors import DataError
from selftaught.novelty.duplicates import listed_texts
from selftaught.novelty.words import unicode_words

SAMPLE = 200
FILLERS = frozenset(
    [
        "please",
        "can",
        "could",
        "would",
        "will",
        "you",
        "i",
        "me",
        "my",
        "we",
        "us",
        "our",
        "the",
        "a",
        "an",
        "some",
        "any",
        "this",
        "that",
        "these",
        "those",
        "your",
        "its",
        "his",
        "her",
        "their",
        "to",
        "of",
        "for",
        "in",
        "on",
        "at",
        "by",
        "with",
        "from",
        "and",
        "or",
        "is",
        "are",
        "be",
        "do",
        "does",
        "did",
        "it",
        "given",
        "based",
        "using",
        "if",
        "following",
        "short",
        "one",
        "two",
        "three",
    ]
)


@dataclass(frozen=True, slots=True)
class Diversity:
    """The figures of a set of texts. `sample`: how many texts the figures that compare all pairs saw."""

    texts: int
    words: float
    distinct: tuple[float, float]
    self_bleu: float
    vendi: float
    sample: int
    openings: dict[str, int] = field(default_factory=dict)


def diversity(texts: Sequence[str], *, sample: int = SAMPLE, seed: int = 0, encoder: Encoder | None = None) -> Diversity:
    """Return the diversity of texts.

    Args:
        texts: at least one.
        sample: texts for the figures that take all pairs; all where there are fewer.
        seed: of the sample.
        encoder: of the Vendi score; see `selftaught.embedding`.

    Raises:
        DataError: there is none, or something else than texts.
    """
    listed = listed_texts(texts)
    if not listed:
        raise DataError("There are no texts, so there is no diversity to measure.")
    words = [unicode_words(text) for text in listed]
    drawn = random.Random(seed).sample(range(len(listed)), min(sample, len(listed)))
    openings = Counter(found for one in words if (found := opening(one)))
    return Diversity(
        texts=len(listed), words=sum(map(len, words)) / len(words), distinct=(distinct(words, 1), distinct(words, 2)),
        self_bleu=self_bleu([words[one] for one in drawn]), vendi=vendi(embed([listed[one] for one in drawn], encoder)),
        sample=len(drawn), openings=dict(openings.most_common(20)),
    )  # fmt: skip


def distinct(texts: Sequence[Sequence[str]], size: int) -> float:
    """Return the share of different runs of so many words among all; 0 where there are none."""
    runs = [run for words in texts for run in zip(*(words[start:] for start in range(size)), strict=False)]
    return len(set(runs)) / len(runs) if runs else 0.0


def vendi(rows: np.ndarray) -> float:
    """Return the Vendi score of embeddings: the exponential of the entropy of their similarity matrix's eigenvalues."""
    values = np.linalg.eigvalsh(rows @ rows.T / len(rows))
    positive = values[values > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def self_bleu(texts: Sequence[Sequence[str]], largest: int = 4) -> float:
    """Return the mean BLEU of each text against all others; 0 for fewer than two."""
    if len(texts) < 2:
        return 0.0
    most = [_most_of_others(texts, size) for size in range(1, largest + 1)]
    return sum(_bleu(index, words, most) for index, words in enumerate(texts)) / len(texts)


Most = dict[tuple[str, ...], tuple[int, int, int]]
"""Of a run of words: its highest count in one text, in which, and the highest count in any other."""


def _most_of_others(texts: Sequence[Sequence[str]], size: int) -> Most:
    most: Most = {}
    for index, words in enumerate(texts):
        for run, count in _counts(words, size).items():
            high, owner, second = most.get(run, (0, -1, 0))
            most[run] = (count, index, high) if count > high else (high, owner, max(second, count))
    return most


def _bleu(index: int, words: Sequence[str], most: list[Most]) -> float:
    logs = []
    for size, known in enumerate(most, 1):
        counts = _counts(words, size)
        total = sum(counts.values())
        if not total:
            break
        shared = sum(min(count, known[run][2] if known[run][1] == index else known[run][0]) for run, count in counts.items())
        logs.append(math.log((shared or 0.1) / total))
    return math.exp(sum(logs) / len(logs)) if logs else 0.0


def _counts(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(size)), strict=False))


def opening(words: Sequence[str]) -> str:
    """Return the first word that is no filler and the next one, such as `write poem`; empty where there are no two."""
    content = [word for word in words if word not in FILLERS and not word.isdigit()]
    return " ".join(content[:2]) if len(content) > 1 else ""
