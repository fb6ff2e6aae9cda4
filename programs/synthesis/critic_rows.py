"""SCRIT's rows (155; Tang et al., 2025): critiques of solutions, kept where acting on them leads to the right answer.

For a critic of steps, from problems with right answers and without a human critique. Only the outcome is validated: a
correction may be right although a step was blamed wrongly.

1. Sample solutions of each problem, by one model or several. Which are right is known from the label.
2. Criticise each step by step, with the right solution analysed first; so that the critic does not rubber-stamp.
3. Write the solution again from the critique; one that finds nothing wrong leaves it as it is.
4. Keep the critique if its finding fits what the solution is, and the correction is right.
5. As many critiques of right solutions as of wrong ones. A row is problem, solution and critique, without the right solution.

Departures: (1) the correction is written without the right solution in view, so that it cannot be copied. (2) How many of each
kind were dropped, and why, is in the summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import REFERENCE
from selftaught.programs.judge.steps import StepJudge, first_wrong
from selftaught.programs.reason import reasoned
from selftaught.programs.step import Step
from selftaught.programs.synthesis.balance import Balanced
from selftaught.programs.synthesis.candidates import CANDIDATES, Answers, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, labelled
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Change, Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, derived, refine_of

SOLUTION = "solution"


@method(155, "scrit-rows", family="judge", missing="training the critic")
class CriticRows(Pipeline):
    """Criticise sampled solutions, and keep the critiques that lead to the right answer.

    A row holds the task's inputs, `solution` (text), `solution_right`, `first_wrong` (the step, from 1 on; 0 for none),
    `critique` (text) and `correction` (text).

    Args:
        examples: dictionaries or examples with the task's inputs and outputs; with `reasoning` the right solution has its steps.
        task: what is solved.
        sampler: solves; any program on the task with its reasoning, or several in turn.
        samples: solutions of each problem.
        temperature: of them.
        reference: the critic sees the right solution; False for comparison.
        balanced: as many right as wrong solutions.
        batch: problems a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *,
        sampler: dspy.Module | Sequence[dspy.Module] | None = None, samples: int = 4, temperature: float = 0.7,
        reference: bool = True,
        balanced: bool = True, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        rows, check = examples_of(task, examples, batch), Check(task, GOLD)
        labelled(check, rows.rows)
        super().__init__(
            rows,
            [
                Sampled(task, sampler, samples=samples, temperature=temperature),  # 1
                Checked(check, samples),
                Change(one_each, "solutions"),
                Criticised(task, check, reference=reference, samples=samples),  # 2, 3, 4
                *([Balanced("solution_right", (True, False))] if balanced else []),  # 5
            ],
        )


class Criticised(Stage):
    """Criticises the one candidate of a row, corrects it, and keeps the critique where that leads to the right answer."""

    def __init__(self, task: Task, check: Check, *, reference: bool, samples: int) -> None:
        super().__init__()
        self.answers, self.check, self.samples, self.name = Answers(task), check, samples, "criticise"
        text = {SOLUTION: (str, dspy.OutputField(desc="the steps, then the answer"))}
        self.critic = StepJudge(derived(task, "Solve", SOLVE, {}, text), ask="first", reference=reference, reason=True)
        self.revise = Step(refine_of(reasoned(task)))

    async def run(self, row: Row) -> Sequence[Out]:
        """Criticise one solution."""
        (solution,) = candidates_of(row)
        given, said = self.answers.given(row), {SOLUTION: self.answers.text(solution.said)}
        right = self.answers.text({**row.values, **(self.answers.labels(row) or {})})
        known = {} if self.critic.reads_reference == "no" else {REFERENCE: right}
        verdict = (await self.critic.acall(**given, **said, **known)).verdict  # 2
        number, correction = first_wrong(verdict), solution
        if verdict.passed is None or number is None:
            return [Rejected(row, self.name, "the critique is undetermined")]
        if verdict.passed != solution.right:
            return [Rejected(row, self.name, "it blames a right answer" if solution.right else "it passes a wrong answer")]
        if number:  # 3
            problems = [f"This step is wrong: {self.critic.steps(said)[number - 1]}", *filter(None, [verdict.reasons])]
            found = await self.revise.acall(**given, draft=said[SOLUTION], problems=problems)
            (correction,) = await self.check.checked(row, [type(solution)(self.answers.said(found))])
        if not correction.right:  # 4
            return [Rejected(row, self.name, "its correction is not right")]
        critique = verdict.reasons or ("Every step is right." if not number else f"Step {number} is the first wrong one.")
        told = {**said, "solution_right": bool(solution.right), "first_wrong": number, "critique": critique}
        return [Row({**given, **told, "correction": self.answers.text(correction.said)}, row.origin, row.scores, row.steps)]

    def cost(self) -> Calls:
        """Return the calls of one row's solutions."""
        return (self.critic.cost_of_many(1) + cost_of(self.revise).optional()).optional() * self.samples


def one_each(row: Row) -> list[Row]:
    """Return a row for each candidate whose being right is known."""
    known = [one for one in row[CANDIDATES] if one["right"] is not None]
    return [row.split(number, {**row.values, CANDIDATES: [one]}) for number, one in enumerate(known)]


SOLVE = "Do the task step by step, and give the answer in the end."
