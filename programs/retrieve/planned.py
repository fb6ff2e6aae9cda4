"""InstructRAG on instruction graphs (065; Wang et al., 2025): plans put together from tasks that succeeded, then the answer.

For tasks with steps, when a log of what worked is at hand. Joined plans may be impossible where nobody has tried them, and what
failed is not remembered.

1. Build the graph of the past tasks' steps, once: see `InstructionGraph`.
2. Find the `most` walks through it that fit the input.
3. Answer with them as plans beside the input. Where none fits, answer plainly.

Departures: (1) both trained agents are replaced: walks follow edges whose past tasks are like the input, and are ranked by how
like it all their past tasks are together. (2) One answer, not a loop of actions in an environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.embedding import Encoder, text_of
from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import listed, texts
from selftaught.programs.retrieve.core import Focus, Focused, told
from selftaught.programs.retrieve.graph import InstructionGraph, Past
from selftaught.programs.sampling import at_least
from selftaught.registry import method
from selftaught.signatures import Task


@method(65, "instructrag-graph", family="retrieve", missing="the two trained agents, and acting in an environment")
class PlansFromPast(Focus):
    """Answer with plans put together from tasks that succeeded.

    The prediction also holds `plans`, each a list of steps.

    Args:
        task: what to do. It has no input named `plans`.
        past: tasks that succeeded, as dictionaries with `task`, a text like the inputs, and `steps`, a list of texts.
        most: plans shown; 0 is plain answering.
        alike: cosine from which two steps are the same; 1 merges none, so that only past sequences are plans.
        least: cosine of a past task with the input below which nothing is taken from it.
        generate: the predictor that answers; a step on the task by default.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved.

    Raises:
        SettingError: a past task without a text or steps, or a setting outside its range.
        TaskError: the task has a field named `plans`.
    """

    def __init__(
        self, task: str | Task, past: Sequence[Mapping[str, Any]] = (), *, most: int = 2, alike: float = 0.8, least: float = 0.1,
        generate: dspy.Predict | None = None, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, generate=generate, predictor=True)
        for name, value in (("alike", alike), ("least", least)):
            if not 0.0 <= value <= 1.0:
                raise SettingError(f"{name}={value}: expected a cosine from 0 to 1.")
        told(self.task, self.task.instructions, FOLLOW_THE_PLANS, GIVEN)
        self.most, self.least = at_least("most", most, 0), least
        self.graph = InstructionGraph(_past(past), alike, encoder)  # 1
        self.arguments.values["past"] = [{"task": one.task, "steps": list(one.steps)} for one in self.graph.past]

    async def focus(self, inputs: dict[str, Any]) -> Focused:
        """Lay the plans that fit beside the input."""
        plans = self.graph.paths(text_of(self.task, inputs), self.most, self.least)  # 2
        if not plans:
            return Focused(inputs, more={"plans": []})
        shown = {**inputs, "plans": [" -> ".join(steps) for steps in plans]}
        return Focused(shown, FOLLOW_THE_PLANS, GIVEN, {"plans": plans})  # 3

    def cost_of_focus(self) -> Calls:
        """Return that plans take no call."""
        return Calls(0, 0)


def _past(given: Sequence[Mapping[str, Any]]) -> list[Past]:
    found = []
    for number, one in enumerate(listed("past", given, Mapping, "dictionaries with task and steps")):
        steps = [step for step in texts(f"past[{number}]['steps']", one.get("steps", [])) if step]
        if not isinstance(one.get("task"), str) or not steps:
            raise SettingError(f"past[{number}] is {dict(one)!r}: expected 'task', a text, and 'steps', at least one text.")
        found.append(Past(one["task"], tuple(steps)))
    return found


GIVEN = (("plans", "steps that led to success in similar tasks"),)
FOLLOW_THE_PLANS = "Plans from similar tasks that succeeded are given. Take the steps that fit this input, and carry them out."
