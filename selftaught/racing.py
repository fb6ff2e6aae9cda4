"""Racing: stop paying for what is already clearly beaten, with a guarantee that holds at any stopping time.

Evidence is a bet. Against the hypothesis that a mean of values in [-1, 1] is not positive, a gambler stakes a share of her
wealth on each value; if the hypothesis holds, her wealth is a supermartingale, and by Ville's inequality it ever reaches
1/a with probability at most a, however often one looks. Several shares are staked side by side, because the right one
is not known; their mean is again such a wealth. Nothing is assumed of the values but their bounds and that examples come
in random order.

Sources: Robbins (1970), mixtures; Waudby-Smith and Ramdas (2023), bounded means by betting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from selftaught.statistics import Interval

STAKES = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
"""Shares of the wealth staked side by side."""
GRID = 201
PREDICTED, TWO_SIDED = 400, 1.96


class Bet:
    """Evidence, gathered value by value, that the mean of values in [-1, 1] is positive."""

    def __init__(self) -> None:
        self._logs = np.zeros(len(STAKES))
        self._most = 1.0
        self.n = 0

    def see(self, value: float) -> None:
        """Take one more value.

        Raises:
            ValueError: it lies outside [-1, 1], for which the guarantee would not hold.
        """
        if not -1.0 - 1e-9 <= value <= 1.0 + 1e-9:
            raise ValueError(f"{value} lies outside [-1, 1]")
        self._logs += np.log1p(STAKES * min(1.0, max(-1.0, value)))
        self._most = max(self._most, self.wealth)
        self.n += 1

    @property
    def wealth(self) -> float:
        """What the gambler has now, from 1 at the start."""
        return float(np.exp(self._logs).mean())

    @property
    def p(self) -> float:
        """A p-value that is valid at any stopping time: one over the most that the wealth ever was."""
        return min(1.0, 1.0 / self._most)


def anytime_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return an interval of the mean of values in [0, 1] that holds at any stopping time; (0, 1) without values.

    Means against which no bet, for more or for less, has won 2 / (1 - level) times its stake.
    """
    if not len(values):
        return 0.0, 1.0
    seen = np.asarray(values, dtype=float)
    means = np.linspace(0.0, 1.0, GRID)
    gaps = seen[None, :] - means[:, None]
    limit = np.log(2.0 / (1.0 - level))
    more = _best_log_wealth(gaps / np.maximum(means, 1.0 - means)[:, None])
    less = _best_log_wealth(-gaps / np.maximum(means, 1.0 - means)[:, None])
    kept = means[(more < limit) & (less < limit)]
    return (float(kept[0]), float(kept[-1])) if len(kept) else (float(seen.mean()), float(seen.mean()))


def _best_log_wealth(values: np.ndarray) -> np.ndarray:
    """Return, for each row, the log of the most that the mixed wealth was along the row."""
    logs = np.cumsum(np.log1p(STAKES[None, None, :] * values[:, :, None]), axis=1)
    top = logs.max(axis=2)
    mixed = top + np.log(np.exp(logs - top[:, :, None]).mean(axis=2))
    return np.maximum(mixed.max(axis=1), 0.0)


def chance_to_show(differences: Sequence[float], remaining: int, seed: int = 0) -> float:
    """Return the chance that a paired difference is still shown to be positive at the end (predictive power).

    The examples to come are drawn like those seen, whose shares are uncertain: a Bayesian bootstrap, with half an example each
    of a gain, a loss and no change added. At the end stands a two-sided sign-flip test at 5 % (its normal form, with the
    correction for few changes). It steers spending only: stopping for it makes no false claim likelier.

    Args:
        differences: in [-1, 1], of the examples seen.
        remaining: examples to come.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    atoms = np.concatenate([np.asarray(differences, dtype=float), [1.0, 0.0, -1.0]])
    weights = generator.dirichlet(np.r_[np.ones(len(differences)), np.full(3, 0.5)], PREDICTED)
    counts = np.array([generator.multinomial(remaining, one) for one in weights]) if remaining else np.zeros_like(weights)
    counts[:, : len(differences)] += 1
    total, spread = counts @ atoms, np.sqrt(counts @ atoms**2)
    step = float(np.abs(atoms[: len(differences)]).max(initial=0.0)) or 1.0
    return float(np.mean(total - step >= TWO_SIDED * np.maximum(spread, 1e-12)))


SHARES = np.array([0.15, 0.3, 0.5, 0.7, 0.9])
"""Shares of the most that may be staked, in races over a finite pool."""


def pool_race(scores: Mapping[str, Sequence[float | None]], rows: int) -> dict[str, float]:
    """Return, for each runner, a p-value of "nobody is better than this one on the whole pool".

    All runners meet the rows of a pool of `rows` in the same random order; those that were stopped have shorter lists. Dropping
    whoever falls to `level` or below drops the best one (any one that nobody beats on the whole pool) with probability at
    most `level`, however many runners there are and however often one looks. No correction is needed: each runner has one
    bet, whose opponent at every row is whoever led before that row, and only the bets of the best ones can be false.

    Rows are drawn without replacement. If the runner is at least as good as its opponent on the whole pool, then after t
    rows with the difference S the rows that are left differ by at least -S / (rows - t) on average; a deficit that can no
    longer be made up is evidence without limit. A row without a score counts as no difference.

    Args:
        scores: in [0, 1], in the order of the rows; None where a row failed.
        rows: of the pool.

    Source: Waudby-Smith and Ramdas (2023), bets without replacement.
    """
    longest = max((len(mine) for mine in scores.values()), default=0)
    filled = {name: [math.nan if one is None else float(one) for one in mine] for name, mine in scores.items()}
    wealth = {name: np.zeros(len(SHARES)) for name in filled}
    most = dict.fromkeys(filled, 0.0)
    sums = dict.fromkeys(filled, 0.0)
    for row in range(longest):
        there = [name for name, mine in filled.items() if len(mine) > row]
        for name in there:
            rivals = [other for other in there if other != name]
            if rivals:
                rival = max(rivals, key=lambda other: sums[other])
                value = _difference(filled[name], filled[rival], row)
                wealth[name] += np.log(_stakes(_apart(filled, name, rival, row), value, rows - row))
                most[name] = max(most[name], _mixed(wealth[name]))
        for name in there:
            sums[name] += 0.0 if math.isnan(filled[name][row]) else filled[name][row]
    return {name: math.exp(-top) for name, top in most.items()}


def _apart(scores: Mapping[str, Sequence[float]], name: str, rival: str, row: int) -> float:
    """Return how far a runner lies before its rival on the rows before this one, where both met them."""
    return sum(_difference(scores[name], scores[rival], one) for one in range(row))


def _difference(own: Sequence[float], other: Sequence[float], row: int) -> float:
    found = own[row] - other[row]
    return 0.0 if math.isnan(found) else found


def _stakes(apart: float, value: float, left: int) -> np.ndarray:
    """Return by what each stake multiplies its wealth: `left` rows, this one included, would have to make up for `apart`."""
    due = -apart / left
    room = 1.0 - due
    if room < 1e-9:  # every row that is left would have to be won outright
        return np.full(len(SHARES), 1.0 if due <= 1.0 + 1e-9 and value >= 1.0 - 1e-9 else math.inf)
    return np.maximum(1.0 + SHARES * (due - value) / room, 1e-12)


def _mixed(logs: np.ndarray) -> float:
    top = float(logs.max())
    return top if math.isinf(top) else top + math.log(float(np.exp(logs - top).mean()))
