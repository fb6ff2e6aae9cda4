"""Are scores chances? The reliability table, the expected calibration error and the Brier score.

1. Sort the answers by score into bins of about equal numbers; equal scores share a bin.
2. In each bin compare the mean score with the share of good answers.
3. The calibration error is the mean gap, weighted by the bins' numbers. Even a perfect judge shows some by luck: that is
   its level of chance, drawn from labels that follow the scores exactly.
4. Its interval: gaps under the Jeffreys posterior of each bin's share. Noise only adds to gaps, so the lower end is moved
   down by what it adds, and the upper end is left where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from selftaught.figures import DRAWS, Figure, mean_of, unknown

MOST_BINS = 10
LEAST_IN_A_BIN = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers with similar scores: their mean score, the share of them that is good, and how many they are."""

    score: float
    good: float
    count: int


def bins_of(scores: np.ndarray) -> np.ndarray:
    """Return the number of each score's bin: at most 10 bins, of about 10 answers at least, but two where scores differ."""
    count = min(MOST_BINS, max(2, len(scores) // LEAST_IN_A_BIN))
    return np.minimum(((stats.rankdata(scores) - 0.5) / max(1, len(scores)) * count).astype(int), count - 1)


def reliability_table(scores: np.ndarray, labels: np.ndarray) -> tuple[Bin, ...]:
    """Return the bins from the lowest scores to the highest. `labels`: truth values, or numbers in [0, 1]."""
    where = bins_of(scores)
    picked = [where == one for one in np.unique(where)]
    return tuple(Bin(float(scores[one].mean()), float(np.mean(labels[one])), int(one.sum())) for one in picked)


def calibration_error(scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Return the expected calibration error; 0 is perfect."""
    if not len(scores):
        return unknown("no verdicts")
    truth, generator = np.asarray(labels, dtype=float), np.random.default_rng(0)
    value = float(_errors(scores, truth[None])[0])
    lucky = _errors(scores, generator.random((DRAWS // 5, len(scores))) < scores).mean()
    drawn = _errors_drawn(scores, truth, generator)
    low = float(np.quantile(drawn - (drawn.mean() - value), 0.025))
    interval = (max(0.0, min(value, low)), min(1.0, max(value, float(np.quantile(drawn, 0.975)))))
    return Figure(value, interval, float(lucky), len(scores))


def _errors_drawn(scores: np.ndarray, truth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw errors with each bin's share of good answers from its Jeffreys posterior, so that few answers are no certainty."""
    where = bins_of(scores)
    counts = np.bincount(where)
    used = counts > 0
    counts, good, said = counts[used], np.bincount(where, truth)[used], np.bincount(where, scores)[used]
    shares = generator.beta(good + 0.5, counts - good + 0.5, (DRAWS, len(counts)))
    return np.abs(shares * counts - said).sum(axis=1) / len(scores)


def _errors(scores: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Return the calibration error of the scores under each row of labels."""
    where = bins_of(scores)
    inside = (where[:, None] == np.unique(where)).astype(float)
    return np.abs((scores - truths) @ inside).sum(axis=1) / len(scores)


def brier(scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Return the mean squared distance of score and label; chance: always saying the share of good answers."""
    truth = np.asarray(labels, dtype=float)
    return mean_of(list((scores - truth) ** 2), float(np.var(truth))) if len(scores) else unknown("no verdicts")
