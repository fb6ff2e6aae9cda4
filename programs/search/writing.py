"""The steps that write a chain: signatures derived from a task.

The steps before the next one are always given as `steps_before`, right after the task's inputs, so that calls on the same
chain share their prompt prefix.

1. The next step: `steps_before` -> `to_find`, `next_step`, `more_to_find`.    2. The answer: `steps_before` -> the task's outputs.
3. All at once: `steps_before` -> `to_find`, `more_steps` and the task's outputs.

Saying first what is to be found keeps a small model from repeating the task; and it is asked whether anything is left to find
rather than whether it is done, because it says yes to both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.errors import TaskError
from selftaught.programs.judge.step_pairs import NEXT, PREFIX
from selftaught.signatures import Task, as_task, copied, derived, output_names

AIM, OPEN, MORE, AVOID = "to_find", "more_to_find", "more_steps", "steps_to_avoid"
MOST_STEPS = 9
"""Steps of a chain that is written in one call; as many as `StepJudge` tells apart."""
LONGEST_STEP, LONGEST_AIM = 300, 100
"""Characters."""

StepText = Annotated[str, Field(max_length=LONGEST_STEP)]


def next_of(task: str | Task, *, avoid: bool = False) -> Task:
    """Return the signature that continues a chain by a step: inputs, `steps_before` -> `to_find`, `next_step`, `more_to_find`.

    Args:
        avoid: also show `steps_to_avoid`, next steps that have turned out wrong.
    """
    given = _before()
    if avoid:
        given[AVOID] = (list[str], dspy.InputField(desc="next steps that turned out wrong"))
    text = f"{WRITE_THE_NEXT_STEP} {DO_NOT_REPEAT}" if avoid else WRITE_THE_NEXT_STEP
    asked = {
        AIM: (str, dspy.OutputField(desc="what to find out now", max_length=LONGEST_AIM)),
        NEXT: (str, dspy.OutputField(desc="the calculation or conclusion, with its result", max_length=LONGEST_STEP)),
        OPEN: (bool, dspy.OutputField(desc="something is still to be found out after this step")),
    }
    return derived(task, "NextStep", text, given, asked)


def conclusion_of(task: str | Task) -> Task:
    """Return the signature that draws the answer from a chain: inputs, `steps_before` -> the task's outputs."""
    return derived(task, "Conclude", CONCLUDE, _before(), _outputs(task))


def rest_of(task: str | Task, instruction: str | None = None, more: Mapping[str, Any] | None = None) -> Task:
    """Return the signature that carries a chain to its end: inputs, `steps_before` -> `to_find`, `more_steps`, the task's outputs.

    Args:
        instruction: instead of ours.
        more: further inputs after `steps_before`.
    """
    aim = dspy.OutputField(desc="what to find out", max_length=LONGEST_AIM)
    steps = dspy.OutputField(
        desc="the calculations or conclusions that find it, each with its result", min_length=1, max_length=MOST_STEPS
    )
    asked = {AIM: (str, aim), MORE: (list[StepText], steps), **_outputs(task, {AIM, MORE})}
    return derived(task, "Continue", instruction or CONTINUE_TO_THE_END, {**_before(), **(more or {})}, asked)


def _before() -> dict[str, Any]:
    return {PREFIX: (list[str], dspy.InputField(desc="the steps so far; empty at the beginning"))}


def _outputs(task: str | Task, taken: Collection[str] = ()) -> dict[str, Any]:
    source = as_task(task)
    for name in {*taken, PREFIX} & set(output_names(source)):
        raise TaskError(f"The task {source.__name__} has an output named {name!r}, which its steps need for themselves. Rename the field.")  # fmt: skip
    return {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in source.output_fields.items()}


WRITE_THE_NEXT_STEP = (
    "Somebody solves the task in small steps. Do the next one only: say what to find out now, and find it, by one calculation or "
    "conclusion with its result. Do not repeat the task."
)
DO_NOT_REPEAT = "The steps to avoid turned out wrong: write another one."
CONCLUDE = "The task was worked out in the steps before. Give the answer that follows from them."
CONTINUE_TO_THE_END = (
    "Somebody solves the task in small steps. Go on after the steps before: each step is one calculation or conclusion with its "
    "result, and none repeats the task. Then give the answer that the steps lead to."
)
