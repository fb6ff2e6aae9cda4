"""The plan core: make a plan, then carry it out.

1. Plan: steps for this input, by a planner: a step of the same model, a `Planner`, or any module with a model of its own; or a plan
   that is given. Numbers, bullets, repetitions and code blocks are taken out. Without a step left, or where the plan is a program cut
   into lines, it is the plain task.
2. Carry out, with the plan in view: in one call (`mode="two_phase"`); each step but the last in its own call that sees what is done
   (`"per_step"`); or plan and answer in a single call (`"one_phase"`).
3. What is written before the answer (`work`): nothing, reasoning, or an entry for each step of the plan.

Papers that are this with other planners register themselves on it. Plan-and-solve (Wang et al., 2023) is it in one phase. A wrong
plan is followed faithfully; a small model plans badly, and a strong one plans unasked. One call for each step was reported worse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, get_args

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.context import Fields, cleaned, short_text, short_texts, with_more
from selftaught.programs.given import texts
from selftaught.programs.plan.planner import MOST_STEPS, Planner
from selftaught.programs.reason import REASONING, STEP_BY_STEP, reasoned
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

Mode = Literal["two_phase", "one_phase", "per_step"]
Work = Literal["none", "reasoning", "filled"]
PLAN, DONE, FILLED, STEP, RESULT = "plan", "done", "filled", "step", "result"


@method(None, "plan-and-solve", family="plan", mode="one_phase", work="reasoning")
class PlanThenExecute(Program):
    """Make a plan, then answer with it in view.

    The prediction also holds `plan`, the steps; `done`, what each step's own call came to (`per_step`); and what `work` writes: `reasoning`, or
    `filled` with `unfilled`, the steps that have no entry.

    Args:
        task: what to do.
        plan: the steps; without any, a planner makes them.
        planner: a module from the task's inputs to `plan`, a list of steps; a `Planner` by default.
        mode: how many calls, see above.
        work: what is written before the answer.

    Raises:
        SettingError: an unknown mode or work, or a plan or planner where it is of no use.
        TaskError: the task has a field named `plan`, or as `work` or `mode` need: `reasoning`, `filled`, `done`, `step`, `result`.
    """

    def __init__(
        self, task: str | Task, *, plan: Sequence[str] = (), planner: dspy.Module | None = None, mode: Mode = "two_phase",
        work: Work = "none",
    ) -> None:  # fmt: skip
        super().__init__(task)
        for name, value, kind in (("mode", mode, Mode), ("work", work, Work)):
            if value not in get_args(kind):
                raise SettingError(f"{name}={value!r}: expected one of {', '.join(map(repr, get_args(kind)))}.")
        self.given, self.mode, self.work = texts("plan", plan), mode, work
        if planner is not None and (self.given or mode == "one_phase"):
            raise SettingError("planner: of no use with a given plan, or in one phase, where plan and answer come in one call.")
        if self.given and mode == "one_phase":
            raise SettingError("plan: of no use in one phase, where plan and answer come in one call.")
        if not self.given and mode != "one_phase":
            self.planner = planner or Planner(self.task)
        self.plain = reasoned(self.task) if work == "reasoning" else self.task
        if mode == "per_step":
            self.carry_out = Step(_one_step_of(self.task))
        self.execute = Step(_execution_of(self.task, mode, work))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        if self.mode == "one_phase":
            found = await self.execute.acall(**inputs)
            return self._told(found, cleaned(found[PLAN]), [])
        plan = self.given or await self.plan_for(inputs)  # 1
        if not plan:
            return self._told(await self.execute.acall(**inputs, signature=self.plain), [], [])
        done: list[str] = []
        for step in plan[:-1] if self.mode == "per_step" else ():  # 2
            seen = {PLAN: plan, DONE: list(done), STEP: step}
            done.append(f"{step} {(await self.carry_out.acall(**inputs, **seen))[RESULT]}")
        shown = {PLAN: plan, DONE: done} if self.mode == "per_step" else {PLAN: plan}
        return self._told(await self.execute.acall(**inputs, **shown), plan, done)  # 3

    async def plan_for(self, inputs: dict[str, Any]) -> list[str]:
        """Return the steps that the planner makes for an input, as they are shown."""
        steps = [step for step in cleaned((await self.planner.acall(**inputs))[PLAN]) if CODE_BLOCK not in step]
        return [] if any(CODE.match(step) for step in steps) else steps[:MOST_STEPS]

    def _told(self, found: dspy.Prediction, plan: list[str], done: list[str]) -> dspy.Prediction:
        more: dict[str, Any] = {PLAN: plan, **({DONE: done} if self.mode == "per_step" else {})}
        if self.work == "reasoning":
            more[REASONING] = found[REASONING]
        if self.work == "filled":
            entries = list(found.get(FILLED) or [])[: len(plan)]
            there = [number for number, entry in enumerate(entries) if entry.strip()]
            more |= {FILLED: entries, "unfilled": [step for number, step in enumerate(plan) if number not in there]}
        own = {name: value for name, value in more.items() if name not in self.task.output_fields}
        return self.answer(found, **own)

    def cost(self) -> Calls:
        """Return the calls of one input; how many steps there are is known only when they are planned."""
        if self.mode == "one_phase":
            return Calls(1, 1)
        planned = Calls(0, 0) if self.given else cost_of(self.planner)
        if self.mode == "two_phase":
            return planned + Calls(1, 1)
        steps = Calls(len(self.given), len(self.given)) if self.given else Calls(1, MOST_STEPS)
        return planned + steps


def _execution_of(task: Task, mode: Mode, work: Work) -> Task:
    before: Fields = {}
    if mode == "one_phase":
        before[PLAN] = short_texts("short steps", most=MOST_STEPS)
    if work == "reasoning" and REASONING not in task.output_fields:
        before[REASONING] = (str, dspy.OutputField(desc=STEP_BY_STEP))
    if work == "filled":
        before[FILLED] = short_texts("what each step of the plan comes to, in order", most=MOST_STEPS)
    if mode == "one_phase":
        return with_more(task, "PlanAndSolve", PLAN_AND_CARRY_OUT, {}, before=before)
    done = {DONE: "steps that are done, with what came out"} if mode == "per_step" else {}
    return with_more(task, "Execute", CARRY_OUT_THE_PLAN, {PLAN: "steps to follow", **done}, before=before)


def _one_step_of(task: Task) -> Task:
    given = {
        PLAN: (list[str], dspy.InputField(desc="all steps")),
        DONE: (list[str], dspy.InputField(desc="steps that are done, with what came out")),
        STEP: (str, dspy.InputField(desc="the step to carry out")),
    }
    return derived(task, "CarryOut", CARRY_OUT_ONE_STEP, given, {RESULT: short_text("what came out")})


CODE_BLOCK = "```"
CODE = re.compile(r"(def|class) \w+.*:$|import \w+$")
"""A plan with such a step is the program already, cut into lines."""
CARRY_OUT_THE_PLAN = "Do the task by following the plan step by step. Where the plan is wrong, do what is right."
CARRY_OUT_ONE_STEP = "A plan for the task is carried out step by step. Carry out the one step that is named, and no other."
PLAN_AND_CARRY_OUT = "Understand the task and write a plan for it. Then carry out the plan step by step, and give the answer."
