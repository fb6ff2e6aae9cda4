"""Best of n: draw several answers, judge each, return the one judged best (142 uses it with one checklist for all, eight answers).

For open answers that cannot be counted, with a judge that deserves trust: the more samples, the harder its weak spots are
searched.

1. Draw `samples` answers together; the first is the program's own.
2. Judge each with the same judge. One on which the judge fails is undetermined.
3. Take the best score, the first drawn on ties. An answer whose score is undetermined never beats one that has a score.
4. Return it, or decline where its score is below `least` or undetermined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.programs.vote.decline import share, withheld
from selftaught.programs.vote.verdicts import verdicts_of
from selftaught.registry import method
from selftaught.signatures import Task


@method(142, "tick-best-of", family="search", samples=8)
@method(None, "best-of", family="search")
class BestOf(Program):
    """Draw several answers and return the one judged best.

    The prediction also holds `scores`, one for each drawn answer, `chosen`, the number of the answer returned, and `declined`:
    then the outputs are None and `withheld` holds the answer.

    Args:
        task: what to do.
        samples: answers drawn; 1 is plain generation plus its score.
        judge: scores an answer; a checklist by default.
        temperature: of the samples after the first.
        generate: draws an answer; a step on the task by default.
        least: the score, from 0 to 1, below which it declines; 0 never declines.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        samples: int = 4,
        judge: Judge | None = None,
        temperature: float = 0.8,
        generate: dspy.Module | None = None,
        least: float = 0.0,
    ) -> None:
        super().__init__(task)
        self.samples = at_least("samples", samples, 1)
        self.temperature, self.least = temperature, share("least", least)
        self.generate = generate or Step(self.task)
        self.judge = judge or Checklist(self.task)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Pick the best answer to one input."""
        drawn = await draw(self.generate, inputs, self.samples, self.temperature, own_first=True)  # 1
        verdicts = await verdicts_of(self.judge, inputs, [self.outputs(one) for one in drawn])  # 2
        scores = [verdict.score for verdict in verdicts]
        best = highest(scores)  # 3
        found = self.answer(drawn[best], scores=scores, chosen=best, declined=False)
        return withheld(self.task, found) if self.least and (scores[best] or 0.0) < self.least else found  # 4

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return cost_of(self.generate) * self.samples + self.judge.cost_of_many(self.samples)


def highest(scores: Sequence[float | None]) -> int:
    """Return the place of the highest score, the first on ties; what has none comes last."""
    return max(range(len(scores)), key=lambda place: (scores[place] is not None, scores[place] or 0.0, -place))
