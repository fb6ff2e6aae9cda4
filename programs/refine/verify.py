"""Solve, verify, revise only what was judged wrong (097, Xiong et al., 2025; 134 ReVISE, Lee et al., 2025; 117 STaSC,
Moskvoretskii et al., 2025): what these train a model for, as a program.

For tasks with a right answer and a model whose verdicts were measured (`diagnose`). An untrained model that verifies itself
is known to LOSE accuracy by this loop (097, 158): it breaks more right answers than it mends. Vote first.

The algorithm is the refine core's, with a verifier as critic:
1. Solve.                                          2. Verify: right or wrong.
3. Stop at the first "right"; an unreadable verdict stops too, and so does a revision that gives the same answer.
4. Otherwise solve again, told that the answer was judged wrong; go to 2, after `rounds` revisions to 5.
5. Return the answer that was judged best, the earliest of equals.

`verify="words"` reads the verdict as text, after a sentence of reasoning (097); `"chance"` reads the model's probability that
the answer is right and revises below `certainty` (134); `"no"` asks nobody and always revises once, where the reviser may
repeat a right answer (117).

Departures: (1) step 5: a revision that is judged wrong too is not returned, where the papers return the last;
`select="last"` does. (2) The reviser is shown the verifier's reason. (3) 134's special token is a yes/no field.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.costs import one_of
from selftaught.programs.refine.drafts import Draft, Drafts, Review
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, refine_of


@method(117, "stasc", family="refine", missing="training", verify="no")
@method(134, "revise", family="verify", missing="preference pairs; training", verify="chance")
@method(97, "self-rewarding-correction", family="refine", missing="building data; training")
class VerifyThenRevise(Refine):
    """Solve, verify, and solve again what was judged wrong.

    The prediction also holds `attempts` (the answers as text, in order), `verdicts` (right, wrong, or None where there is no
    verdict), `confidence` (the returned answer's score, None without one) and `refined` (whether there was a revision).

    Args:
        task: what to do.
        rounds: the most revisions; the papers train one.
        verify: `"words"`, `"chance"`, or `"no"`.
        certainty: the score from 0 to 1 from which an answer counts as right.
        generate: solves; a step on the task by default.
        judge: the verifier; `Verify` by default.
        select: `"best"` or `"last"`; see `Refine`.

    Raises:
        SettingError: an unknown choice, a certainty outside [0, 1], or a judge where nothing is verified.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 1, verify: Literal["words", "chance", "no"] = "words", certainty: float = 0.5,
        generate: dspy.Module | None = None, judge: Judge | None = None, select: Literal["best", "last"] = "best",
    ) -> None:  # fmt: skip
        one_of("verify", verify, ("words", "chance", "no"))
        if isinstance(certainty, bool) or not isinstance(certainty, int | float) or not 0.0 <= certainty <= 1.0:
            raise SettingError(f"certainty={certainty!r}: expected a number from 0 to 1.")
        if judge is not None and verify == "no":
            raise SettingError("verify='no' asks nobody. Leave judge out, or verify with 'words' or 'chance'.")
        asked, task = verify != "no", as_task(task)
        own = Verify(task, reason=verify == "words", both_ways=False, odds=verify == "chance")
        revision = refine_of(task, SOLVE_AGAIN) if asked else refine_of(task, CHECK_AND_CORRECT).delete("problems")
        super().__init__(
            task, rounds=rounds, generate=generate, critic=(judge or own) if asked else None, reviser=Step(revision),
            select=one_of("select", select, ("best", "last")), feedback="specific" if asked else "none",
            stop="unchanged",
        )  # fmt: skip
        self.certainty = float(certainty)

    async def reviewed(self, inputs: dict[str, Any], draft: Draft, drafts: Drafts) -> Review | None:
        """Verify an answer; it counts as right from `certainty` on."""
        review = await super().reviewed(inputs, draft, drafts)
        if review is None or review.acceptable is None:
            return review
        return replace(review, acceptable=review.score >= self.certainty)

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return the attempts, their verdicts, and the confidence in the returned one."""
        reviews = [draft.review for draft in drafts.made]
        known = chosen.review is not None and chosen.review.acceptable is not None
        return {
            "attempts": [self.text(draft) for draft in drafts.made],
            "verdicts": [None if review is None else review.acceptable for review in reviews],
            "confidence": chosen.review.score if known and chosen.review is not None else None,
            "refined": drafts.revisions > 0,
        }


SOLVE_AGAIN = "Somebody's answer to the task was judged wrong. Do the task again from the start and give the right answer."
CHECK_AND_CORRECT = (
    "Somebody gave an answer to the task. Check it. If it is right, give the same answer again; "
    "if it is wrong, give the right one."
)
