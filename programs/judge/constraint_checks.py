"""Constraint checks (013 UltraIF, An et al., 2025; 023, Ren, He et al., 2025; 120 DeCRIM, Ferraz et al., 2024).

For requests that bundle several requirements. Leave what can be counted to code: small judges count badly.

1. Take the single constraints out of the task and its input, once per input; an answer is never seen (120).
2. Write one yes/no question for each constraint, from that constraint alone, so that it cannot ask for another (013). An empty
   question means that it was no constraint, and is dropped.
3. Ask the questions about the answer, all together, both ways: the checklist's algorithm.
4. Join what `code` found, a judge that checks by program. The score is the mean over all constraints (023), or all or nothing.
5. No constraint at all: the verdict is undetermined and says so. A blank answer scores 0 without a call (023).

Departures: (1) 013 asks all questions in one call, we one by one. (2) 023 trains a classifier for the constraints that code
cannot check; ours is a prompt. (3) With `code`, the model is told to leave out what can be counted or found to the letter.
"""

from __future__ import annotations

import asyncio
from typing import Any

import dspy

from selftaught.errors import AnswerError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.checklist import LEAST_WORDS, MOST_QUESTIONS, Checklist
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Criterion, Task, Verdict, derived, output_names, render


@method(13, "ultraif", family="synthesis", missing="training", hard=True)
@method(23, "self-supervised-if-rl", family="self-training", missing="the curriculum; the classifier; training")
@method(120, "decrim", family="refine", hard=True)
class ConstraintChecks(Checklist):
    """Judge an answer by the single constraints of its task and input.

    Args:
        task: what the answers are answers to.
        code: a judge that checks some constraints by program, such as `Constraints`; its criteria are joined to the model's.
        both_ways: ask each question also the other way round, which doubles the calls and exposes a judge that agrees with all.
        hard: pass or fail only, instead of the share of satisfied constraints.
        odds: add up the model's probabilities of yes, where it gives them, instead of its words.

    The questions are in `lists` (input -> questions): read them, change them, and save them with the judge.
    """

    def __init__(
        self, task: str | Task, *, code: Judge | None = None, both_ways: bool = True, hard: bool = False, odds: bool = True
    ) -> None:
        super().__init__(task, both_ways=both_ways, hard=hard, odds=odds)
        self.write = Step(_constraints_of(self.task, TAKE_OUT_THE_CONSTRAINTS + (LEAVE_OUT_THE_COUNTABLE if code else "")))
        self.ask = Step(ASK_FOR_THE_CONSTRAINT)
        self.code = code
        self.read_reference(code.reads_reference if code else "no")

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Check one answer against the constraints of its input."""
        if not render(output_names(self.task), outputs).strip():
            return Verdict(score=0.0, passed=False, reasons="There is no answer.")
        known = {name: value for name, value in inputs.items() if name != REFERENCE}
        soft, hard = await asyncio.gather(self.checked(known, outputs), self._by_code(inputs, outputs))
        if not soft and not hard:
            return Verdict(score=None, reasons="No constraint was found in the task and its input, so nothing was checked.")
        return self.counted((*soft, *hard))  # 4

    async def _by_code(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> tuple[Criterion, ...]:
        if self.code is None:
            return ()
        name = type(self.code).__name__
        try:
            found = (await self.code.acall(**inputs, **outputs)).verdict
        except AnswerError:
            return (Criterion(name=name, reason="no readable answer"),)
        whole = Criterion(name=name, passed=found.passed, score=found.score, reason=found.reasons)
        criteria = found.criteria or ((whole,) if found.score is not None else ())  # nothing found is nothing checked
        return tuple(_scored(criterion) for criterion in criteria)

    async def _written(self, inputs: dict[str, Any]) -> list[str]:
        found = (await self.write.acall(**inputs)).constraints  # 1
        constraints = list(dict.fromkeys(text for constraint in found if (text := constraint.strip())))[:MOST_QUESTIONS]
        asked = await asyncio.gather(*(self.ask.acall(constraint=constraint) for constraint in constraints))  # 2
        questions = [str(one.question).strip() for one in asked]
        return list(dict.fromkeys(question for question in questions if len(question.split()) >= LEAST_WORDS))

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of several verdicts on one input, which share one list."""
        checks = Calls(0, (2 if self.both_ways else 1) * MOST_QUESTIONS * drafts)
        code = self.code.cost_of_many(drafts) if self.code else Calls(0, 0)
        return Calls(0, 1 + MOST_QUESTIONS) + checks + code.optional()


def _scored(criterion: Criterion) -> Criterion:
    """Give a criterion that was only passed or failed its score."""
    if criterion.score is not None or criterion.passed is None:
        return criterion
    return criterion.model_copy(update={"score": float(criterion.passed)})


def _constraints_of(task: Task, instruction: str) -> Task:
    field = dspy.OutputField(desc="each begins with: The answer must; empty if there is none", max_length=MOST_QUESTIONS)
    return derived(task, "Constraints", instruction, {}, {"constraints": (list[str], field)})


TAKE_OUT_THE_CONSTRAINTS = (
    "Somebody else will carry out the task. List what the task and its input demand of the answer, one requirement each and in "
    "full: content, form, length, style, language. Take only what is stated. Do not carry out the task yourself."
)
LEAVE_OUT_THE_COUNTABLE = " Leave out lengths, counts and words that must appear: a program checks these."
ASK_FOR_THE_CONSTRAINT = dspy.Signature(
    {
        "constraint": (str, dspy.InputField(desc="a requirement of an answer")),
        "question": (str, dspy.OutputField(desc="yes if the answer meets it; empty if this is no requirement")),
    },
    "Turn the requirement into one short yes/no question about an answer. Ask for nothing else.",
)
