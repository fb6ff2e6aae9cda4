"""ExIt, inference (028; Jiang, Lupu and Bachrach, 2025): improve the best attempt so far, again and again.

For tasks with a score of a solution, where each attempt can build on the best one. Without a sound score it breaks right
answers: an improver that is asked to improve changes something.

The algorithm is the refine core's, without a critique:
1. Attempt.                   2. Score it, where a judge is given.
3. Go on from it only when it scores higher than the best attempt so far; without a score, always.
4. Stop after `rounds` steps; without a score or diverging, also when a step changes nothing.
5. Improve it, or, every `diverge_every`-th step, improve it by a clearly different approach; go to 2.
6. Return the best scored attempt, or the last one.

Departures: (1) the diverging steps are fixed, not drawn. (2) A step that did not improve is taken again as another sample.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.programs.judge.base import Judge
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.drafts import Draft, Drafts
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, refine_of


@method(28, "exit-exploratory-iteration", family="curriculum", missing="the buffer of starting points; training")
class IterateImprove(Refine):
    """Improve the best attempt so far, `rounds` times.

    The prediction also holds `scores`, one for each attempt (None without a judge).

    Args:
        task: what to do.
        rounds: steps after the first attempt.
        judge: scores attempts; without one every step is gone on from.
        diverge_every: every how many steps another approach is asked for; 0 for never.
        generate: makes the first attempt; a step on the task by default.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 4, judge: Judge | None = None, diverge_every: int = 0,
        generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        task, every = as_task(task), at_least("diverge_every", diverge_every, 0)
        super().__init__(
            task, rounds=rounds, generate=generate, critic=judge, reviser=Step(refine_of(task, IMPROVE_IT).delete("problems")),
            feedback="none", select="best" if judge else "last", accept="better" if judge else "any",
            stop="never" if judge or every else "unchanged",
        )  # fmt: skip
        self.diverge_every = every
        if every and every <= rounds:
            self.diverge = Step(refine_of(task, TAKE_ANOTHER_WAY).delete("problems"))

    def reviser(self, drafts: Drafts) -> dspy.Module:
        """Return the improving step, or the diverging one in its turn."""
        number = drafts.revisions + 1
        return self.diverge if self.diverge_every and number % self.diverge_every == 0 else self.revise

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return the scores of all attempts."""
        return {
            "scores": [
                None if draft.review is None or draft.review.acceptable is None else draft.review.score for draft in drafts.made
            ]
        }


IMPROVE_IT = "Write a better answer than the one given. If nothing can be better, give it again unchanged."
TAKE_ANOTHER_WAY = "Write a better answer than the one given, by a clearly different approach."
