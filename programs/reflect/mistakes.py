"""Mistakes and their reasons, collected from a model's own wrong answers (103; Tong et al., 2024): once for each domain.

1. Answer each labelled question.     2. Keep the wrong answers.
3. Explain each, with the right answer in view: what went wrong, and which kind of mistake it is.

Departures: (1) the kinds are a fixed list, not clusters of reasons. (2) The labelled answer is shown as the right one; the paper
has a written solution.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import CallError, SettingError
from selftaught.loop import run_sync
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.given import listed, texts
from selftaught.programs.judge.base import REFERENCE
from selftaught.programs.reflect.answers import Answers
from selftaught.programs.reflect.steps import note
from selftaught.programs.step import Step
from selftaught.signatures import Task, derived, input_names, output_names, render

ERRORS = ("calculation", "logic", "common sense", "misreading", "other")


def explain_of(task: Task, kinds: Sequence[str] = ERRORS) -> Task:
    """Return the signature of a mistake: task inputs, `draft` and `reference` -> `reason`, `kind`."""
    given: dict[str, tuple[Any, Any]] = {
        "draft": (str, dspy.InputField(desc="a wrong answer")),
        REFERENCE: (str, dspy.InputField(desc="the right answer")),
    }
    asked: dict[str, tuple[Any, Any]] = {
        "reason": (str, note("what went wrong, and why")),
        "kind": (Literal[tuple(kinds)], dspy.OutputField(desc="the kind of mistake")),
    }
    return derived(task, "Explain", EXPLAIN, given, asked)


class MistakeCollector(Program):
    """Collect a model's mistakes on labelled examples, each with its reason and kind.

    Args:
        task: what to do.
        kinds: names of the kinds of mistakes.
        reasoning: the answers carry their reasoning, so that it can be explained.
        generate: gives the answers; a step on the task by default.

    Raises:
        SettingError: no kinds.
    """

    def __init__(
        self, task: str | Task, *, kinds: Sequence[str] = ERRORS, reasoning: bool = True, generate: dspy.Module | None = None
    ) -> None:
        super().__init__(task)
        self.answers = Answers(self.task, reasoning=reasoning)
        self.generate = generate or Step(self.answers.task)
        if not (named := texts("kinds", kinds)):
            raise SettingError("kinds is empty: give the names of the kinds of mistakes.")
        self.explain = Step(explain_of(self.task, named))

    def collect(self, examples: Sequence[dspy.Example]) -> list[dict[str, Any]]:
        """Return the mistakes on labelled examples, in order, as plain data for `SelfRethinking`. Failed calls are left out.

        Args:
            examples: with inputs and all outputs of the task.
        """
        return run_sync(lambda: self._collected(listed("examples", examples, dspy.Example, "dspy.Example")))

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Answer one question; `mistake` is None where the answer is the labelled one."""
        names = output_names(self.task)
        inputs = {name: fields[name] for name in input_names(self.task) if name in fields}
        found = await self.generate.acall(**inputs)  # 1
        answer = self.answers.of(found)
        if self.answers.same(answer, fields):  # 2
            return self.answer(found, mistake=None)
        seen = {"draft": self.answers.text(answer), REFERENCE: render(names, fields)}
        why = await self.explain.acall(**inputs, **seen)  # 3
        return self.answer(found, mistake={**serialize_for_json(inputs), **seen, "reason": why.reason, "kind": why.kind})

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs and outputs."""
        return {**super().accepts(), **dict.fromkeys(output_names(self.task), True)}

    def cost(self) -> Calls:
        """Return the calls of one example."""
        return cost_of(self.generate) + Calls(0, 1)

    async def _collected(self, examples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        found = await asyncio.gather(*(self.acall(**dict(one)) for one in examples), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, CallError):
                raise one
        return [one.mistake for one in found if isinstance(one, dspy.Prediction) and one.mistake is not None]


EXPLAIN = "An answer to the task is wrong. Compare it with the right one: say where it goes wrong and why, and name the kind."
