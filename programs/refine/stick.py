"""STICK (142; Cook et al., 2024): refine against a generated checklist.

For open instructions with several requirements: each draft is checked question by question, the failed questions are
the critique, and the same list judges every draft.

The algorithm is the refine core's with a checklist as critic: 1. draft, 2. check, 3. stop when every question is answered
with yes, 4. rewrite with the failed questions, 5. keep the draft with the higher pass rate.

Departures: (1) a rewrite with a lower pass rate is never returned (the paper has no such guard).
"""

from __future__ import annotations

from typing import Literal

from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.refine.core import Refine
from selftaught.registry import method
from selftaught.signatures import Task


@method(142, "stick", family="refine")
class Stick(Refine):
    """Refine against a generated checklist.

    Args:
        task: what to do.
        rounds: the most revisions; the paper advises one.
        judge: the checklist; one list for each input by default.
        select: see `Refine`.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 1, judge: Checklist | None = None, select: Literal["best", "last"] = "best"
    ) -> None:
        super().__init__(task, rounds=rounds, critic=judge or Checklist(task), select=select)
