"""Backtracking with mistake location (139; Tyen et al., 2023): find the first wrong step, write another, go on from there.

For when something knows which step is wrong: a rule, a test, a person, a trained judge (`locator`). Models that look for their own
mistakes often guess, and then it does harm: measure the locator, or keep to a vote.

1. Write the steps and the answer.
2. Locate the first wrong step. None, or a number that is no step: return what there is, without a further call.
3. Cut before it, and ban it there. Draw `candidates` other steps; the most likely of those that are not banned is taken, the
   most frequent where the model gives no log-probabilities. None left: go a step further back where `blame_earlier`, else stop.
   Go on from the new step to the end.
4. Locate again. The new chain is kept where its first wrong step comes later, or where there is none. Go to 3, for `passes` passes.

Departures: (1) `recheck` is ours; without it the new chain is kept as it is. (2) A chain is written in one call, of at most nine
steps, and so is its continuation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dspy

from selftaught.errors import SettingError, TaskError, nearest
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.judge.steps import StepJudge, first_wrong
from selftaught.programs.locate.core import Banned, Mending, Mistake
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Chain, merged, next_steps
from selftaught.programs.search.likelihood import LikelyStep
from selftaught.programs.search.writing import AVOID, MOST_STEPS, next_of
from selftaught.registry import method
from selftaught.signatures import Task, as_task

STEPS = "solution_steps"
Locate = Callable[[dict[str, Any], list[str]], int | None]


@method(139, "backtrack-mistake-location", family="verify")
class Backtrack(Mending):
    """Write a chain of steps, find its first wrong step, and go on from a better one.

    The prediction also holds `path` (the steps), `changed`, `mistake` (index of the first wrong step of the first chain, None
    where none was found), `wrong` (its text) and `passes` (made).

    Args:
        task: what to do.
        locator: `"first"` asks for the number of the first wrong step, `"each"` asks of each step whether it is right,
            `"reasoned"` asks so with a sentence of thought; or a judge of `chained(task)` with a criterion for each step, or
            a function of the inputs and the steps that returns an index or None. A function cannot be saved.
        candidates: other steps drawn.
        temperature: of the candidates.
        passes: the most mistakes that are mended; 0 is a plain chain.
        recheck: keep a new chain only if its first wrong step comes later.
        show_banned: show the banned steps to the one who writes another.
        blame_earlier: where every candidate is banned, mend the step before.

    Raises:
        SettingError: an unknown locator.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        locator: str | Judge | Locate = "first",
        candidates: int = 8,
        temperature: float = 1.0,
        passes: int = 1,
        recheck: bool = True,
        show_banned: bool = False,
        blame_earlier: bool = False,
    ) -> None:
        super().__init__(task, passes=passes, recheck=recheck)
        self.candidates, self.temperature = at_least("candidates", candidates, 1), temperature
        self.show_banned, self.blame_earlier = show_banned, blame_earlier
        found = self._locating(locator)
        if passes:
            self.locator = found
            self.propose = LikelyStep(next_of(self.task, avoid=show_banned))

    def _locating(self, locator: str | Judge | Locate) -> Any:
        """Return what locates: a judge or a function."""
        if isinstance(locator, Judge) or (callable(locator) and not isinstance(locator, dspy.Module)):
            return locator
        if not isinstance(locator, str) or locator not in LOCATORS:
            raise SettingError(
                f"locator={locator!r}: expected a judge, a function or one of {sorted(LOCATORS)}{nearest(str(locator), LOCATORS)}."
            )
        return StepJudge(chained(self.task), steps_from=STEPS, **LOCATORS[locator])

    async def locate(self, inputs: dict[str, Any], chain: Chain) -> Mistake | None:
        """Return the first wrong step; None where none is known."""
        if not isinstance(self.locator, Judge):
            at = self.locator(dict(inputs), list(chain.steps))
        elif not chain.steps:
            at = None
        else:
            verdict = (await self.locator.acall(**inputs, **{STEPS: list(chain.steps)}, **(chain.outputs or {}))).verdict
            at = (first_wrong(verdict) or 0) - 1
        return Mistake(at) if at is not None and 0 <= at < len(chain.steps) else None

    async def mended(self, inputs: dict[str, Any], chain: Chain, mistake: Mistake, banned: Banned) -> Chain | None:
        """Return the chain with another step in place of the wrong one, and what follows from it; None where there is none."""
        for at in range(mistake.at, -1 if self.blame_earlier else mistake.at - 1, -1):
            before = chain.steps[:at]
            banned.add(before, chain.steps[at])
            wanted = mistake.step.strip() if at == mistake.at else ""
            step = wanted if wanted and normalise(wanted) not in banned.after(before) else None
            step = step or await self._another(inputs, before, banned)
            if step is not None:
                return await self.written(inputs, (*before, step))
        return None

    async def _another(self, inputs: dict[str, Any], before: tuple[str, ...], banned: Banned) -> str | None:
        known = banned.after(before)
        asked = {**inputs, PREFIX: list(before), **({AVOID: list(known.values())} if self.show_banned else {})}
        first = 1 + self.candidates * (len(known) - 1)  # with each banned step, samples not drawn before
        drawn = await next_steps(self.propose, asked, range(first, first + self.candidates), self.temperature)
        options = merged(drawn, inputs, known)
        return max(options, key=lambda one: one.chance).text if options else None

    def cost_of_location(self) -> Calls:
        """Return the calls of locating once."""
        return cost_of(self.locator) if isinstance(self.locator, Judge) else Calls(0, 0)

    def cost_of_mending(self) -> int:
        """Return the most calls of one new chain."""
        return self.candidates * (MOST_STEPS if self.blame_earlier else 1) + 1


def chained(task: str | Task) -> Task:
    """Return a task whose first output is `solution_steps`, for judges of chains.

    Raises:
        TaskError: it has a field of that name.
    """
    source = as_task(task)
    if STEPS in source.fields:
        raise TaskError(
            f"The task {source.__name__} has a field named {STEPS!r}, which its judge needs for itself. Rename the field."
        )
    return source.prepend(STEPS, dspy.OutputField(desc="the steps that lead to the answer"), type_=list[str])


LOCATORS: dict[str, dict[str, Any]] = {
    "first": {"ask": "first"},
    "each": {"ask": "each"},
    "reasoned": {"ask": "each", "reason": True},
}
"""Settings of the judge of steps."""
