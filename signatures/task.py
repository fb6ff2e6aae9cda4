"""Reading tasks: a `dspy.Signature` class, or DSPy's string form."""

from __future__ import annotations

import re
from typing import TypeAlias

import dspy

from selftaught.errors import TaskError

Task: TypeAlias = type[dspy.Signature]
"""A task: typed inputs, typed outputs and an instruction."""


def as_task(task: str | Task) -> Task:
    """Return a task as a signature class.

    Args:
        task: a `dspy.Signature` class, or a string such as `"question -> answer: int"`.

    Raises:
        TaskError: the string cannot be read, or there is no input or no output field.
    """
    if isinstance(task, str):
        task = _from_string(task)
    if not (isinstance(task, type) and issubclass(task, dspy.Signature)):
        raise TaskError(f"A task is a dspy.Signature class or a string such as 'question -> answer', not {task!r}.")
    if not task.output_fields:
        raise TaskError(f"The task {task.__name__} has no output field. Declare one: answer: str = dspy.OutputField().")
    if not task.input_fields:
        raise TaskError(f"The task {task.__name__} has no input field. Declare one: question: str = dspy.InputField().")
    return task


def _from_string(text: str) -> Task:
    if text.count("->") != 1:
        raise TaskError(
            f"The task {text!r} cannot be read: it needs exactly one '->' between inputs and outputs, as in 'question -> answer'."
        )
    names = re.findall(r"(?:^|,|->)\s*(\w+)\s*(?=[:,]|->|$)", re.sub(r"\[[^\]]*\]", "", text))
    if twice := [name for name in names if names.count(name) > 1]:
        raise TaskError(f"The task {text!r} cannot be read: the field {twice[0]!r} is there twice.")
    try:
        return dspy.Signature(text)
    except (ValueError, SyntaxError, TypeError, NameError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TaskError(
            f"The task {text!r} cannot be read: {reason}. Expected a form such as 'question, context -> answer: int'."
        ) from error


def instructed(task: Task, instruction: str) -> Task:
    """Return a task with another instruction and the same name."""
    changed = task.with_instructions(instruction)
    changed.__name__ = task.__name__
    return changed


def input_names(task: Task) -> list[str]:
    """Return the names of a task's inputs, in order."""
    return list(task.input_fields)


def output_names(task: Task) -> list[str]:
    """Return the names of a task's outputs, in order."""
    return list(task.output_fields)
