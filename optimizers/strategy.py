"""The contract of a strategy: it is asked for trials and told their results. Nothing else.

A strategy is a deterministic function of its seed and of what it was told: one random generator, no clock, no hidden
state. So a run is its journal, and resuming is replaying it; a strategy writes no line of code for that. The language
model it asks for proposals answers from the run's store when it is asked again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

import dspy

from selftaught.optimizers.candidate import Candidate
from selftaught.signatures import Task


@dataclass(frozen=True, slots=True)
class Trial:
    """A request to evaluate a candidate on some rows of the selection pool."""

    candidate: Candidate
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a candidate stands after all its trials. `score`: None where undetermined. `rows`: evaluated, `failed`: of these."""

    candidate: Candidate
    score: float | None
    interval: tuple[float, float]
    rows: int
    failed: int


@dataclass(slots=True)
class Problem:
    """What a strategy may know.

    `labelled`: the examples for proposals and demonstrations. `pool`: number of rows to select on; `cheap`: those that
    take fewer samples than the others. `targets`: names of the predictors to tune.
    """

    program: dspy.Module
    task: Task
    labelled: list[dspy.Example]
    pool: int
    targets: list[str]
    random: random.Random
    cheap: frozenset[int] = frozenset()


class Strategy(Protocol):
    """Thinks of candidates."""

    async def ask(self) -> list[Trial]:
        """Return the next trials; none when there is nothing left to try. Language-model calls may be made here."""

    def tell(self, standings: list[Standing]) -> None:
        """Take the results of the last trials, in the order asked."""
