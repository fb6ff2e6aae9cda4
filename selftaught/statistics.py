"""Uncertainty: intervals for a score, and paired tests for a difference. Every score we show has one of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import stats

from selftaught.pareto import fronts

Interval = tuple[float, float]
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Gain:
    """A paired difference. `p`: probability of at least this gain if there were none (one-sided). `n`: pairs."""

    difference: float
    interval: Interval
    p: float
    n: int

    def real(self, level: float = 0.05) -> bool:
        """True when the gain is significant at a one-sided level."""
        return self.n > 0 and self.difference > 0 and self.p <= level


def wilson(successes: float, n: int, level: float = 0.95) -> Interval:
    """Return the Wilson score interval of a proportion. (0, 1) without observations."""
    if n == 0:
        return 0.0, 1.0
    z = float(stats.norm.ppf(0.5 + level / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding can step over 0 and 1


def bootstrap(values: Sequence[float], level: float = 0.95, seed: int = 0) -> Interval:
    """Return the percentile bootstrap interval of a mean. (0, 1) without observations."""
    if not len(values):
        return 0.0, 1.0
    sample = np.asarray(values, dtype=float)
    picks = np.random.default_rng(seed).integers(0, len(sample), (RESAMPLES, len(sample)))
    return _percentiles(sample[picks].mean(axis=1), level)


def bootstrap_rows(
    count: int, strata: Sequence[str], combine: Callable[[Sequence[int]], float | None], level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the bootstrap interval of any statistic of rows, resampled within their strata.

    Args:
        count: number of rows.
        strata: one label a row; a resample keeps the number of rows of each label.
        combine: the statistic of the rows with the given indices.
    """
    values = np.asarray([value for picks in _resamples(count, strata, seed) if (value := combine(picks)) is not None])
    return _percentiles(values, level) if len(values) else (0.0, 1.0)


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the 95 % interval of a mean: Wilson for zeros and ones, bootstrap otherwise."""
    if all(value in (0.0, 1.0) for value in values) or len(set(values)) == 1:  # resampling equal values would claim certainty
        return wilson(sum(values), len(values))
    return bootstrap(values)


def paired_gain(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Gain:
    """Test whether `after` is better than `before` on the same examples: a sign-flip permutation test.

    Exact up to 14 pairs that differ, otherwise with 10,000 seeded permutations.
    """
    differences = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    if not len(differences):
        return Gain(0.0, (-1.0, 1.0), 1.0, 0)
    moved = differences[differences != 0.0]
    if not len(moved):  # none of n moved: up to so many may still do
        most = wilson(0, len(differences))[1]
        return Gain(0.0, (-most, most), 1.0, len(differences))
    if len(moved) <= 14:
        signs = np.array(list(product((1.0, -1.0), repeat=len(moved))))
        p = float(np.mean(signs @ moved >= moved.sum() - 1e-12))
    else:
        signs = np.random.default_rng(seed).choice((1.0, -1.0), (10_000, len(moved)))
        p = float((np.sum(signs @ moved >= moved.sum() - 1e-12) + 1) / 10_001)
    return Gain(float(differences.mean()), bootstrap(differences, seed=seed), p, len(differences))


def paired_shares(won: int, lost: int, n: int) -> float:
    """Return the p-value of "no better" from paired zeros and ones: the exact unconditional test.

    Given that `won` of `n` pairs rose and `lost` fell, the largest probability, over all shares of pairs that move, of a standardised
    difference at least as large. As exact as the sign test on the pairs that moved, and less conservative where few did.

    Source: Suissa and Shuster (1991).
    """
    if won <= lost:
        return 1.0
    seen = (won - lost) / np.sqrt(won + lost) - 1e-9
    moved = np.arange(1, n + 1)
    least = np.ceil((moved + seen * np.sqrt(moved)) / 2)  # wins of so many moved pairs that reach what was seen
    tail = stats.binom.sf(least - 1, moved, 0.5)
    shares = np.linspace(0.002, 0.998, 250)
    return float(min(1.0, (stats.binom.pmf(moved[None, :], n, shares[:, None]) @ tail).max()))


def paired_gain_rows(
    count: int,
    strata: Sequence[str],
    before: Callable[[Sequence[int]], float | None],
    after: Callable[[Sequence[int]], float | None],
    seed: int = 0,
) -> Gain:
    """Test a difference of any statistic of paired rows by a paired, stratified bootstrap."""
    everything = list(range(count))
    base, new = before(everything), after(everything)
    if base is None or new is None or not count:
        return Gain(0.0, (-1.0, 1.0), 1.0, 0)
    pairs = [(before(picks), after(picks)) for picks in _resamples(count, strata, seed)]
    drawn = np.asarray([b - a for a, b in pairs if a is not None and b is not None])
    p = float((np.sum(drawn <= 0) + 1) / (len(drawn) + 1))
    return Gain(new - base, _percentiles(drawn, 0.95) if len(drawn) else (-1.0, 1.0), p, count)


def _resamples(count: int, strata: Sequence[str], seed: int) -> list[list[int]]:
    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(np.asarray([label == one for label in strata])) for one in sorted(set(strata))]
    return (
        [[int(i) for group in groups for i in generator.choice(group, len(group))] for _ in range(RESAMPLES // 2)]
        if count
        else []
    )


def _percentiles(values: np.ndarray, level: float) -> Interval:
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, 1979): rejecting those at most a keeps false findings at a."""
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    corrected, least = [1.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, ps[index] * (len(ps) - rank)))
        corrected[index] = least
    return corrected


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of points (value, cost) that no other beats: none has more value for no more cost, or as much for less."""
    return fronts([(value, -cost) for value, cost in points])[0] if points else []
