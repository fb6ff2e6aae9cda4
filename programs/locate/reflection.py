"""Reflection on one step (167; T. Li et al., 2023): after a failed try, name the earliest wrong step and one to take instead.

The paper's agent acts in an environment; this is its way to retry for any task that is solved in steps. For tasks that may be tried again and where a judge can tell failure. The judge decides everything: one that accepts what is
wrong stops too early, one that is never content costs all tries.

1. Write the steps and the answer.           2. Judge the answer. It passes: return it.
3. Reflect: name the earliest wrong step, and one step to take instead.
4. The steps before it stay, the wrong one is banned there, what came after is forgotten. Where the new step is banned already,
   draw others that are not, with the banned ones shown; where all are banned, the blame moves to the step before.
5. Go on from the new step to the end; go to 2, for `tries` tries in all. A try that is judged worse than the last is not kept.

Departures: (1) an answer is judged; the paper sees the outcome of an episode in its environment. (2) A banned step is shown as
one to avoid, because there is no list of actions to hide it from. (3) Worse tries are not kept.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge, feedback_of
from selftaught.programs.judge.verify import Verify
from selftaught.programs.locate.backtrack import Backtrack
from selftaught.programs.locate.core import Mistake
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Chain
from selftaught.programs.search.writing import LONGEST_STEP, MOST_STEPS
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, derived, output_names, render


@method(167, "step-reflection", family="reflect")
class StepReflection(Backtrack):
    """Try again from the earliest wrong step. See `Backtrack` for what the prediction holds.

    Args:
        task: what to do.
        judge: says whether an answer passes; `Verify` by default.
        tries: the most chains; 1 is a plain chain.
        candidates: steps drawn where the one that the reflection names is banned.
        temperature: of the candidates.
    """

    def __init__(
        self, task: str | Task, *, judge: Judge | None = None, tries: int = 3, candidates: int = 3, temperature: float = 0.8
    ) -> None:
        super().__init__(
            task, locator=judge or Verify(task, both_ways=False), candidates=candidates, temperature=temperature,
            passes=at_least("tries", tries, 1) - 1, show_banned=True, blame_earlier=True,
        )  # fmt: skip
        if self.passes:
            self.reflect = Step(reflection_of(self.task))

    async def locate(self, inputs: dict[str, Any], chain: Chain) -> Mistake | None:
        """Judge the answer; where it fails, return what the reflection blames."""
        outputs = dict(chain.outputs or {})
        verdict = (await self.locator.acall(**inputs, **outputs)).verdict  # 2
        if verdict.passed is not False or not chain.steps:
            return None
        told = {"steps": [f"{number}. {step}" for number, step in enumerate(chain.steps, 1)],
                "failed_answer": render(output_names(self.task), outputs), "feedback": _feedback(verdict)}  # fmt: skip
        found = await self.reflect.acall(**inputs, **told)  # 3
        at = int(found.first_wrong) - 1
        return Mistake(at, step=found.better_step, score=verdict.score or 0.0) if at < len(chain.steps) else None

    def keeps(self, mistake: Mistake, again: Mistake | None) -> bool:
        """Return whether a try is to be kept: it passed, or was judged no worse."""
        return again is None or again.score >= mistake.score

    def cost_of_location(self) -> Calls:
        """Return the calls of judging a try and reflecting on it."""
        return cost_of(self.locator) + Calls(0, 1)


def reflection_of(task: Task) -> Task:
    """Return the signature of a reflection: inputs, `steps`, `failed_answer`, `feedback` -> `first_wrong`, `better_step`."""
    given = {
        "steps": (list[str], dspy.InputField(desc="the steps that were taken")),
        "failed_answer": (str, dspy.InputField(desc="the answer they led to")),
        "feedback": (str, dspy.InputField(desc="what is known of the failure")),
    }
    asked = {
        "first_wrong": (int, dspy.OutputField(desc="number of the earliest wrong step", ge=1, le=MOST_STEPS)),
        "better_step": (str, dspy.OutputField(desc="the one step to take instead of it", max_length=LONGEST_STEP)),
    }
    return derived(task, "Reflect", BLAME_ONE_STEP, given, asked)


def _feedback(verdict: Verdict) -> str:
    """Return a verdict in words; a single criterion without reasons says no more than that it failed."""
    return feedback_of(verdict) if verdict.reasons or len(verdict.criteria) > 1 else FAILED


FAILED = "The answer is wrong."
BLAME_ONE_STEP = (
    "Somebody took these steps, and the answer failed. Name the earliest step that is wrong, and write the one step that should "
    "have been taken there. The steps before it stay as they are."
)
