"""The contract of a strategy: it is asked for trials and told their results. Nothing else.

A strategy is a deterministic function of its seed and of what it was told: one random generator, no clock, no hidden
state. So a run is its journal, and resuming is replaying it; a strategy writes no line of code for that. The language
model it asks for proposals answers from the run's store when it is asked again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import dspy

from selftaught.metrics import Metric
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.space import Space
from selftaught.signatures import Task


@dataclass(frozen=True, slots=True)
class Trial:
    """A request to evaluate a candidate. `rows`: of the selection pool; None leaves it to the race which rows it meets."""

    candidate: Candidate
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a candidate stands after all its trials.

    `score`: None where undetermined, or where a guard stopped it. `rows`: evaluated; `failed`: of these. `scores`: by row.
    `objectives`: mean cost of one answer (calls, tokens, usd, seconds) and `length` of its instructions; None where unknown.
    """

    candidate: Candidate
    score: float | None
    interval: tuple[float, float]
    rows: int
    failed: int
    scores: Mapping[int, float | None] = field(default_factory=dict)
    objectives: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The score, or -1 without one: what candidates are ordered by."""
        return -1.0 if self.score is None else self.score


@dataclass(slots=True)
class Problem:
    """What a strategy may know.

    `labelled`: the examples for proposals and demonstrations. `pool`: number of rows to select on; `cheap`: those that
    take fewer samples than the others. `targets`: names of the predictors to tune. `space`: knobs and programs that may be
    chosen. `metric`: scores what a strategy tries on labelled examples. `affordable`: how many rows the search can still pay
    for when the strategy is asked (a resumed run says the same again); None without a limit.
    """

    program: dspy.Module
    task: Task
    labelled: list[dspy.Example]
    pool: int
    targets: list[str]
    random: random.Random
    metric: Metric
    cheap: frozenset[int] = frozenset()
    space: Space = field(default_factory=Space)
    affordable: int | None = None

    def fit(self, wanted: int, rows_each: int, reserve: int = 0) -> int:
        """Return how many of `wanted` candidates the search can afford at `rows_each` rows, after `reserve` rows; at least one."""
        if self.affordable is None:
            return wanted
        return max(1, min(wanted, (self.affordable - reserve) // max(1, rows_each)))

    def affords(self, rows: int) -> bool:
        """True where the search can still pay for so many rows."""
        return self.affordable is None or self.affordable >= rows


class Strategy(Protocol):
    """Thinks of candidates."""

    async def ask(self) -> list[Trial]:
        """Return the next trials; none when there is nothing left to try. Language-model calls may be made here."""

    def tell(self, standings: list[Standing]) -> None:
        """Take the results of the last trials, in the order asked."""


def raced(candidates: Sequence[Candidate]) -> list[Trial]:
    """Return trials that the engine races; equal candidates once."""
    return [Trial(candidate) for candidate in {candidate.key: candidate for candidate in candidates}.values()]
