"""ID-sampling (141; W. Chen, Koenig, Dilkina, 2025): answers that are looked over again at growing distances, then a vote.

For hard problems where a model stops thinking too early. Forced doubt can turn right answers into wrong ones: the prediction's
`flips` say how often it changed them. A chat model is asked anew where the paper goes on writing after a remark.

1. Write at most `first` steps and an answer.
2. While `growth` times as many steps are allowed: say that there may be a mistake, show the steps and the answer, and let it
   go on, now up to so many steps in all. A chain that ended early is looked over too.
3. The answer is that of the last part that gave one.
4. Draw `samples` such answers together and vote.

Departures: (1) the budget counts steps, not tokens. (2) The remark is the instruction of a step of its own. (3) To choose by a
judge instead of a vote: `BestOf(task, generate=Deepening(task))`.
"""

from __future__ import annotations

import math
from typing import Any

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import written
from selftaught.programs.search.writing import MORE, MOST_STEPS, rest_of
from selftaught.programs.step import Step
from selftaught.programs.vote.core import Vote
from selftaught.registry import method
from selftaught.signatures import Task, output_names, render

ROOM, DRAFT = "steps_left", "draft"


class Deepening(Program):
    """Answer, and look the answer over at growing distances.

    The prediction also holds `path` (the steps), `triggers` (how often it was looked over) and `flips` (changed answers).

    Args:
        task: what to do.
        first: steps before the first look.
        growth: what the number of steps is multiplied by after each look.
        most: steps in all; up to nine.

    Raises:
        SettingError: a growth below 1.1, or too many steps.
    """

    def __init__(self, task: str | Task, *, first: int = 2, growth: float = 2.0, most: int = 8) -> None:
        super().__init__(task)
        if isinstance(growth, bool) or not isinstance(growth, int | float) or growth < 1.1:
            raise SettingError(f"growth={growth!r}: expected a number of at least 1.1.")
        if at_least("most", most, 1) > MOST_STEPS:
            raise SettingError(f"most={most}: expected at most {MOST_STEPS} steps.")
        self.budgets = [min(at_least("first", first, 1), most)]
        while math.isfinite(growth) and first * growth ** len(self.budgets) <= most:
            self.budgets.append(int(first * growth ** len(self.budgets)))
        room = {ROOM: (int, dspy.InputField(desc="the most steps to write now"))}
        self.begin = Step(rest_of(self.task, more=room))
        if len(self.budgets) > 1:
            draft = {DRAFT: (str, dspy.InputField(desc="the answer so far, perhaps wrong"))}
            self.recheck = Step(rest_of(self.task, LOOK_FOR_A_MISTAKE, {**room, **draft}))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        names = output_names(self.task)
        found = await self.begin.acall(**inputs, **{PREFIX: [], ROOM: self.budgets[0]})  # 1
        steps, flips = written(found[MORE], inputs, most=self.budgets[0]), 0
        for budget in self.budgets[1:]:  # 2
            room = budget - len(steps)
            try:
                again = await self.recheck.acall(**inputs, **{PREFIX: list(steps), ROOM: room, DRAFT: render(names, found)})
            except CallError:
                continue  # 3: the answer before stands
            flips += answer_key(again, names) != answer_key(found, names)
            steps, found = steps + written(again[MORE], inputs, steps, room), again
        return self.answer(found, path=list(steps), triggers=len(self.budgets) - 1, flips=flips)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return Calls(1, 1) * len(self.budgets)


@method(141, "id-sampling", family="reflect")
class IdSampling(Vote):
    """Vote over answers that were looked over at growing distances. See `Vote` for what the prediction holds.

    Args:
        task: what to do.
        samples: answers drawn.
        first: steps before the first look.
        growth: what the number of steps is multiplied by after each look.
        most: steps in all; up to nine.
        temperature: of the samples.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        samples: int = 3,
        first: int = 2,
        growth: float = 2.0,
        most: int = 8,
        temperature: float = 0.7,
    ) -> None:
        deep = Deepening(task, first=first, growth=growth, most=most)
        super().__init__(task, samples=samples, temperature=temperature, generate=deep)


LOOK_FOR_A_MISTAKE = (
    "The task is being solved in steps, and there may be a mistake in the steps before or in the draft. Check them, write the "
    "steps that correct or confirm them, and then give the answer."
)
