"""Calibration: from a judge's score to the chance that the answer is good, learned from labelled answers.

`isotonic` follows the data without assuming a shape, and needs some hundred labels; `platt` fits a logistic curve and
does with a few dozen. Neither changes which of two answers scores higher (isotonic may make them equal); a judge
without information becomes a constant, the share of good answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import optimize, special

from selftaught.errors import DataError, SettingError

Kind = Literal["isotonic", "platt"]
LEAST_FOR_ISOTONIC = 100


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from scores to chances. `points`: knots (score, chance), read between by straight lines; or (slope, shift)."""

    kind: Kind
    points: tuple[tuple[float, float], ...]
    n: int

    def __call__(self, score: float) -> float:
        """Return the chance that an answer with this score is good."""
        if self.kind == "platt":
            slope, shift = self.points[0]
            return float(special.expit(slope * score + shift))
        xs, ys = zip(*self.points, strict=True)
        return float(np.interp(score, xs, ys))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """Read what `to_dict` wrote.

        Raises:
            ValueError: it is no calibration.
        """
        points = tuple((float(x), float(y)) for x, y in data["points"])
        if data["kind"] not in ("isotonic", "platt") or not points or not np.isfinite(points).all():
            raise ValueError(f"no calibration: {data}")
        return cls(data["kind"], points, int(data["n"]))


def calibration_of(scores: Sequence[float], labels: Sequence[bool], kind: Kind | None = None) -> Calibration:
    """Fit a calibration.

    Args:
        scores: the judge's raw scores in [0, 1].
        labels: whether each answer is good.
        kind: by default isotonic from 100 answers on, else Platt's logistic curve.

    Raises:
        DataError: fewer than two answers, one class only, or a score that is missing or outside [0, 1].
        SettingError: an unknown kind.
    """
    if kind not in (None, "isotonic", "platt"):
        raise SettingError(f"kind={kind!r}: expected 'isotonic' or 'platt'.")
    if len(scores) != len(labels):
        raise DataError(f"A calibration needs one label for each score; there are {len(scores)} scores and {len(labels)} labels.")
    if wrong := [score for score in scores if score is None or not 0.0 <= score <= 1.0]:
        raise DataError(f"A calibration needs scores in [0, 1]; one is {wrong[0]}. Leave out answers without a verdict.")
    if len(set(map(bool, labels))) < 2:
        raise DataError(f"A calibration needs good and bad answers; there are {len(scores)} of one class.")
    x, y = np.asarray(scores, dtype=float), np.asarray(labels, dtype=float)
    chosen: Kind = kind or ("isotonic" if len(x) >= LEAST_FOR_ISOTONIC else "platt")
    points = _isotonic(x, y) if chosen == "isotonic" else (_platt(x, y),)
    return Calibration(chosen, points, len(x))


def _isotonic(x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, float], ...]:
    values, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(where, weights=y) / counts
    fitted = optimize.isotonic_regression(means, weights=counts).x
    return tuple((float(a), float(b)) for a, b in zip(values, fitted, strict=True))


def _platt(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Fit a rising logistic curve to Platt's (1999) softened targets, which keep a separable sample finite."""
    good, bad = y.sum(), len(y) - y.sum()
    targets = np.where(y > 0, (good + 1) / (good + 2), 1 / (bad + 2))

    def loss(parameters: np.ndarray) -> float:
        z = parameters[0] * x + parameters[1]
        return float(np.sum(np.logaddexp(0, z) - targets * z))

    base = float(np.log((good + 1) / (bad + 1)))
    found = optimize.minimize(loss, np.array([0.0, base]), bounds=[(0.0, None), (None, None)], method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])
