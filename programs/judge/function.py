"""A judge from a function: any DSPy metric, or `(example, prediction) -> number in [0, 1]`.

So that a hand-written check can sit on a panel, be measured by `trust`, or steer a refine program. It makes no calls of its
own; where the function needs a labelled answer, it gets the example's, and only then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dspy
from dspy.adapters.utils import parse_value

from selftaught.errors import InputError, SettingError
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

    Raises:
        SettingError: `reference` with several outputs; the reference is one text.
    """

    def __init__(self, task: str | Task, function: Callable[..., Any], *, reference: bool = False, pass_at: float = 0.5) -> None:
        super().__init__(task)
        if not callable(function):
            raise SettingError(f"function={function!r}: expected a function (example, prediction) -> number in [0, 1].")
        self.metric_of = FunctionMetric(function)
        self.read_reference("needed" if reference else "no")
        if reference and len(output_names(self.task)) > 1:
            raise SettingError(f"reference=True needs a task with one output; this one has {output_names(self.task)}.")
        self.pass_at = pass_at

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        given = {name: value for name, value in inputs.items() if name in self.task.input_fields}
        labels = {} if self.reads_reference == "no" else self._labels(inputs[REFERENCE])
        example = dspy.Example(**given, **labels).with_inputs(*given)
        found = await self.metric_of.score(example, [dspy.Prediction(**outputs)])
        passed = None if found.value is None else found.value >= self.pass_at
        return Verdict(score=found.value, passed=passed, reasons=found.feedback)

    def _labels(self, reference: Any) -> dict[str, Any]:
        """Return the reference as a value of the task's output, so that a function compares like with like."""
        ((name, field),) = self.task.output_fields.items()
        try:
            return {name: parse_value(reference, field.annotation)}
        except (ValueError, TypeError) as error:
            raise InputError(f"The reference {reference!r} is no value of {name!r}: {error}") from error

    def cost(self) -> Calls:
        """Return that it makes no calls of its own."""
        return Calls(0, 0)
