"""STICK (142; Cook et al., 2024): refine against a generated checklist.

For open instructions with several requirements: each draft is checked question by question, the failed questions are
the critique, and the same list judges every draft.

The algorithm is the refine core's with a checklist as critic: 1. draft, 2. check, 3. stop when every question is answered
with yes, 4. rewrite with the failed questions, 5. keep the draft with the higher pass rate.

Departures: (1) a rewrite with a lower pass rate is never returned (the paper has no such guard). (2) Of drafts with the same
pass rate the better scored one is kept, then the earliest. (3) The reviser is shown the failed questions, not the passed ones.
"""

from __future__ import annotations

import dspy

from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.refine.core import Accept, Refine, Select
from selftaught.programs.refine.drafts import Review
from selftaught.registry import method
from selftaught.signatures import Task


@method(142, "stick", family="refine")
class Stick(Refine):
    """Refine against a generated checklist.

    Args:
        task: what to do.
        rounds: the most revisions; the paper advises one.
        judge: the checklist; one list for each input by default. Any judge with criteria serves.
        select: see `Refine`.
        generate: makes the first draft; a step on the task by default.
        accept: the gate; see `Refine`.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 1, judge: Judge | None = None, select: Select = "best",
        generate: dspy.Module | None = None, accept: Accept | Judge = "any",
    ) -> None:  # fmt: skip
        super().__init__(
            task, rounds=rounds, generate=generate, critic=judge or Checklist(task), select=select, accept=accept,
            stop="unchanged",
        )  # fmt: skip

    def standing(self, review: Review | None) -> tuple[float, ...]:
        """Return the pass rate, and the score between equals."""
        if review is None or not review.criteria:
            return super().standing(review)
        return (sum(criterion.passed is True for criterion in review.criteria) / len(review.criteria), review.score)
