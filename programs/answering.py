"""Signatures of steps that are shown more than the task's inputs: a trace, a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dspy

from selftaught.programs.context import outputs_and
from selftaught.signatures import Task, derived


def answering(task: Task, role: str, instruction: str, given: Mapping[str, str]) -> Task:
    """Return the signature of a step: task inputs and `given` -> the task's outputs.

    Args:
        task: whose outputs are written.
        role: the name of the step, shown in errors.
        instruction: what the step does.
        given: name -> what it is; texts, shown after the task's inputs.

    Raises:
        TaskError: the task has a field of one of these names.
    """
    return derived(task, role, instruction, shown(**given), outputs_and(task, role, {}, {}))


def shown(**given: str) -> dict[str, Any]:
    """Return input fields that hold text: name -> description."""
    return {name: (str, dspy.InputField(desc=about)) for name, about in given.items()}
