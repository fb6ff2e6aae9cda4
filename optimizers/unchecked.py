"""Trying a program on inputs whose answers nobody checks: for strategies that learn without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import dspy

from selftaught.metrics import Metric, Score
from selftaught.optimizers.rollouts import Attempt, attempts
from selftaught.optimizers.strategy import Problem


class Unchecked(Metric):
    """Scores nothing, so that an answer counts as neither right nor wrong."""

    name = "unchecked"

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Return no score."""
        return Score(None)


async def unchecked(
    problem: Problem, program: dspy.Module, examples: Sequence[dspy.Example], *, name: str = "attempt"
) -> list[Attempt]:
    """Run a program on examples, labelled or not; calls that fail are left out. See `attempts`."""
    return await attempts(replace(problem, metric=Unchecked()), program, examples, name=name)
