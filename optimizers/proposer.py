"""Asking a model for texts: many at once, each another sample. What fails is left out, what gives away examples is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import CallError
from selftaught.optimizers.induction import gives_away, tidy
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Step
from selftaught.signatures import Task

TEMPERATURE = 0.9


class Proposer:
    """Asks one step for texts.

    Args:
        problem: whose labelled examples must not be given away by an instruction.
        signature: of the step; its last output is what is proposed.
        temperature: of the samples.
        demos: what a proposal looks like, shown to every call.
        lm: the model that proposes; the one that answers by default.
        name: tells the samples of this proposer from those of others.
    """

    def __init__(
        self, problem: Problem, signature: Task, *, temperature: float = TEMPERATURE, demos: Sequence[dspy.Example] = (),
        lm: dspy.BaseLM | None = None, name: str = "propose",
    ) -> None:  # fmt: skip
        self.problem, self.temperature, self.name = problem, temperature, name
        self.step = Step(signature, retries=0)
        self.step.demos = list(demos)
        if lm is not None:
            self.step.set_lm(lm)
        self.asked = list(signature.output_fields)[-1]
        self.count = 0

    async def raw(self, inputs: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what each call said, in the order of `inputs`; None where a call failed."""
        numbers = [self.count + number for number in range(len(inputs))]
        self.count += len(inputs)
        return list(await asyncio.gather(*(self._one(number, dict(one)) for number, one in zip(numbers, inputs, strict=True))))

    async def instructions(self, inputs: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """Return proposed instructions in normal form, in the order of `inputs`; None where there is nothing usable."""
        return [self.usable(text) if isinstance(text, str) else None for text in await self.raw(inputs)]

    async def distinct(self, inputs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the different usable instructions."""
        return list(dict.fromkeys(text for text in await self.instructions(inputs) if text))

    def usable(self, text: str) -> str | None:
        """Return an instruction in normal form; None where it is empty or gives away labelled examples."""
        said = tidy(text)
        return said if said and not gives_away(said, self.problem.task, self.problem.labelled) else None

    async def _one(self, number: int, inputs: dict[str, Any]) -> Any:
        try:
            with scope.resampled(f"{self.name}{number}", self.temperature):
                return getattr(await self.step.acall(**inputs), self.asked)
        except CallError:
            return None
