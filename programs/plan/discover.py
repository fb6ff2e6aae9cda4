"""Plans made from ways of thinking: Self-Discover, Auto-Evolve (128) and ReGenesis (127).

For a kind of task that deserves its own way of reasoning. Small models write poor plans: let a strong one make them
(`program.planner.set_lm(...)`) and a small one carry them out. Plans make easy tasks complicated; more refinement is not always better.

Self-Discover (Zhou et al., 2024): 1. choose ways of thinking from a list, 2. put them in the words of the task, 3. make a plan of them;
all once for the task. 4. For each input write what every step of the plan comes to, then the answer.

Auto-Evolve (128; Krishna Aswani et al., 2024): the same, but the ways are the model's own (no list), and the plan is refined up to
`refinements` times. Stage 1 sees the task and unlabelled `examples`.

ReGenesis (127; Xiangyu Peng et al., 2024): the same as Self-Discover, but for each input, and then reasoning along the plan.

Departures: (1) a plan is a list of steps, not a nested form: its keys are the steps, and `unfilled` names those without an entry.
(2) Sixteen ways of our own in place of the papers' lists. (3) Three refinements and a stop where nothing changes: the paper's number is
not known. (4) ReGenesis samples dozens of paths at a high temperature to train on those that are right: draw them with `Vote` or `BestOf`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.programs.plan.core import PlanThenExecute, Work
from selftaught.programs.plan.planner import Per, Planner, Ways
from selftaught.registry import method
from selftaught.signatures import Task


@method(None, "self-discover", family="plan")
@method(128, "auto-evolve", family="plan", ways="generated", refinements=3)
@method(
    127,
    "regenesis",
    family="plan",
    per="input",
    work="reasoning",
    missing="training",
)
class Discover(PlanThenExecute):
    """Make a plan from ways of thinking, once for the task or for each input, and carry it out.

    The prediction also holds what `PlanThenExecute` tells.

    Args:
        task: what to do.
        per: one plan for the task, or one for each input.
        ways: of thinking, chosen from `seeds` (`"seed"`) or thought of (`"generated"`); `"none"` plans without.
        seeds: ways to choose from; a list of our own by default.
        refinements: the most revisions of a plan.
        examples: a few inputs that show the kind of task; labels in them are not looked at.
        work: what is written before an answer, see `PlanThenExecute`.
    """

    def __init__(
        self, task: str | Task, *, per: Per = "task", ways: Ways = "seed", seeds: Sequence[str] | None = None, refinements: int = 0,
        examples: Sequence[Mapping[str, Any]] = (), work: Work = "filled",
    ) -> None:  # fmt: skip
        planner = Planner(task, per=per, ways=ways, seeds=seeds, refinements=refinements, examples=examples)
        super().__init__(task, planner=planner, work=work)
        self.arguments.values["examples"] = planner.examples  # plain data, so that an artifact can hold them
