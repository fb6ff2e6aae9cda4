"""Step by step: which step of an answer goes wrong first? (100, Xi et al., 2024; 155 SCRIT, Tang et al., 2025)

For chains of reasoning that can be cut into steps. Without a reference, a small model rubber-stamps: measure its trust.

1. Cut the answer into steps.
2. With a reference: have it analysed first, once per input; the critic reads both before it reads the answer (155).
3. Label the steps. `ask="each"`: one call per step, which sees the steps before it; all together. `ask="first"`: one call, which
   names the first wrong step, or 0; what comes after it is not labelled.
4. Passed: no step is wrong. The score is the chance of that: of the weakest step for `each` (an upper bound that does not
   fall with the number of steps, as a product would), of the answer 0 for `first`; 1 or 0 where there are words only.
   With `partial=True`: the expected share of steps before the first wrong one.

Departures: (1) 100's critic labels all steps in one text; ours labels each on its own, so that its odds can be read.
(2) Neighbouring steps of a long answer are joined until there are nine, so that the cost is bounded and the number of the
first wrong one has one digit.
"""

from __future__ import annotations

import asyncio
from itertools import accumulate
from operator import mul
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError, nearest
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.chain import grouped, steps_of
from selftaught.programs.judge.verify import belief_of, criterion_of
from selftaught.programs.once import Once
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Criterion, Task, Verdict, derived, input_names, output_names, render

MOST_STEPS = 9


@method(100, "critique-in-the-loop", family="refine", missing="building data; training", ask="each")
@method(155, "scrit", family="judge", missing="training the critic", ask="first", reference=True)
class StepJudge(Judge):
    """Judge an answer step by step.

    As critic of a `Refine` program it is 100's loop. `SelfValidated` keeps those of its critiques that lead to a right answer.

    Args:
        task: what the answers are answers to.
        steps_from: the output field that holds the steps, a list or a text; by default the whole answer as text.
        ask: one call for each step, or one for the first wrong step.
        reference: also give it a right answer, taken from the example's labels; it is analysed before the answer is read.
        partial: score the share of steps before the first wrong one, instead of all or nothing.
        reason: think for a sentence before each finding.
        odds: score with the model's probabilities where it gives them; otherwise with its words.

    Raises:
        SettingError: an unknown field or way to ask.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        steps_from: str | None = None,
        ask: Literal["each", "first"] = "each",
        reference: bool = False,
        partial: bool = False,
        reason: bool = False,
        odds: bool = True,
    ) -> None:
        super().__init__(task)
        names = output_names(self.task)
        if steps_from is not None and steps_from not in names:
            raise SettingError(
                f"steps_from={steps_from!r}: no output field of the task{nearest(steps_from, names)}; it has {names}."
            )
        if ask not in ("each", "first"):
            raise SettingError(f"ask={ask!r}: expected 'each' or 'first'.")
        self.steps_from, self.partial, self.each = steps_from, partial, ask == "each"
        self.read_reference("needed" if reference else "no")
        if reference:
            self.analyse = Step(_analysis_of(self.task))
        critic = _step_check_of if self.each else _first_wrong_of
        self.critic = Step(
            critic(self.task, reason, reference), odds=("correct" if self.each else "first_wrong") if odds else None
        )
        self.analyses: Once[list[str]] = Once()

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        steps = self.steps(outputs)  # 1
        if not steps:
            return Verdict(score=None, reasons="The answer has no steps to judge.")
        asked = dict(inputs)
        if self.reads_reference == "needed":
            asked["analysis"] = await self._analysis(inputs)  # 2
        return await (self._each(asked, steps) if self.each else self._first(asked, steps))  # 3, 4

    def steps(self, outputs: dict[str, Any]) -> list[str]:
        """Return the steps of an answer, as they are judged."""
        source = outputs[self.steps_from] if self.steps_from else render(output_names(self.task), outputs)
        return grouped(steps_of(source), MOST_STEPS)

    async def _analysis(self, inputs: dict[str, Any]) -> list[str]:
        async def make() -> list[str]:
            return [str(point) for point in (await self.analyse.acall(**inputs)).analysis]

        return await self.analyses.get(render([*input_names(self.task), REFERENCE], inputs), make)

    async def _each(self, asked: dict[str, Any], steps: list[str]) -> Verdict:
        calls = (self.critic.acall(**asked, steps_before=steps[:number], step=step) for number, step in enumerate(steps))
        found = await asyncio.gather(*calls, return_exceptions=True)
        if all(isinstance(one, BaseException) for one in found):
            raise found[0]
        criteria = tuple(
            criterion_of(_named(number, step), belief_of(one, "correct", good_if=True), readable=isinstance(one, dspy.Prediction))
            for number, (step, one) in enumerate(zip(steps, found, strict=True), 1)
        )
        chances = [criterion.score for criterion in criteria if criterion.score is not None]
        return self._verdict(criteria, sum(accumulate(chances, mul)) / len(chances) if self.partial else min(chances), found)

    async def _first(self, asked: dict[str, Any], steps: list[str]) -> Verdict:
        found = await self.critic.acall(**asked, steps=[f"{number}. {step}" for number, step in enumerate(steps, 1)])
        first, most = int(found.first_wrong), len(steps)
        if first > most:
            return Verdict(score=None, reasons=f"The critic named step {first} of {most}.")
        said = found.get("odds") or {str(first): 1.0}
        shares = {int(number): share for number, share in said.items() if int(number) <= most and share > 0}
        total = sum(shares.values()) or 1.0
        worth = {number: (number - 1) / most if self.partial else 0.0 for number in shares} | {0: 1.0}
        labelled = steps[: first or most]
        criteria = tuple(Criterion(name=_named(n, step), passed=n != first) for n, step in enumerate(labelled, 1))
        return self._verdict(criteria, sum(worth[number] * share for number, share in shares.items()) / total, [found])

    def _verdict(self, criteria: tuple[Criterion, ...], score: float, found: list[Any]) -> Verdict:
        labels = [criterion.passed for criterion in criteria]
        wrong = labels.index(False) if False in labels else None
        passed = False if wrong is not None else None if None in labels else True
        said = found[wrong if wrong is not None and self.each else 0]
        reason = str(said.get("reason", "")) if isinstance(said, dspy.Prediction) else ""
        reasons = " ".join(
            part for part in ("" if wrong is None else f"Step {wrong + 1} is the first wrong one.", reason) if part
        )
        known = sum(label is not None for label in labels) / len(labels)
        return Verdict(score=min(1.0, max(0.0, score)), passed=passed, reasons=reasons, criteria=criteria, confidence=known)

    def cost(self) -> Calls:
        """Return the calls of one verdict; how many steps there are depends on the answer."""
        return self.cost_of_many(1)

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of several verdicts on one input, which share one analysis."""
        return Calls(0, (self.reads_reference == "needed") + (MOST_STEPS if self.each else 1) * drafts)


def first_wrong(verdict: Verdict) -> int | None:
    """Return the number of the first wrong step (from 1), 0 where no step is wrong, None where that is not known."""
    labels = [criterion.passed for criterion in verdict.criteria]
    if not labels:
        return None
    return labels.index(False) + 1 if False in labels else 0 if all(labels) else None


def _named(number: int, step: str) -> str:
    return f"Is step {number} right? {step}"


def _analysis_of(task: Task) -> Task:
    given = {REFERENCE: (str, dspy.InputField(desc="a right answer"))}
    points = dspy.OutputField(desc="the decisive steps with their results, one sentence each", min_length=1, max_length=5)
    asked = {"analysis": (list[str], points)}
    return derived(task, "Analyse", ANALYSE_THE_REFERENCE, given, asked)


def _step_check_of(task: Task, reason: bool, reference: bool) -> Task:
    given = {**_analysed(reference), "steps_before": (list[str], dspy.InputField(desc="the answer so far, taken as right")),
             "step": (str, dspy.InputField(desc="its next step"))}  # fmt: skip
    asked = {**_reasoned(reason), "correct": (bool, dspy.OutputField(desc="the next step is right"))}
    return derived(task, "CheckStep", CHECK_THE_STEP, given, asked)


def _first_wrong_of(task: Task, reason: bool, reference: bool) -> Task:
    given = {**_analysed(reference), "steps": (list[str], dspy.InputField(desc="the steps of an answer"))}
    number = dspy.OutputField(desc="number of the first wrong step, 0 if no step is wrong", ge=0, le=MOST_STEPS)
    return derived(task, "FirstWrong", FIND_THE_FIRST_WRONG_STEP, given, {**_reasoned(reason), "first_wrong": (int, number)})


def _analysed(wanted: bool) -> dict[str, Any]:
    if not wanted:
        return {}
    analysis = dspy.InputField(desc="its decisive steps")
    return {REFERENCE: (str, dspy.InputField(desc="a right answer")), "analysis": (list[str], analysis)}


def _reasoned(wanted: bool) -> dict[str, Any]:
    return {"reason": (str, dspy.OutputField(desc="one sentence"))} if wanted else {}


ANALYSE_THE_REFERENCE = (
    "A right answer to the task is given. List the steps that decide it, each with its result and why it is right."
)
CHECK_THE_STEP = (
    "The steps of an answer to the task are examined one by one. Decide whether the next step is right: true, and following "
    "from what is before it. Do the calculation yourself. Do not blame it for earlier steps or for what is still missing."
)
FIND_THE_FIRST_WRONG_STEP = (
    "Go through the steps of an answer to the task in order, doing each yourself. Name the first step that is wrong."
)
