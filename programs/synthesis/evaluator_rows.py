"""Self-taught evaluators' rows (159; T. Wang et al., 2024): judgements of pairs whose better answer is known by construction.

For a pairwise judge, from instructions without labels. The wrong answers are off target; a judge trained on them alone stays
weak on subtle errors.

1. Write a good answer to each input, or take its own; and a bad one: a good answer to a related but different input (`Corrupt`).
2. Judge the pair `samples` times in each order, with a reason.
3. Keep one right judgement of each order, where at least `least_share` of them are right; both orders or neither, so that the
   rows say "first" as often as "second". A tie is never right.
4. A wrong judgement of the same order, where there is one, stands beside it as what to avoid.

Departures: (1) the first right judgement is kept, not a random one. (2) Instructions are not selected: give a set that you want.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.judge.construct import Corrupt
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.synthesis.candidates import Answers, examples_of
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import Task, as_task, render

GOOD, BAD = "good", "bad"


@method(159, "self-taught-evaluator-rows", family="judge", missing="selecting instructions; training the judge")
class EvaluatorRows(Pipeline):
    """Judge constructed pairs, and keep right judgements, balanced.

    A row holds the task's inputs, `first`, `second` (answers as text), `better`, `reason`, `share_right` (of the judgements in
    this order), `consistent` (most judgements name the same answer in both orders), `chosen` (the judgement as text) and
    `rejected` (a wrong one, or None).

    Args:
        examples: dictionaries or examples with the task's inputs, and its outputs where a good answer is known.
        task: what the answers are answers to.
        samples: judgements of a pair in each order.
        temperature: of them.
        least_share: of the judgements of each order, that must be right.
        judge: compares two answers, with a reason.
        corrupt: writes the pairs.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, samples: int = 8, temperature: float = 0.7,
        least_share: float = 0.0, judge: Pairwise | None = None, corrupt: Corrupt | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        judged = JudgedPairs(
            task, judge or Pairwise(task, reason=True, odds=False), samples, temperature, share("least_share", least_share)
        )
        super().__init__(examples_of(task, examples, batch), [Constructed(task, corrupt or Corrupt(task)), judged])


class Constructed(Stage):
    """Adds a good and a bad answer to a row, as text."""

    def __init__(self, task: Task, corrupt: Corrupt) -> None:
        super().__init__()
        self.answers, self.corrupt, self.name = Answers(task), corrupt, "construct"

    async def run(self, row: Row) -> Sequence[Out]:
        """Write the pair of one row."""
        given = self.answers.given(row)
        found = await self.corrupt.acall(**given, **(self.answers.labels(row) or {}))
        told = {GOOD: render(self.answers.outputs, found.good), BAD: render(self.answers.outputs, found)}
        return [Row({**given, **told}, row.origin, row.scores, row.steps)]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return self.corrupt.cost()


@dataclass(frozen=True, slots=True)
class Order:
    """The judgements of a pair in one order. `label`: the place of the good answer."""

    label: str
    said: list[dspy.Prediction]

    @property
    def right(self) -> list[dspy.Prediction]:
        """The judgements that name the good answer."""
        return [one for one in self.said if str(one.better) == self.label]

    @property
    def share(self) -> float:
        """How many are right."""
        return len(self.right) / len(self.said)


class JudgedPairs(Stage):
    """Judges a pair in both orders, and turns it into a row for each."""

    def __init__(self, task: Task, judge: Pairwise, samples: int, temperature: float, least_share: float) -> None:
        super().__init__()
        self.answers, self.judge, self.name = Answers(task), judge, "judge"
        self.samples, self.temperature, self.least_share = at_least("samples", samples, 1), temperature, least_share

    async def run(self, row: Row) -> Sequence[Out]:
        """Judge one pair."""
        orders = await asyncio.gather(*(self._order(row, label) for label in ("first", "second")))  # 2
        if not all(one.right and one.share >= self.least_share for one in orders):  # 3
            return [Rejected(row, self.name, "too few judgements are right")]
        consistent = all(one.share > 0.5 for one in orders) or all(one.share < 0.5 for one in orders)
        return [row.split(number, self._values(row, one, consistent)) for number, one in enumerate(orders)]

    async def _order(self, row: Row, label: str) -> Order:
        shown = (row[GOOD], row[BAD]) if label == "first" else (row[BAD], row[GOOD])
        asked = {**self.answers.given(row), "first_draft": shown[0], "second_draft": shown[1]}
        with self.judge.judging():
            return Order(label, await draw(self.judge.choose, asked, self.samples, self.temperature))

    def _values(self, row: Row, order: Order, consistent: bool) -> dict[str, Any]:
        good, bad = row[GOOD], row[BAD]
        first, second = (good, bad) if order.label == "first" else (bad, good)
        wrong = [one for one in order.said if str(one.better) != order.label]  # 4
        found = {"first": first, "second": second, "better": order.label, "reason": str(order.right[0].get("reason", ""))}
        told = {"share_right": order.share, "consistent": consistent}
        texts = {"chosen": told_by(order.right[0]), "rejected": told_by(wrong[0]) if wrong else None}
        return {**found, **told, **texts, **self.answers.given(row)}

    def cost(self) -> Calls:
        """Return the calls of one pair."""
        return Calls(2 * self.samples, 2 * self.samples)


def told_by(found: dspy.Prediction) -> str:
    """Return a judgement as text."""
    return "\n".join(part for part in (str(found.get("reason", "")).strip(), f"better: {found.better}") if part)
