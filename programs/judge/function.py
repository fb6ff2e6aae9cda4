"""A judge from a function: any DSPy metric, or `(example, prediction) -> number in [0, 1]`.

So that a hand-written check can sit on a panel, be measured by `trust`, or steer a refine program. It makes no calls of its
own; where the function needs a labelled answer, it gets the example's, and only then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dspy

from selftaught.metrics import FunctionMetric
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.signatures import Task, Verdict, output_names


class FunctionJudge(Judge):
    """Judge with a function. It cannot be saved in an artifact, because a function is code.

    Args:
        task: what the answers are answers to.
        function: a DSPy metric, or a function of an example and a prediction; async or not.
        reference: give it the labelled answer too, under the name of the task's (single) output.
        pass_at: the least score that counts as passed.
    """

    def __init__(self, task: str | Task, function: Callable[..., Any], *, reference: bool = False, pass_at: float = 0.5) -> None:
        super().__init__(task)
        self.metric_of = FunctionMetric(function)
        self.reads_reference = "needed" if reference else "no"
        self.pass_at = pass_at

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        given = {name: value for name, value in inputs.items() if name != REFERENCE}
        labels = {output_names(self.task)[0]: inputs[REFERENCE]} if REFERENCE in inputs else {}
        example = dspy.Example(**given, **labels).with_inputs(*given)
        found = await self.metric_of.score(example, [dspy.Prediction(**outputs)])
        passed = None if found.value is None else found.value >= self.pass_at
        return Verdict(score=found.value, passed=passed, reasons=found.feedback)

    def cost(self) -> Calls:
        """Return that it makes no calls of its own."""
        return Calls(0, 0)
