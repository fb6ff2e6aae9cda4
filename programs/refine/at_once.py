"""Intrinsic self-correction (186; Han et al., 2024): answer, verdict and correction in one generation.

For one call where a pipeline is too slow. The paper trains the model for it; an untrained one's verdicts are modest, and can
turn right answers into wrong ones. Compare with the plain program before use.

1. Ask once for the answer, whether it is right, and the corrected answer.
2. Where the verdict is "right", the answer is the first one, whatever follows; otherwise the corrected one.

Departure: typed fields instead of one text, so the corrected answer is always written and ignored after "right".
"""

from __future__ import annotations

from typing import Any, Literal

import dspy

from selftaught.errors import TaskError
from selftaught.programs.base import Calls, Program
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, copied, output_names, render

CORRECTED = "corrected_"
VERDICT = "verdict"


@method(186, "intrinsic-self-correction", family="refine", missing="building the rows with their loss mask; training")
class SelfCorrection(Program):
    """Answer, judge the answer and correct it in one call.

    The prediction also holds `first`, the first answer as text, and `refined`, whether the corrected one is returned.

    Args:
        task: what to do.

    Raises:
        TaskError: the task has a field that the step needs for itself.
    """

    def __init__(self, task: str | Task) -> None:
        super().__init__(task)
        self.generate = Step(corrected_at_once(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        said = await self.generate.acall(**inputs)  # 1
        right = said[VERDICT] == "right"
        last = self.outputs(said) if right else {name: said[CORRECTED + name] for name in output_names(self.task)}  # 2
        told = {"first": render(output_names(self.task), said), "refined": not right}
        return self.answer(last, **{name: value for name, value in told.items() if name not in last})

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


def corrected_at_once(task: Task) -> Task:
    """Return a task whose outputs are followed by a verdict on them and by the corrected outputs.

    Raises:
        TaskError: it has a field of one of these names.
    """
    corrected = {CORRECTED + name: field for name, field in task.output_fields.items()}
    if taken := sorted(set(task.fields) & {VERDICT, *corrected}):
        raise TaskError(
            f"The task {task.__name__} has a field named {taken[0]!r}, which self-correction needs for itself. Rename the field."
        )
    whole = task.with_instructions(f"{task.instructions}\n\n{CHECK_YOUR_ANSWER}")
    whole = whole.append(VERDICT, dspy.OutputField(desc="is the answer above right?"), Literal["right", "wrong"])
    for name, field in corrected.items():
        whole = whole.append(name, copied(field, dspy.OutputField), field.annotation)
    return whole


CHECK_YOUR_ANSWER = (
    "Then check your answer. If it is wrong, correct it in the fields that follow; if it is right, repeat it there."
)
