"""Best of n: draw several answers, judge each, return the one judged best.

For open answers that cannot be counted, with a judge that deserves trust: the more samples, the harder its weak spots are
searched. 142 uses it with one checklist for all candidates of an input.

1. Draw `samples` answers together; the first is the program's own.
2. Judge each with the same judge.
3. Return the best score, the first drawn on ties. An answer whose score is undetermined never beats one that has a score.
"""

from __future__ import annotations

import asyncio
from typing import Any

import dspy

from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task


@method(None, "best-of", family="search")
class BestOf(Program):
    """Draw several answers and return the one judged best.

    The prediction also holds `scores`, one for each drawn answer.

    Args:
        task: what to do.
        samples: answers drawn; 1 is plain generation plus its score.
        judge: scores an answer; a checklist by default.
        temperature: of the samples after the first.
        generate: draws an answer; a step on the task by default.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        samples: int = 4,
        judge: Judge | None = None,
        temperature: float = 0.8,
        generate: dspy.Module | None = None,
    ) -> None:
        super().__init__(task)
        self.samples = at_least("samples", samples, 1)
        self.temperature = temperature
        self.generate = generate or Step(self.task)
        self.judge = judge or Checklist(self.task)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Pick the best answer to one input."""
        drawn = await draw(self.generate, inputs, self.samples, self.temperature, own_first=True)  # 1
        judged = await asyncio.gather(*(self.judge.acall(**inputs, **self.outputs(one)) for one in drawn))  # 2
        scores = [found.verdict.score for found in judged]
        best = max(range(len(drawn)), key=lambda i: (scores[i] is not None, scores[i] or 0.0, -i))  # 3
        return self.answer(drawn[best], scores=scores, chosen=best)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return cost_of(self.generate) * self.samples + _judged(self.judge, self.samples)


def _judged(judge: Judge, drafts: int) -> Calls:
    return judge.cost_of_many(drafts)
