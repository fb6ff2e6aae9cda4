"""The refine core: draft, review, revise, stop, select.

1. Generate a draft.                     2. Review it: problems, acceptable or not, and a score where the critic gives one.
3. Stop when it is acceptable, or after `rounds` revisions.
4. Revise it with the problems, seeing every earlier attempt and its problems in order; go to 2.
5. Select: the best reviewed draft, the earliest on ties (`select="best"`), or the last one (`select="last"`).

Papers that are this loop with other critics, revisers or stops register themselves on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.signatures import Task, critique_of, output_names, refine_of, render

Feedback = Literal["specific", "generic", "none"]
IMPROVE = "It can be better."


@dataclass(frozen=True, slots=True)
class Review:
    """What a critic said of a draft. `score` in [0, 1]: higher is better."""

    problems: list[str]
    acceptable: bool
    score: float


@dataclass(slots=True)
class Drafts:
    """The drafts of one input and their reviews, in order."""

    texts: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[Review | None] = field(default_factory=list)

    def add(self, outputs: dict[str, Any]) -> None:
        """Add a new draft, not yet reviewed."""
        self.texts.append(outputs)
        self.reviews.append(None)

    @property
    def last(self) -> dict[str, Any]:
        """The newest draft."""
        return self.texts[-1]

    def best(self) -> int:
        """Return the index of the best reviewed draft; the earliest of equals, and the first where none is reviewed."""
        scored = [(-review.score, index) for index, review in enumerate(self.reviews) if review is not None]
        return min(scored)[1] if scored else 0


class Refine(Program):
    """Draft, review, revise.

    Args:
        task: what to do.
        rounds: the most revisions; 0 is plain generation.
        generate: makes the first draft; a step on the task by default, or any module with the task's fields.
        critic: a judge, or a module from the task's inputs and `draft` to `problems` and `acceptable`.
        select: `"best"` reviews the last revision too and never returns a draft that was reviewed as worse than another.
        feedback: `"specific"` asks the critic; `"generic"` only says that it can be better, `"none"` says nothing (ablations).
    """

    def __init__(
        self,
        task: str | Task,
        *,
        rounds: int = 1,
        generate: dspy.Module | None = None,
        critic: dspy.Module | None = None,
        select: Literal["best", "last"] = "best",
        feedback: Feedback = "specific",
    ) -> None:
        super().__init__(task)
        if select not in ("best", "last") or feedback not in ("specific", "generic", "none"):
            raise SettingError(
                f"select={select!r}, feedback={feedback!r}: expected 'best' or 'last', and 'specific', 'generic' or 'none'."
            )
        self.rounds = at_least("rounds", rounds, 0)
        self.select = select
        self.feedback = feedback
        self.generate = generate or Step(self.task)
        if rounds and feedback == "specific":
            self.critic = critic or Step(critique_of(self.task))
        if rounds:
            self.revise = Step(_with_attempts(refine_of(self.task)) if rounds > 1 else refine_of(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Refine one answer."""
        drafts = Drafts()
        drafts.add(self.outputs(await self.generate.acall(**inputs)))  # 1
        stopped = "rounds"
        for number in range(self.rounds + 1):
            if self._reviewed(number):
                drafts.reviews[-1] = await self._review(inputs, drafts.last)  # 2
            review = drafts.reviews[-1]
            if review is not None and review.acceptable:  # 3
                stopped = "acceptable"
                break
            if number < self.rounds:
                drafts.add(await self._revised(inputs, drafts))  # 4
        chosen = drafts.best() if self.select == "best" and self.feedback == "specific" else len(drafts.texts) - 1  # 5
        return self.answer(drafts.texts[chosen], rounds=len(drafts.texts) - 1, stopped_by=stopped, chosen=chosen)

    def _reviewed(self, number: int) -> bool:
        """The draft before a revision is reviewed; the last one only to compare it with the others."""
        return self.rounds > 0 and self.feedback == "specific" and (number < self.rounds or self.select == "best")

    async def _review(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Review:
        if isinstance(self.critic, Judge):
            found = await self.critic.acall(**inputs, **outputs)
            problems = [criterion.name for criterion in found.verdict.criteria if not criterion.passed]
            return Review(problems or [found.verdict.reasons or IMPROVE], bool(found.verdict.passed), found.verdict.score or 0.0)
        found = await self.critic.acall(**inputs, draft=render(output_names(self.task), outputs))
        problems = [problem for problem in found.problems if problem.strip()]
        acceptable = bool(found.acceptable) or not problems
        return Review(problems, acceptable, 1.0 if acceptable else 1.0 / (1 + len(problems)))

    async def _revised(self, inputs: dict[str, Any], drafts: Drafts) -> dict[str, Any]:
        names = output_names(self.task)
        shown = [(render(names, text), self._problems(review)) for text, review in zip(drafts.texts, drafts.reviews, strict=True)]
        earlier = [f"{text}\nProblems: {'; '.join(problems) or 'none named'}" for text, problems in shown[:-1]]
        history = {"attempts": earlier} if self.rounds > 1 else {}
        return self.outputs(await self.revise.acall(**inputs, **history, draft=shown[-1][0], problems=shown[-1][1]))

    def _problems(self, review: Review | None) -> list[str]:
        return review.problems if review is not None else [IMPROVE] if self.feedback == "generic" else []

    def cost(self) -> Calls:
        """Return the calls of one input: fewest when the first draft is acceptable."""
        generate = cost_of(self.generate)
        if not self.rounds:
            return generate
        if self.feedback != "specific":
            return generate + Calls(1, 1) * self.rounds
        critic = cost_of(self.critic)
        last = critic.optional() if self.select == "best" else Calls(0, 0)
        return generate + critic + Calls(0, self.rounds) + critic.optional() * (self.rounds - 1) + last


def _with_attempts(signature: Task) -> Task:
    return signature.insert(-3, "attempts", dspy.InputField(desc="earlier answers and their problems, oldest first"), list[str])
