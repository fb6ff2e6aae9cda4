"""Self-planning (079; Xue Jiang et al., 2023): short steps first, then the whole answer, following them.

For a request with several requirements, code above all, of which one-shot answers forget some. Weak models plan badly, and strong ones
already plan in their heads; tests that run the code help more.

1. Plan: short numbered steps that are commands, abstract, covering every case and repetition of the request.
2. Answer: the untouched request with the plan, in one call (`mode="two_phase"`, the paper's best), or step by step.

Departures: (1) no examples of plans: give them to the planner as demonstrations. (2) The answer is the task's typed output, so there is
no code block to cut out.
"""

from __future__ import annotations

import dspy

from selftaught.programs.plan.core import Mode, PlanThenExecute
from selftaught.programs.plan.planner import Planner
from selftaught.registry import method
from selftaught.signatures import Task


@method(79, "self-planning", family="plan")
class SelfPlanning(PlanThenExecute):
    """Write short steps, then answer by following them.

    The prediction also holds `plan`, see `PlanThenExecute`.

    Args:
        task: what to do.
        planner: a module from the task's inputs to `plan`; a step of the same model by default.
        mode: see `PlanThenExecute`.
    """

    def __init__(self, task: str | Task, *, planner: dspy.Module | None = None, mode: Mode = "two_phase") -> None:
        own = planner or (None if mode == "one_phase" else Planner(task, instruction=COVER_EVERY_CASE, most=8))
        super().__init__(task, planner=own, mode=mode)


COVER_EVERY_CASE = (
    "Plan in words how to fulfil the request: short commands in order, one for every requirement, special case and repetition. "
    "Write no program and no answer."
)
