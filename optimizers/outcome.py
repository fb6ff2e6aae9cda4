"""What a run found, in figures and words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import dspy

from selftaught.evaluation import Evaluation
from selftaught.ledger import Usage
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.estimate import BreakEven, Estimate
from selftaught.optimizers.guards import Finding
from selftaught.optimizers.scoreboard import figures
from selftaught.optimizers.strategy import Standing
from selftaught.statistics import Gain


@dataclass(slots=True)
class Outcome:
    """What a run found. `confirmed`: the gain is real on examples that no candidate was selected on; `reason` says it in words.

    `findings`: what the guards found, of every candidate that beat the baseline. `front`: the candidates on all selection rows
    that nobody beats in all objectives. `estimate`: what was expected to be spent. `reasons`: what the strategy says about its choices.
    """

    program: dspy.Module
    winner: Candidate
    confirmed: bool
    reason: str
    baseline: Evaluation
    tuned: Evaluation
    gain: Gain | None
    standings: list[Standing] = field(default_factory=list)
    front: list[Standing] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    budget: dict[str, float | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    estimate: Estimate | None = None
    ended: str = ""
    reasons: list[str] = field(default_factory=list)

    @property
    def break_even(self) -> BreakEven:
        """After how many uses the tuning has paid for itself."""
        return BreakEven.of(self.usage, self.baseline, self.tuned, confirmed=self.confirmed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "confirmed": self.confirmed, "reason": self.reason, "baseline": self.baseline.to_dict(), "tuned": self.tuned.to_dict(),
            "gain": None if self.gain is None else asdict(self.gain), "winner": {"key": self.winner.key, **self.winner.to_dict()},
            "usage": self.usage.to_dict(), "seconds": round(self.seconds, 3), "budget": self.budget, "ended": self.ended,
            "standings": [figures(one) | {"origin": one.candidate.origin} for one in self.standings],
            "front": [figures(one) | {"origin": one.candidate.origin} for one in self.front],
            "findings": [one.to_dict() for one in self.findings], "reasons": self.reasons,
            "estimate": None if self.estimate is None else asdict(self.estimate), "break_even": asdict(self.break_even),
        }  # fmt: skip

    def summary(self) -> str:
        """Return what a person wants to know, in a few lines."""
        spent = f"{self.usage.calls} calls" + (f", expected {self.estimate}" if self.estimate is not None else "")
        return "\n".join(
            [
                f"{'Confirmed' if self.confirmed else 'Not confirmed'}: {self.reason}",
                f"baseline {self.baseline}   tuned {self.tuned}",
                f"spent {spent}; {self.break_even}",
                *self.reasons,
            ]
        )
