"""CoThink (151; Fan et al., 2025): a short outline by a cheap model, carried out by a model that reasons.

For a reasoning model that thinks too long about easy problems. A wrong outline misleads it, and some models plan again whatever they
are told. Give the planner a model of its own: `program.planner.set_lm(st.lm(...))`.

1. Outline: two to four steps of a high level, without numbers, formulas or the answer.
2. An outline with another number of steps, with a digit, or in no readable form, is asked for once more, and then done without.
3. Solve: reasoning and answer, following the outline where it is right. Without an outline it is plain reasoning.

Departures: (1) digits stand for numbers and formulas: what a model calculates in words is not seen.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import AnswerError
from selftaught.ledger import Ledger
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.plan.core import PlanThenExecute
from selftaught.programs.plan.planner import Planner
from selftaught.programs.step import RETRY_TEMPERATURE
from selftaught.registry import method
from selftaught.signatures import Task

LEAST, MOST, TRIES = 2, 4, 2


@method(151, "cothink", family="plan")
class CoThink(PlanThenExecute):
    """Outline the solution without calculating, then reason along the outline.

    The prediction also holds `plan`, `reasoning` and `tokens`: those of all its calls, prompts and answers.

    Args:
        task: what to do.
        planner: a module from the task's inputs to `plan`, perhaps with a model of its own; a step by default.
    """

    def __init__(self, task: str | Task, *, planner: dspy.Module | None = None) -> None:
        super().__init__(task, planner=planner or Planner(task, instruction=OUTLINE, least=LEAST, most=MOST), work="reasoning")

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        ledger = Ledger()
        with scope.scoped(ledgers=(*scope.current().ledgers, ledger)):
            found = await super().aforward(**inputs)
        tokens = sum(call.prompt_tokens + call.completion_tokens for call in ledger.rows)
        return self.answer(found, **{**dict(found.items()), "tokens": tokens})

    async def plan_for(self, inputs: dict[str, Any]) -> list[str]:
        """Return an outline without numbers; nothing where there is none."""
        for number in range(TRIES):  # 2
            with scope.resampled(f"outline{number}", RETRY_TEMPERATURE) if number else scope.scoped():
                steps = await self._outline(inputs)  # 1
            if LEAST <= len(steps) <= MOST and not any(sign.isdigit() for step in steps for sign in step):
                return steps
        return []

    async def _outline(self, inputs: dict[str, Any]) -> list[str]:
        try:
            return await super().plan_for(inputs)
        except AnswerError:
            return []

    def cost(self) -> Calls:
        """Return the calls of one input: one outline or two."""
        return cost_of(self.planner) + cost_of(self.planner).optional() + Calls(1, 1)


OUTLINE = "Outline how to do the task, in two to four short steps. No numbers, no formulas, no calculation, no answer."
