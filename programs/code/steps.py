"""The signatures of the steps of code programs."""

from __future__ import annotations

from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.signatures import Task, copied, derived

MOST_CASES, LONGEST_CASE = 5, 200


def cases_of(task: Task, instruction: str | None = None) -> Task:
    """Return the signature of a step that writes cases: task inputs -> `assertions`.

    Raises:
        TaskError: the task has a field of that name.
    """
    asked = dspy.OutputField(desc="Python assert statements", min_length=1, max_length=MOST_CASES)
    each = Annotated[str, Field(max_length=LONGEST_CASE)]
    return derived(task, "Cases", instruction or WRITE_CASES, {}, {"assertions": (list[each], asked)})


def outputs_of(task: Task) -> dict[str, tuple[Any, Any]]:
    """Return the outputs of a task as the outputs of a step."""
    return {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in task.output_fields.items()}


WRITE_CASES = (
    "Do not solve the task. Write assert statements that a right solution passes and a wrong one fails. "
    "Call the function by the name that the task gives, with small inputs whose result you know for sure, edge cases too."
)
MEND_THE_CODE = (
    "The draft was run and failed as the problems say. Write the whole code again so that it passes. Keep what worked."
)
