"""Figures: a measured value with its 95 % interval, the level of chance, and the reason where the data cannot tell.

Intervals are chosen so that a few perfect answers are no certainty, which rules out the plain bootstrap for shares:
Wilson's for shares; Newcombe's combination of two (1998) for their mean or difference; the bootstrap for other means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from selftaught.statistics import Interval, mean_interval, wilson

DRAWS = 1000
ONE_CLASS = "one class of labels only"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    `value`: None where the data cannot tell, and `why` then says why. `interval`: 95 %. `chance`: what a judge without
    information, or without the bias that is measured, would show; None where there is no such level. `n`: cases behind it.
    """

    value: float | None
    interval: Interval | None
    chance: float | None
    n: int
    why: str = ""

    @property
    def differs(self) -> int:
        """1 where the whole interval lies above chance, -1 where it lies below, 0 where chance is inside or nothing is known."""
        if self.interval is None or self.chance is None:
            return 0
        return int(self.interval[0] > self.chance) - int(self.interval[1] < self.chance)

    def __str__(self) -> str:
        if self.value is None or self.interval is None:
            return f"undetermined ({self.why})"
        chance = "" if self.chance is None else f", chance {self.chance:.2f}"
        return f"{self.value:.2f} ({self.interval[0]:.2f} to {self.interval[1]:.2f}{chance}, n={self.n})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), "interval": list(self.interval) if self.interval is not None else None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Figure:
        """Read what `to_dict` wrote."""
        interval = data["interval"]
        span = None if interval is None else (float(interval[0]), float(interval[1]))
        return cls(data["value"], span, data["chance"], int(data["n"]), data.get("why", ""))


def unknown(why: str, n: int = 0) -> Figure:
    """Return a figure without a value."""
    return Figure(None, None, None, n, why)


def share(hits: float, n: int, chance: float | None) -> Figure:
    """Return a share with Wilson's interval."""
    return Figure(hits / n, wilson(hits, n), chance, n) if n else unknown("no cases")


def mean_of(values: Sequence[float], chance: float | None, lowest: float = 0.0, highest: float = 1.0) -> Figure:
    """Return a mean of values that lie between `lowest` and `highest`."""
    if not len(values):
        return unknown("no cases")
    span = highest - lowest
    low, high = mean_interval([(value - lowest) / span for value in values])
    return Figure(float(np.mean(values)), (lowest + span * low, lowest + span * high), chance, len(values))


def difference(one: Figure, other: Figure) -> Figure:
    """Return how far the first of two independent means lies above the second."""
    return _halves(one, other, -1.0, 0.0)


def half_of_both(one: Figure, other: Figure) -> Figure:
    """Return the mean of two independent shares."""
    return _halves(one, other, 1.0, 0.5)


def _halves(one: Figure, other: Figure, sign: float, chance: float) -> Figure:
    """Return the mean (sign 1) or the difference (sign -1) of two independent figures, by Newcombe's combination."""
    if one.value is None or other.value is None or one.interval is None or other.interval is None:
        return unknown(one.why or other.why)
    weight = 0.5 if sign > 0 else 1.0
    value = weight * (one.value + sign * other.value)
    down, up = one.value - one.interval[0], one.interval[1] - one.value
    other_down, other_up = other.value - other.interval[0], other.interval[1] - other.value
    if sign < 0:
        other_down, other_up = other_up, other_down
    low, high = value - weight * np.hypot(down, other_down), value + weight * np.hypot(up, other_up)
    return Figure(value, (float(low), float(high)), chance, one.n + other.n)


def resampled(statistic: Callable[..., float | None], *columns: np.ndarray, value: float, draws: int = DRAWS // 2) -> Interval:
    """Return the bootstrap interval of a statistic of rows, widened where needed to hold the value itself."""
    picks = np.random.default_rng(0).integers(0, len(columns[0]), (draws, len(columns[0])))
    found = [one for pick in picks if (one := statistic(*(column[pick] for column in columns))) is not None]
    return around(value, np.asarray(found)) if found else (value, value)


def around(value: float, drawn: np.ndarray) -> Interval:
    """Return the middle 95 % of drawn values, widened where needed to hold the value itself."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(min(value, low)), float(max(value, high))
