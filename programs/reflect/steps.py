"""The steps of looking again: an answer given once more, one chosen of two, one in a conversation."""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.signatures import Task, copied, derived

LONGEST = 400
"""Characters of a note; small models otherwise write on until their token limit."""


def outputs_of(task: Task) -> dict[str, tuple[Any, Any]]:
    """Return the outputs of a task as the outputs of a step."""
    return {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in task.output_fields.items()}


def again_of(task: Task, role: str, instruction: str, given: dict[str, str]) -> Task:
    """Return the signature of a step that answers anew: task inputs and the texts `given` -> the task's outputs.

    Args:
        task: the task.
        role: the name of the step, shown in errors.
        instruction: what the step does.
        given: name -> what it is.
    """
    shown: dict[str, tuple[Any, Any]] = {name: (str, dspy.InputField(desc=about)) for name, about in given.items()}
    return derived(task, role, instruction, shown, outputs_of(task))


def decide_of(task: Task) -> Task:
    """Return the signature of a decision: task inputs, `first_draft`, `second_draft` -> the task's outputs, the best answer."""
    return again_of(task, "Decide", GIVE_THE_BEST, {"first_draft": "one answer", "second_draft": "another answer"})


def conversation_of(task: Task) -> Task:
    """Return the signature of a turn in a conversation: `earlier_turns`, `users_turn` -> the task's outputs."""
    turns: dict[str, tuple[Any, Any]] = {
        "earlier_turns": (dspy.History, dspy.InputField()),
        "users_turn": (str, dspy.InputField()),
    }
    return dspy.make_signature({**turns, **outputs_of(task)}, task.instructions, f"{task.__name__}Conversation")


def note(description: str, longest: int = LONGEST) -> Any:
    """Return an output field for a short text."""
    return dspy.OutputField(desc=description, max_length=longest)


GIVE_THE_BEST = (
    "Two different answers to the task were given. Check the task and both answers once more, then give the best answer."
)
