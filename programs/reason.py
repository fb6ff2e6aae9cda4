"""Reasoning first: the step writes its reasoning, then the answer.

For questions that take more than one step of thought, and as the form in which demonstrations with reasons are shown. A very
small model gains little, and loses where its reasoning goes astray.

1. Ask for `reasoning` and then the task's outputs, in one call.

Where answers are constrained to a schema, the reasoning ends after `longest` characters and the answer follows; a very small model
otherwise writes on until its token limit, and then there is no answer. A longer reasoning from a model that is not constrained
is taken as it is.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.engines.working import REASONING
from selftaught.errors import TaskError
from selftaught.programs.base import Calls, Program
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, ending_after

__all__ = ["REASONING", "Reasoned", "reasoned", "reasons_first"]


@method(None, "reasoned", family="plan")
class Reasoned(Program):
    """Write the reasoning, then the answer. The prediction also holds `reasoning`.

    Args:
        task: what to do.
        retries: see `Step`.
        longest: characters of the reasoning where answers are constrained to a schema; None for no bound.
    """

    def __init__(self, task: str | Task, *, retries: int = 1, longest: int | None = 800) -> None:
        super().__init__(task)
        self.generate = Step(reasoned(self.task, longest), retries=retries)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        found = await self.generate.acall(**inputs)  # 1
        return self.answer(found, **{REASONING: found[REASONING]})

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


def reasoned(task: str | Task, longest: int | None = 800) -> Task:
    """Return a task whose first output is `reasoning`, of so many characters where answers are constrained to a schema.

    Raises:
        TaskError: it has an input of that name.
    """
    source = as_task(task)
    if REASONING in source.input_fields:
        raise TaskError(f"The task {source.__name__} has an input named {REASONING!r}, which is the name of what is written before the answer. Rename the field.")  # fmt: skip
    if reasons_first(source):
        return source
    rest = source.delete(REASONING) if REASONING in source.output_fields else source
    field = dspy.OutputField(desc=STEP_BY_STEP)
    if longest is not None:
        ending_after(field, longest)
    return rest.prepend(REASONING, field, type_=str)


def reasons_first(task: Task) -> bool:
    """True for a task whose first output is its reasoning."""
    return next(iter(task.output_fields)) == REASONING


STEP_BY_STEP = "short steps that lead to the answer"
