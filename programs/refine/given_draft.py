"""Starting from a text that is there already, instead of writing one."""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program
from selftaught.signatures import Task


class GivenDraft(Program):
    """Return an input as the answer, without a call: `SelfRefine(task, generate=GivenDraft(task, start="text"))`.

    Args:
        task: a task with a single output.
        start: the input that holds the draft, of the output's type.

    Raises:
        SettingError: there is no such input, its type is another, or the task has several outputs.
    """

    def __init__(self, task: str | Task, *, start: str) -> None:
        super().__init__(task)
        outputs = list(self.task.output_fields.values())
        given = self.task.input_fields.get(start)
        if given is None or len(outputs) != 1 or given.annotation is not outputs[0].annotation:
            raise SettingError(
                f"start={start!r}: expected an input of the same type as the single output of {self.task.__name__}."
            )
        self.start = start

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Return the given draft."""
        given = (
            inputs[self.start]
            if self.start in inputs
            else self.task.input_fields[self.start].get_default(call_default_factory=True)
        )
        return self.answer(dict.fromkeys(self.task.output_fields, given))

    def cost(self) -> Calls:
        """Return that it takes no call."""
        return Calls(0, 0)
