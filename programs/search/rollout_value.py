"""A step is worth what quick answers from it are worth (140).

1. Draw `rollouts` quick answers from the chain, each in one call.       2. Judge each different one.
3. The score: the mean over the answers, and where `rating`, the mean of that and of a rating of the chain.
"""

from __future__ import annotations

from typing import Any

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import NEXT, PREFIX, next_step_of
from selftaught.programs.judge.verify import Verify
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.search.step_judges import TEMPERATURE, StepRating
from selftaught.programs.search.writing import conclusion_of
from selftaught.programs.step import Step
from selftaught.signatures import Task, Verdict, as_task, output_names


class RolloutValue(Judge):
    """Score a step by a rating, and by how often a quick answer from it is judged right.

    Args:
        task: what the steps lead to an answer of.
        rollouts: quick answers drawn; equal ones are judged once.
        outcome: judges an answer; `Verify` by default.
        rating: also rate the chain itself; the score is the mean of both.
    """

    def __init__(self, task: str | Task, *, rollouts: int = 4, outcome: Judge | None = None, rating: bool = True) -> None:
        super().__init__(next_step_of(task))
        self.rollouts = at_least("rollouts", rollouts, 1)
        self.names = output_names(as_task(task))
        self.rate = StepRating(task) if rating else None
        self.roll = Step(conclusion_of(task))
        self.outcome = outcome or Verify(task, both_ways=False)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Score one step."""
        parts = [self._outcomes(inputs, outputs), *([self._rated(inputs, outputs)] if self.rate is not None else [])]
        known = [score for score in await survivors(parts) if score is not None]
        return Verdict(score=sum(known) / len(known) if known else None)

    async def _rated(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> float | None:
        assert self.rate is not None
        return (await self.rate.acall(**inputs, **outputs)).verdict.score

    async def _outcomes(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> float | None:
        chain = {**inputs, PREFIX: [*inputs[PREFIX], outputs[NEXT]]}
        drawn = await draw(self.roll, chain, self.rollouts, TEMPERATURE, own_first=True)
        asked = {name: value for name, value in inputs.items() if name != PREFIX}
        answers = {answer_key(one, self.names): {name: one[name] for name in self.names} for one in reversed(drawn)}
        judged = await survivors(self.outcome.acall(**asked, **answer) for answer in answers.values())
        scores = {key: one.verdict.score for key, one in zip(answers, judged, strict=True) if one is not None}
        known = [score for one in drawn if (score := scores.get(answer_key(one, self.names))) is not None]
        return sum(known) / len(known) if known else None

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        outcome = cost_of(self.outcome)
        judged = Calls(outcome.at_least, outcome.at_most * self.rollouts)
        return Calls(self.rollouts, self.rollouts) + judged + (self.rate.cost() if self.rate is not None else Calls(0, 0))
