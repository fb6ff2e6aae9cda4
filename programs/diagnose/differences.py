"""Paired differences of scores, and their correction for many: what `compare` and `diagnose` decide by.

The test is a two-sided sign-flip permutation test on the examples that both sides could answer. A difference counts as
shown only where the test, corrected, and the interval both exclude 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from selftaught.figures import difference, share
from selftaught.statistics import Interval, holm, paired_gain

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference in score. `p`: two-sided, corrected within its family. `n`: pairs. None: undetermined."""

    against: str
    value: float | None
    interval: Interval
    p: float
    n: int

    @property
    def better(self) -> bool:
        """Clearly better than what it is compared with: by the test and by the interval."""
        return self.value is not None and self.interval[0] > 0 and self.p <= LEVEL

    @property
    def worse(self) -> bool:
        """Clearly worse than what it is compared with: by the test and by the interval."""
        return self.value is not None and self.interval[1] < 0 and self.p <= LEVEL

    def __str__(self) -> str:
        if self.value is None:
            return "undetermined"
        low, high = self.interval
        return f"{self.value * 100:+.0f} points ({low * 100:+.0f} to {high * 100:+.0f}, p={self.p:.2g}, n={self.n})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"against": self.against, "difference": self.value, "interval": list(self.interval), "p": self.p, "n": self.n}


def paired(before: Sequence[float], after: Sequence[float], against: str) -> Difference:
    """Return the difference of scores in [0, 1] of the same examples, its p-value two-sided and not yet corrected.

    The interval is the wider of the bootstrap's, and of Newcombe's from the gains and the losses apart: where few examples
    moved, resampling them says nothing of those that have not moved yet.
    """
    up, down = paired_gain(before, after), paired_gain(after, before)
    if up.n < 2:
        return Difference(against, None, (-1.0, 1.0), 1.0, up.n)
    moves = [b - a for a, b in zip(before, after, strict=True)]
    gains, losses = (sum(min(1.0, max(0.0, sign * move)) for move in moves) for sign in (1.0, -1.0))
    low, high = difference(share(gains, up.n, None), share(losses, up.n, None)).interval or (-1.0, 1.0)
    interval = (max(-1.0, min(low, up.interval[0])), min(1.0, max(high, up.interval[1])))
    return Difference(against, up.difference, interval, min(1.0, 2 * min(up.p, down.p)), up.n)


def corrected(found: Sequence[Difference], family: int | None = None) -> list[Difference]:
    """Return differences with their p-values corrected for a family of this size; who is not tested counts with p = 1.

    The family is fixed before the race, so that it does not depend on who survived.
    """
    ps = holm([*(one.p for one in found), *[1.0] * ((family or 0) - len(found))])
    return [Difference(one.against, one.value, one.interval, p, one.n) for one, p in zip(found, ps, strict=False)]
