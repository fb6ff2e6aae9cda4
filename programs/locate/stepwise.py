"""Stepwise self-correction (085 S3c-Math; Yan et al., 2024): check each step as it is written, and mend a wrong one before going on.

For chains of reasoning where a slip spoils all that follows. A doubtful check also doubts right steps: measure how often it breaks
them, and see what the checks said in `segments`.

1. Write the next step.         2. Check it, given the steps before. Right or undetermined: it stays.
3. Wrong: say why, and write a better step. It is taken where it is another step and its check is no worse than the first one's.
4. Go to 1 until nothing is left to find (a model is not believed so after its first step), the chain repeats itself, or there
   are `steps` steps.
5. Answer from the steps; wrong steps and what was said of them are not among them.

Departures: (1) the paper trains a model to do this by itself, on chains that are made so; `segments` are such a chain, with
`train` false for a wrong step. (2) The second check is ours.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.judge.step_pairs import NEXT, PREFIX
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import written
from selftaught.programs.search.step_judges import StepVotes
from selftaught.programs.search.values import cost_of_values, value_named
from selftaught.programs.search.writing import LONGEST_STEP, OPEN, conclusion_of, next_of
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, derived

LEAST = 2
"""Steps before which a chain is not finished, whatever the model says: very small ones say so at once."""


@method(85, "s3c-math", family="refine", missing="right answers to compare with; training with wrong steps masked")
class StepwiseCorrection(Program):
    """Check and mend each step as it is written.

    The prediction also holds `path` (the steps), `mended` (how many were) and `segments` (each step, wrong step and remark in
    order, with `kind` and `train`).

    Args:
        task: what to do.
        check: `"check"` or `"rate"`, or a judge of `next_step_of(task)`; a step that it fails is mended.
        samples: verdicts of a check.
        steps: the most steps.

    Raises:
        SettingError: a check that compares steps.
    """

    def __init__(self, task: str | Task, *, check: str | Judge = "check", samples: int = 1, steps: int = 6) -> None:
        super().__init__(task)
        self.most = at_least("steps", steps, 1)
        self.propose = Step(next_of(self.task))
        self.check = value_named(check, self.task, samples)
        if isinstance(self.check, StepVotes | Pairwise):
            raise SettingError(
                f"check={check!r}: expected a judge of one step, such as 'check' or 'rate'; this one compares several."
            )
        self.mend = Step(mending_of(self.task))
        self.conclude = Step(conclusion_of(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        steps: list[str] = []
        segments: list[dict[str, Any]] = []
        finished = False
        while not finished and len(steps) < self.most:  # 4
            found = await self.propose.acall(**inputs, **{PREFIX: list(steps)})  # 1
            if not written([found[NEXT]], inputs, steps):
                break
            verdict = await self._checked(inputs, steps, found[NEXT])  # 2
            if verdict.passed is False:
                found = await self._mended(inputs, steps, found, verdict, segments)  # 3
            steps.append(found[NEXT].strip())
            segments.append({"kind": "step", "text": steps[-1], "train": True})
            finished = not found[OPEN] and len(steps) >= LEAST
        answer = await self.conclude.acall(**inputs, **{PREFIX: steps})  # 5
        mended = sum(one["kind"] == "wrong" for one in segments)
        return self.answer(answer, path=steps, mended=mended, segments=segments)

    async def _mended(
        self, inputs: dict[str, Any], steps: list[str], wrong: dspy.Prediction, verdict: Verdict, segments: list[dict[str, Any]]
    ) -> dspy.Prediction:
        """Return the better step, with the wrong one and the remark written down; or the step as it was."""
        better = await self.mend.acall(**inputs, **{PREFIX: list(steps), "wrong_step": wrong[NEXT]})
        if not written([better[NEXT]], inputs, [*steps, wrong[NEXT]]):
            return wrong
        again = await self._checked(inputs, steps, better[NEXT])
        if again.passed is False and (again.score or 0.0) < (verdict.score or 0.0):
            return wrong
        segments.append({"kind": "wrong", "text": wrong[NEXT].strip(), "train": False})
        segments.append({"kind": "remark", "text": better.problem.strip(), "train": True})
        return better

    async def _checked(self, inputs: dict[str, Any], steps: list[str], step: str) -> Verdict:
        return (await self.check.acall(**inputs, **{PREFIX: list(steps), NEXT: step})).verdict

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where the first step says nothing new."""
        check = cost_of_values(self.check, 1)
        return Calls(2, 1 + (2 + 2 * check.at_most) * self.most)


def mending_of(task: Task) -> Task:
    """Return the signature that mends a step: inputs, `steps_before`, `wrong_step` -> `problem`, `next_step`, `more_to_find`."""
    given = {
        PREFIX: (list[str], dspy.InputField(desc="the steps so far, taken as right")),
        "wrong_step": (str, dspy.InputField(desc="the step after them, which is wrong")),
    }
    asked = {
        "problem": (str, dspy.OutputField(desc="what is wrong with it, in one sentence", max_length=LONGEST_STEP)),
        NEXT: (str, dspy.OutputField(desc="the right step in its place", max_length=LONGEST_STEP)),
        OPEN: (bool, dspy.OutputField(desc="something is still to be found out after this step")),
    }
    return derived(task, "MendStep", MEND_THE_STEP, given, asked)


MEND_THE_STEP = (
    "The task is solved in steps, and the step after the steps before is wrong. Say what is wrong with it, and write the step "
    "that belongs in its place, with its result."
)
