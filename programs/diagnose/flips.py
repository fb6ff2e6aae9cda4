"""Flips: which answers a program changes for the better and for the worse (084, 158).

On the same examples, before (the baseline) and after (the program): kept right, broken (right to wrong), fixed (wrong to
right), stubborn (wrong to wrong). From these:

- CL, confidence level: the share of right answers that stay right.
- CS, critique score: the share of wrong answers that become right. `after = before * CL + (1 - before) * CS`.
- RSS: `after` between what would be expected of a second, independent try at worst and at best:
  (after - before^2) / (2 before (1 - before)). 0.5 means no change; None where nothing, or everything, was right before.

Departure: one answer each instead of ten samples; the formulas hold for any number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from selftaught.metrics import Row
from selftaught.statistics import Interval, wilson


@dataclass(frozen=True, slots=True)
class Flips:
    """Counts of examples by what became of them, and the decomposition. Failed rows of either side are left out."""

    kept: int
    broken: int
    fixed: int
    stubborn: int

    @property
    def n(self) -> int:
        """Examples that both could answer."""
        return self.kept + self.broken + self.fixed + self.stubborn

    @property
    def before(self) -> float | None:
        """Share right before."""
        return (self.kept + self.broken) / self.n if self.n else None

    @property
    def after(self) -> float | None:
        """Share right after."""
        return (self.kept + self.fixed) / self.n if self.n else None

    @property
    def cl(self) -> tuple[float | None, Interval]:
        """Confidence level with its 95 % interval."""
        return _share(self.kept, self.kept + self.broken)

    @property
    def cs(self) -> tuple[float | None, Interval]:
        """Critique score with its 95 % interval."""
        return _share(self.fixed, self.fixed + self.stubborn)

    @property
    def rss(self) -> float | None:
        """Relative self-correction score; not clipped."""
        before, after = self.before, self.after
        if before is None or after is None or before in (0.0, 1.0):
            return None
        return (after - before**2) / (2 * before * (1 - before))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        (cl, cl_interval), (cs, cs_interval) = self.cl, self.cs
        return {**asdict(self), "n": self.n, "cl": cl, "cl_interval": list(cl_interval), "cs": cs, "cs_interval": list(cs_interval), "rss": self.rss}  # fmt: skip


def flips_of(before: Sequence[Row], after: Sequence[Row], right_from: float = 0.5) -> Flips:
    """Count flips on the examples that both could answer. An answer is right when its score is at least `right_from`."""
    old = {row.index: row.score >= right_from for row in before if row.score is not None}
    pairs = [(old[row.index], row.score >= right_from) for row in after if row.score is not None and row.index in old]
    return Flips(*(pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))))


def _share(count: int, of: int) -> tuple[float | None, Interval]:
    return (count / of if of else None), wilson(count, of)
