"""A small scorer of texts: a ridge regression on hashed runs of letters and words, that learns from the scores of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selftaught.embedding import embed
from selftaught.figures import Figure
from selftaught.ranks import rank_correlation

PENALTY = 1.0
HELD_OUT = 5
"""Every fifth text is held out to measure the correlation."""
LONGEST = 20_000
"""Characters of a text that are read."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores texts; one that was not fitted gives all the same.

    `correlation`: Spearman's, with the model's scores of texts that were held out, and its interval; without a value where
    there are too
    few of them, or all are the same. None where it was not fitted.
    """

    weights: np.ndarray | None = None
    mean: float = 0.0
    correlation: Figure | None = None

    @classmethod
    def fitted(cls, texts: Sequence[str], scores: Sequence[float]) -> Scorer:
        """Fit on all texts; the correlation is that of a scorer that was fitted without the held-out ones."""
        rows, wanted = _rows(texts), np.asarray(scores, dtype=float)
        out = np.arange(len(wanted)) % HELD_OUT == HELD_OUT - 1
        weights, mean = _fit(rows[~out], wanted[~out])
        correlation = rank_correlation(rows[out] @ weights + mean, wanted[out])
        return cls(*_fit(rows, wanted), correlation)

    def __call__(self, texts: Sequence[str]) -> list[float]:
        """Return the scores of texts."""
        if self.weights is None:
            return [self.mean] * len(texts)
        return [float(one) for one in _rows(texts) @ self.weights + self.mean]


def _rows(texts: Sequence[str]) -> np.ndarray:
    return embed([" ".join(text[:LONGEST].split()) for text in texts])  # how it is laid out does not count


def _fit(rows: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, float]:
    mean = float(scores.mean())
    kernel = rows @ rows.T + PENALTY * np.eye(len(rows))
    return rows.T @ np.linalg.solve(kernel, scores - mean), mean
