"""Actor and critic (100; Xi et al., 2024): a critic of its own marks the steps of a solution, and the actor mends it.

For hard tasks with visible steps that resampling does not solve. An over-strict critic breaks what was right: measure it first.

The algorithm is the refine core's, with a step judge as critic:
1. Solve.   2. The critic labels every step right or wrong.   3. Stop when no step is wrong, nothing changes, or after `rounds`.
4. Solve anew with the wrong steps and the critic's reason in view; go to 2.   5. Return the solution with the better steps.

The critic may be another model: `program.critic.set_lm(lm)`. In parallel: `Vote(task, generate=ActorCritic(task))`.

Departures: (1) step 5; the paper returns the last one, `select="last"`. (2) One round by default.
"""

from __future__ import annotations

from typing import Any, Literal

import dspy

from selftaught.programs.judge.steps import StepJudge
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.drafts import Draft, Drafts
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task, refine_of


@method(100, "actor-critic", family="refine", missing="building data; training")
class ActorCritic(Refine):
    """Solve, have every step judged, solve anew with what was found.

    The prediction also holds `attempts`: each a `solution` as text and its `critique`, a list of what was found wrong.

    Args:
        task: what to do; its answer, or the field `steps_from`, holds the steps.
        rounds: the most revisions; 0 is plain generation.
        steps_from: the output field with the steps; the whole answer by default.
        generate: the actor's first solution; a step on the task by default.
        critic: judges steps; `StepJudge` with reasons by default.
        select: `"best"` or `"last"`; see `Refine`.
    """

    def __init__(
        self, task: str | Task, *, rounds: int = 1, steps_from: str | None = None, generate: dspy.Module | None = None,
        critic: StepJudge | None = None, select: Literal["best", "last"] = "best",
    ) -> None:  # fmt: skip
        task = as_task(task)
        super().__init__(
            task, rounds=rounds, generate=generate, critic=critic or StepJudge(task, steps_from=steps_from, reason=True),
            reviser=Step(refine_of(task, MEND_THE_STEPS)), select=select, stop="unchanged",
        )  # fmt: skip

    def told(self, drafts: Drafts, chosen: Draft) -> dict[str, Any]:
        """Return every solution with its critique."""
        return {"attempts": [{"solution": self.text(draft), "critique": _found(draft)} for draft in drafts.made]}


def _found(draft: Draft) -> list[str]:
    return [] if draft.review is None or draft.review.acceptable else draft.review.problems


MEND_THE_STEPS = (
    "A critic marked the wrong steps of a solution. Write the whole solution anew: keep the steps before the first wrong one if "
    "they hold, and work out the rest again."
)
