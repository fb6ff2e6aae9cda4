"""Feedback scored by what comes of it (087; Chaszczewicz et al., 2024): of several critiques, follow the best one.

For answers to people, where a critique names what to improve. The score is the model's own opinion of the improved answer: it
rewards what sounds good, so keep a person in the loop.

The algorithm is the refine core's; the critique comes with its revision:
1. Draft.   2. Assess it: is nothing left to improve? Then it is returned, without any feedback.
3. Otherwise draw `samples` assessments, and revise the draft by each.
4. Score each revision with the chance that it needs no improvement; that is the worth of its feedback. Keep the best, the
   first of equals.
5. Return that revision where it scores higher than the draft.

Departures: (1) step 5's guard. (2) The better answer is written by the reviser, not within the feedback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.judge.critique_value import problems_of
from selftaught.programs.judge.self_score import PERFECT, TEMPERATURE, SelfScore
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.drafts import Draft, Drafts, Review, review_of
from selftaught.programs.sampling import at_least, draw
from selftaught.registry import method
from selftaught.signatures import Task, as_task


@method(87, "best-feedback", family="refine", missing="training")
class BestFeedback(Refine):
    """Draw several critiques and follow the one whose revision scores best.

    The prediction also holds `perfect` (the draft needed no improvement), `feedback` (the problems that were followed), `areas`
    (where the draft was found weak) and `score` of what is returned.

    Args:
        task: what to do.
        samples: critiques drawn; one is the plain critique.
        areas: see `SelfScore`.
        calls: see `SelfScore`; for models without log-probabilities.
        generate: makes the draft; a step on the task by default.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 4, areas: Sequence[str] = (), calls: int = 5,
        generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        task = as_task(task)
        super().__init__(task, generate=generate, critic=SelfScore(task, areas=areas, calls=calls))
        self.samples = at_least("samples", samples, 1)

    async def reviewed(self, inputs: dict[str, Any], draft: Draft, drafts: Drafts) -> Review | None:
        """Assess the draft; where something can be improved, find the best critique and its revision."""
        asked = {**inputs, "draft": self.text(draft)}
        first = review_of(await self.critic.acall(**inputs, **draft.outputs))  # 2
        if first.acceptable:
            return first
        drawn = await draw(self.critic.assess, asked, self.samples, TEMPERATURE, own_first=True)  # 3
        said = [problems for one in drawn if (problems := problems_of(one))]
        tried = [one for one in await self._tried(inputs, asked["draft"], said) if one.review is not None]
        if not tried:
            return Review([], acceptable=None, score=first.score, criteria=first.criteria)
        best = max(tried, key=lambda one: one.review.score if one.review else 0.0)  # 4
        return Review(best.notes["feedback"], acceptable=False, score=first.score, criteria=first.criteria, revision=best)

    async def _tried(self, inputs: dict[str, Any], text: str, critiques: list[list[str]]) -> list[Draft]:
        """Return the scored revisions that critiques lead to. A failed one is missing; where all fail, the first error flies."""

        async def one(problems: list[str]) -> Draft:
            outputs = self.outputs(await self.revise.acall(**inputs, draft=text, problems=problems))
            review = review_of(await self.critic.acall(**inputs, **outputs))
            return Draft(outputs, review=review, notes={"feedback": problems})

        return [one for one in await survivors(one(problems) for problems in critiques) if one is not None]

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return what was found about the draft, and the score of what is returned."""
        first = drafts.made[0].review
        criteria = first.criteria if first is not None else ()
        return {
            "perfect": first is not None and bool(first.acceptable),
            "feedback": first.problems if first is not None and not first.acceptable else [],
            "areas": [one.name for one in criteria if one.name != PERFECT and not one.passed],
            "score": chosen.review.score if chosen.review is not None else None,
        }

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where nothing is left to improve."""
        each = cost_of(self.critic.assess) + cost_of(self.revise) + cost_of(self.critic)
        return cost_of(self.generate) + cost_of(self.critic) + (each * self.samples).optional()
