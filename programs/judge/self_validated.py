"""Self-validated critiques (155 SCRIT; Tang et al., 2025): keep a critique only if acting on it leads to the right answer.

For step-level critiques to train or demonstrate a critic with, from problems with reference answers. Only the outcome is
validated: a correction may be right although a step was blamed wrongly.

1. Criticise an answer step by step, with the reference analysed first (`StepJudge`).
2. Write the answer again from the critique; a critique that finds nothing wrong leaves it as it is.
3. Keep the critique if the new answer is right and the finding fits what the answer was: right or wrong.
4. Count what was kept of right and of wrong answers apart, so that a set that only praises is seen.

Departure: the correction is written without the reference (the paper's critic writes it with the reference at hand), so
that it cannot be copied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import CallError, DataError
from selftaught.loop import run_sync
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.steps import StepJudge, first_wrong
from selftaught.programs.normalise import normalise
from selftaught.programs.step import Step
from selftaught.signatures import Task, Verdict, output_names, refine_of, render

GOOD = "good"


@dataclass(frozen=True, slots=True)
class Critiqued:
    """A critique and what came of it.

    Attributes:
        inputs: the task's inputs; the reference is not among them.
        draft: the criticised answer.
        good: whether it was right.
        verdict: the critique.
        correction: the answer written from it.
        kept: whether it passed the validation.
        why: why it did not.
    """

    inputs: dict[str, Any]
    draft: dict[str, Any]
    good: bool
    verdict: Verdict
    correction: dict[str, Any]
    kept: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """The critiques of several answers. `rows`: all that were made; `failed`: answers without a readable one."""

    rows: tuple[Critiqued, ...]
    failed: int = 0

    @property
    def kept(self) -> tuple[Critiqued, ...]:
        """The critiques that passed."""
        return tuple(row for row in self.rows if row.kept)

    def rate(self, good: bool) -> float | None:
        """Return the share kept of the critiques of right or of wrong answers; None where there are none."""
        of_class = [row.kept for row in self.rows if row.good == good]
        return sum(of_class) / len(of_class) if of_class else None


class SelfValidated(Program):
    """Criticise an answer and validate the critique by what comes of it.

    Called with a task's inputs and outputs, a `reference` and, where known, `good` (whether the answer is right), it returns
    the corrected answer, `kept` and `critiqued`.

    Args:
        task: what the answers are answers to.
        critic: by default names the first wrong step, after analysing the reference.
        right: a judge that says whether an answer is right; by default it must equal the reference after normalisation. It
            never sees the critique.
    """

    def __init__(self, task: str | Task, critic: StepJudge | None = None, *, right: Judge | None = None) -> None:
        super().__init__(task)
        self.critic = critic or StepJudge(task, ask="first", reference=True, reason=True)
        self.revise = Step(refine_of(self.task))
        self.right = right

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Criticise and validate."""
        reference, draft, label = fields.pop(REFERENCE), self.outputs(fields), fields.pop(GOOD, None)
        inputs = {name: value for name, value in fields.items() if name not in draft}
        good = await self._right(inputs, draft, reference) if label is None else bool(label)
        verdict = (await self.critic.acall(**inputs, **draft, **_given(self.critic, reference))).verdict  # 1
        correction = await self._corrected(inputs, draft, verdict)  # 2
        why = await self._refusal(inputs, correction, reference, verdict, good)  # 3
        found = Critiqued(inputs, draft, good, verdict, correction, not why, why)
        return self.answer(correction, kept=found.kept, critiqued=found)

    async def _corrected(self, inputs: dict[str, Any], draft: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
        number = first_wrong(verdict)
        if not number:
            return draft
        problems = [
            f"This step is wrong: {self.critic.steps(draft)[number - 1]}",
            *([verdict.reasons] if verdict.reasons else []),
        ]
        shown = render(output_names(self.task), draft)
        return self.outputs(await self.revise.acall(**inputs, draft=shown, problems=problems))

    async def _refusal(
        self, inputs: dict[str, Any], correction: dict[str, Any], reference: str, verdict: Verdict, good: bool
    ) -> str:
        if verdict.passed is None:
            return "the critique is undetermined"
        if verdict.passed != good:
            return "it blames a right answer" if good else "it passes a wrong answer"
        return "" if await self._right(inputs, correction, reference) else "its correction is not right"

    async def _right(self, inputs: dict[str, Any], outputs: dict[str, Any], reference: str) -> bool:
        if self.right is None:
            return normalise(render(output_names(self.task), outputs)) == normalise(reference)
        return bool((await self.right.acall(**inputs, **outputs, **_given(self.right, reference))).passed)

    def validated(self, labelled: Sequence[dspy.Example]) -> Validation:
        """Criticise labelled answers and validate the critiques.

        Args:
            labelled: examples with the task's inputs, the outputs to criticise, `reference`, and perhaps `good`.

        Raises:
            DataError: no examples, or one without a needed field.
        """
        if not labelled:
            raise DataError("There are no answers to criticise.")
        needed = [name for name, required in self.accepts().items() if required]
        for number, example in enumerate(labelled):
            if missing := [name for name in needed if name not in example]:
                raise DataError(f"Answer {number} has no field {missing[0]!r}. Each needs {needed}.")
        return run_sync(lambda: self._all(labelled))

    async def _all(self, labelled: Sequence[dspy.Example]) -> Validation:
        calls = (self.acall(**{name: row[name] for name in self.accepts() if name in row}) for row in labelled)
        found = await asyncio.gather(*calls, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, CallError):
                raise one
        rows = tuple(one.critiqued for one in found if isinstance(one, dspy.Prediction))  # 4
        return Validation(rows, len(found) - len(rows))

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs and outputs, the reference, and `good`."""
        return {**super().accepts(), **dict.fromkeys(output_names(self.task), True), REFERENCE: True, GOOD: False}

    def cost(self) -> Calls:
        """Return the calls of one critique and its validation."""
        right = Calls(0, 0) if self.right is None else self.right.cost()
        return self.critic.cost() + Calls(0, 1) + right.optional() * 2


def _given(judge: Judge, reference: str) -> dict[str, str]:
    return {} if judge.reads_reference == "no" else {REFERENCE: reference}
