"""Ranks: does what is better score higher? AUROC and rank correlations, as figures.

1. AUROC: the score interval of Newcombe (2006, method 5), which is a little too wide where scores are tied; for labels that
   are numbers, a bootstrap over the answers.
2. Spearman: Fisher's z with the standard error of Bonett and Wright (2000); Pearson with Fisher's own.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from selftaught.figures import ONE_CLASS, Figure, resampled, unknown
from selftaught.statistics import Interval

NORMAL = float(stats.norm.ppf(0.975))
TINY = 1e-9


def auroc(scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Return the chance that a good answer scores above a bad one, ties half.

    `labels` are truth values, or numbers: then of two answers with different labels, the better one counts as good.
    """
    if len(np.unique(labels)) < 2:
        return unknown(ONE_CLASS, len(labels))
    if labels.dtype == bool:
        value, good = _above(scores[labels], scores[~labels]), int(labels.sum())
        return Figure(value, auroc_interval(value, good, len(labels) - good), 0.5, len(labels))
    found = _concordance(scores, labels)
    assert found is not None  # there are two different labels
    value = found
    if value in (0.0, 1.0):
        half = max(1, len(labels) // 2)
        return Figure(value, auroc_interval(value, half, half), 0.5, len(labels))
    return Figure(value, resampled(_concordance, scores, labels, value=value), 0.5, len(labels))


def _above(good: np.ndarray, bad: np.ndarray) -> float:
    ranks = stats.rankdata(np.concatenate([good, bad]))
    return float((ranks[: len(good)].sum() - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad)))


def _concordance(scores: np.ndarray, labels: np.ndarray) -> float | None:
    order = np.sign(np.subtract.outer(labels, labels))
    pairs = np.abs(order).sum()
    return float(0.5 + (order * np.sign(np.subtract.outer(scores, scores))).sum() / (2 * pairs)) if pairs else None


def auroc_interval(value: float, good: int, bad: int) -> Interval:
    """Return Newcombe's score interval (2006, method 5) of an AUROC from counts of good and bad answers."""
    more = (good + bad) / 2 - 1

    def outside(at: float) -> float:
        spread = at * (1 - at) * (1 + more * (1 - at) / (2 - at) + more * at / (1 + at)) / (good * bad)
        return (value - at) ** 2 - NORMAL**2 * spread

    low = 0.0 if value <= 0 else float(optimize.brentq(outside, 0.0, min(value, 1 - TINY)))
    high = 1.0 if value >= 1 else float(optimize.brentq(outside, max(value, TINY), 1.0))
    return low, high


def rank_correlation(scores: np.ndarray, labels: np.ndarray, given: np.ndarray | None = None) -> Figure:
    """Return Spearman's correlation, with `given` the partial one: what is left once `given` is accounted for."""
    columns = [scores, labels] if given is None else [scores, labels, given]
    if len(scores) < 4 + (given is not None):
        return unknown("too few cases", len(scores))
    if any(len(np.unique(column)) < 2 for column in columns[:2]):
        return unknown("one of the two never varies", len(scores))
    ranks = [_left(stats.rankdata(column), None if given is None else stats.rankdata(given)) for column in columns[:2]]
    if min(np.ptp(rank) for rank in ranks) < 1e-9:
        return unknown("nothing varies once the label is accounted for", len(scores))
    value = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return Figure(value, _fisher(value, len(scores) - (given is not None), value * value / 2), 0.0, len(scores))


def correlation(scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Return Pearson's correlation."""
    if len(scores) < 4 or np.ptp(scores) == 0 or np.ptp(labels) == 0:
        return unknown("too few cases, or one of the two never varies", len(scores))
    value = float(np.corrcoef(scores, labels)[0, 1])
    return Figure(value, _fisher(value, len(scores), 0.0), 0.0, len(scores))


def _left(values: np.ndarray, given: np.ndarray | None) -> np.ndarray:
    if given is None or np.ptp(given) == 0:
        return values - values.mean()
    slope, shift = np.polyfit(given, values, 1)
    return values - slope * given - shift


def _fisher(value: float, n: int, extra: float) -> Interval:
    """Return the interval of a correlation; a perfect one is taken as one exchange of neighbours short of it."""
    most = 1 - 12 / (n * (n * n - 1))
    z = np.arctanh(np.clip(value, -most, most))
    half = NORMAL * np.sqrt((1 + extra) / (n - 3))
    return float(min(value, np.tanh(z - half))), float(max(value, np.tanh(z + half)))
