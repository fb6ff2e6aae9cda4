"""Reasoning first: the step writes its reasoning, then the answer.

For questions that take more than one step of thought, and as the form in which demonstrations with reasons are shown. A very
small model gains little, and loses where its reasoning goes astray.

1. Ask for `reasoning` and then the task's outputs, in one call.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.errors import TaskError
from selftaught.programs.base import Calls, Program
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task

REASONING = "reasoning"


@method(None, "reasoned", family="plan")
class Reasoned(Program):
    """Write the reasoning, then the answer. The prediction also holds `reasoning`.

    Args:
        task: what to do.
        retries: see `Step`.
    """

    def __init__(self, task: str | Task, *, retries: int = 1) -> None:
        super().__init__(task)
        self.generate = Step(reasoned(self.task), retries=retries)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        found = await self.generate.acall(**inputs)  # 1
        return self.answer(found, **{REASONING: found[REASONING]})

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


def reasoned(task: str | Task) -> Task:
    """Return a task whose first output is `reasoning`.

    Raises:
        TaskError: it has an input of that name.
    """
    source = as_task(task)
    if REASONING in source.input_fields:
        raise TaskError(f"The task {source.__name__} has an input named {REASONING!r}, which is the name of what is written before the answer. Rename the field.")  # fmt: skip
    if reasons_first(source):
        return source
    rest = source.delete(REASONING) if REASONING in source.output_fields else source
    return rest.prepend(REASONING, dspy.OutputField(desc=STEP_BY_STEP), type_=str)


def reasons_first(task: Task) -> bool:
    """True for a task whose first output is its reasoning."""
    return next(iter(task.output_fields)) == REASONING


STEP_BY_STEP = "short steps that lead to the answer"
