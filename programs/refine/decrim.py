"""DeCRIM (120; Ferraz et al., 2024): take a request apart into its constraints, and mend an answer until it meets each.

For requests that bundle several requirements, of which answers keep missing one. The gain ends where the critic's judgement
does: a lenient critic stops at once, a strict one spoils good drafts. Leave what can be counted to code:
`DeCRIM(task, judge=ConstraintChecks(task, code=Constraints(task)))`.

The algorithm is the refine core's:
1. Draft, without the constraints shown.
2. Take the constraints out of the task and its input, once, and check each: yes or no.
3. Stop when all are satisfied, when there is none, or after `rounds` revisions.
4. Revise with the unmet constraints alone; go to 2.
5. Return the draft that satisfies most constraints, the newest of equals.

Departures: (1) step 5, where the paper returns the last draft. (2) Three rounds; the paper's limit is not known to us.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.constraint_checks import ConstraintChecks
from selftaught.programs.refine.core import Select
from selftaught.programs.refine.drafts import Draft, Drafts, Review
from selftaught.programs.refine.stick import Stick
from selftaught.registry import method
from selftaught.signatures import Task


@method(120, "decrim-refine", family="refine")
class DeCRIM(Stick):
    """Mend an answer until it meets every constraint of its task and input.

    The prediction also holds `constraints`, and `satisfied`, whether the returned answer meets each (None: not known). No
    constraint at all leaves the draft as it is, with `stopped_by="undetermined"`.

    Args:
        task: what to do.
        rounds: the most revisions.
        judge: takes out the constraints and checks them; `ConstraintChecks` by default.
        select: see `Refine`; `"last"` is the paper's.
        generate: makes the first draft; a step on the task by default.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 3, judge: Judge | None = None, select: Select = "newest best",
        generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, rounds=rounds, judge=judge or ConstraintChecks(task), select=select, generate=generate)

    def standing(self, review: Review | None) -> tuple[float, ...]:
        """Return the share of satisfied constraints alone, so that the newest of equals can be found."""
        return super().standing(review)[:1]

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return the constraints and which of them the answer satisfies."""
        criteria = chosen.review.criteria if chosen.review is not None else ()
        return {"constraints": [one.name for one in criteria], "satisfied": [one.passed for one in criteria]}
