"""The vote core: diversify, weigh, filter, aggregate.

1. Draw `samples` answers together, by sampling or under different extra instructions.
2. Drop those that the acceptance judge fails (unless it fails all).
3. Give each answer a weight: one each, or its judge's score.
4. Add up the weights of equal answers; the heaviest wins, the first drawn on ties.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.signatures import Task, output_names


class Vote(Program):
    """Answer several times and return what most samples say.

    For tasks with short, comparable answers. The prediction also holds `votes` (answer -> weight), `confidence` (the
    winner's share) and `drawn`.

    Args:
        task: what to do.
        samples: answers drawn.
        temperature: of the samples; a model's own non-zero temperature stays.
        generate: draws an answer; a step on the task by default.
        perspectives: extra instructions, given to the samples in turn (personas, languages, ways of working).
        weigh: a judge whose score is an answer's weight; one vote each without it.
        accept: a judge that an answer must pass to be counted.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        samples: int = 5,
        temperature: float = 0.7,
        generate: dspy.Module | None = None,
        perspectives: Sequence[str] = (),
        weigh: Judge | None = None,
        accept: Judge | None = None,
    ) -> None:
        super().__init__(task)
        if generate is not None and perspectives:
            raise SettingError(
                "Give perspectives or generate, not both: perspectives change the instruction of the default step."
            )
        self.samples = at_least("samples", samples, 1)
        self.temperature = temperature
        self.perspectives = tuple(perspectives)
        self.generate = generate or Step(self.task)
        self.weigh = weigh
        self.accept = accept

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Vote on one input."""
        drawn = await self._draw(inputs)  # 1
        accepted = await self._accepted(inputs, drawn)  # 2
        weights = await self._weights(inputs, accepted)  # 3
        votes: dict[str, float] = {}
        first: dict[str, dspy.Prediction] = {}
        for prediction, weight in zip(accepted, weights, strict=True):  # 4
            key = answer_key(prediction, output_names(self.task))
            votes[key] = votes.get(key, 0.0) + weight
            first.setdefault(key, prediction)
        winner = max(votes, key=lambda key: votes[key])
        total = sum(votes.values())
        return self.answer(first[winner], votes=votes, confidence=votes[winner] / total if total else 0.0, drawn=len(drawn))

    async def _draw(self, inputs: dict[str, Any]) -> list[dspy.Prediction]:
        if not self.perspectives:
            return await draw(self.generate, inputs, self.samples, self.temperature, own_first=self.samples == 1)
        rounds = [_Perspective(self.generate, self.perspectives[i % len(self.perspectives)]) for i in range(self.samples)]
        drawn = await asyncio.gather(
            *(draw(one, inputs, 1, self.temperature, own_first=i < len(self.perspectives)) for i, one in enumerate(rounds))
        )
        return [prediction for found in drawn for prediction in found]

    async def _accepted(self, inputs: dict[str, Any], drawn: list[dspy.Prediction]) -> list[dspy.Prediction]:
        if self.accept is None:
            return drawn
        verdicts = await self._verdicts(self.accept, inputs, drawn)
        return [prediction for prediction, verdict in zip(drawn, verdicts, strict=True) if verdict.passed] or drawn

    async def _weights(self, inputs: dict[str, Any], drawn: list[dspy.Prediction]) -> list[float]:
        if self.weigh is None:
            return [1.0] * len(drawn)
        return [verdict.score or 0.0 for verdict in await self._verdicts(self.weigh, inputs, drawn)]

    async def _verdicts(self, judge: Judge, inputs: dict[str, Any], drawn: list[dspy.Prediction]) -> list[Any]:
        return [found.verdict for found in await asyncio.gather(*(judge.acall(**inputs, **self.outputs(one)) for one in drawn))]

    def cost(self) -> Calls:
        """Return the calls of one input."""
        judges = [cost_of(judge) * self.samples for judge in (self.weigh, self.accept) if judge is not None]
        return sum(judges, cost_of(self.generate) * self.samples)


class _Perspective:
    """A step with an extra instruction, for one call."""

    def __init__(self, step: dspy.Module, extra: str) -> None:
        self._step = step
        self._extra = extra

    async def acall(self, **inputs: Any) -> dspy.Prediction:
        signature = self._step.signature
        return await self._step.acall(
            **inputs, signature=signature.with_instructions(f"{signature.instructions}\n\n{self._extra}")
        )
