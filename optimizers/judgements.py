"""Judgements to learn from: drawn on pairs with a known label, and kept where they agree with it (159, 054).

`programs.judge.rejection` does this for a judge that compares, outside of a run, to train on. This is the form for any judge and
inside of a search: what every step of the judge saw and said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import CallError
from selftaught.optimizers.judged import inputs_of, other, turned_round
from selftaught.optimizers.rollouts import Attempt, Demos, attempts
from selftaught.optimizers.strategy import Problem
from selftaught.programs.judge import MetaJudge
from selftaught.signatures import Task, output_names, render

HIGHER_IS_BETTER = {"score": 1, "correct": 1, "wrong": -1}
"""Answer fields of judges' steps that grade one answer, and their sense."""


@dataclass(frozen=True, slots=True)
class Judgements:
    """`kept`: for each pair that counts, what the steps saw and said. `wrong`: pairs on which no judgement was right in both orders."""

    kept: list[Demos]
    wrong: list[dspy.Example]
    pairs: int

    def __str__(self) -> str:
        return f"judgements that agree with the label in both orders: on {len(self.kept)} of {self.pairs} pairs"


async def draw_judgements(
    problem: Problem, pairs: Sequence[dspy.Example], samples: int, temperature: float, *, meta: bool = False
) -> Judgements:
    """Draw judgements of pairs in both orders, and keep what agrees with the labels.

    Args:
        problem: whose program is a judge in the form of `Preferring`.
        pairs: labelled.
        samples: judgements of each pair; the first is the judge's own.
        temperature: of the others.
        meta: choose among right judgements by a meta-judge instead of at random.
    """
    reading = Reading(problem)
    both = [(pair, turned_round(pair)) for pair in pairs]
    asked = [one for orders in both for one in orders]
    tried = await attempts(problem, None, asked, samples=samples, temperature=temperature, name="judgement")
    right: dict[int, list[Attempt]] = {id(one): [] for one in asked}
    for one in tried:
        if one.right and all(reading.agrees(said, one.example) for said in one.demos.values()):
            right[id(one.example)].append(one)
    found = [(pair, [right[id(one)] for one in orders]) for pair, orders in zip(pairs, both, strict=True)]
    known = [(pair, orders) for pair, orders in found if all(orders)]
    if meta:
        kept = list(await asyncio.gather(*(reading.preferred(pair, orders[0]) for pair, orders in known)))
    else:
        kept = [reading.together([problem.random.choice(said).demos for said in orders]) for _, orders in known]
    return Judgements(kept, [pair for pair, orders in found if not all(orders)], len(pairs))


class Reading:
    """Reads what the steps of a judge said of a pair.

    Args:
        problem: whose program is a judge in the form of `Preferring`.
    """

    def __init__(self, problem: Problem) -> None:
        judge, self.random = problem.program.judge, problem.random
        self.task: Task = judge.task
        self.said = {name: set(one.signature.output_fields) for name, one in problem.program.named_predictors()}
        self.meta = MetaJudge(self.task)

    def texts(self, pair: dspy.Example) -> tuple[str, str]:
        """Return the good and the bad answer of a pair, as judges are shown them."""
        names = output_names(self.task)
        return render(names, pair[pair.better]), render(names, pair[other(pair.better)])

    def agrees(self, said: Sequence[dict[str, Any]], pair: dspy.Example) -> bool:
        """False where what one step said contradicts the label, however the whole judge found: shown, it would teach the contrary."""
        good, bad = self.texts(pair)
        for one in said:
            if (
                "better" in one
                and "first_draft" in one
                and one["better"] != ("first" if one["first_draft"] == good else "second")
            ):
                return False
        by_draft = {one["draft"]: one for one in reversed(said) if "draft" in one}
        if good not in by_draft or bad not in by_draft:
            return True
        best, worst = by_draft[good], by_draft[bad]
        graded = [(field, sense) for field, sense in HIGHER_IS_BETTER.items() if field in best and field in worst]
        return all(sense * (float(best[field]) - float(worst[field])) > 0 for field, sense in graded)

    def together(self, many: Sequence[Demos]) -> Demos:
        """Return what the steps saw and said in several judgements; what was seen twice is shown once."""
        found: Demos = {}
        for demos in many:
            for name, said in demos.items():
                known = found.setdefault(name, [])
                known += [one for one in said if self._seen(name, one) not in [self._seen(name, before) for before in known]]
        return found

    def _seen(self, name: str, one: dict[str, Any]) -> dict[str, Any]:
        return {field: value for field, value in one.items() if field not in self.said[name]}

    async def preferred(self, pair: dspy.Example, right: Sequence[Attempt]) -> Demos:
        """Return, of each answer of a pair, the judgement that the meta-judge finds the most accurate."""
        answers = (pair[pair.better], pair[other(pair.better)])
        jobs = zip(answers, self.texts(pair), strict=True)
        return self.together(await asyncio.gather(*(self._best(inputs_of(pair), *job, right) for job in jobs)))

    async def _best(self, inputs: dict[str, Any], answer: dict[str, Any], text: str, right: Sequence[Attempt]) -> Demos:
        of_it = [self._about(one.demos, text) for one in right]
        by_words = {self._words(demos): demos for demos in reversed(of_it)}
        if len(by_words) > 1:
            with contextlib.suppress(CallError):
                found = await self.meta.rank(inputs, answer, list(by_words))
                return by_words[list(by_words)[found.order[0]]] if found.determined else of_it[0]
        return of_it[0]

    def _about(self, demos: Demos, text: str) -> Demos:
        """Return what each step said of one answer, and what it said of none in particular."""
        kept = {name: [one for one in said if one.get("draft", text) == text][:1] for name, said in demos.items()}
        return {name: said for name, said in kept.items() if said}

    def _words(self, demos: Demos) -> str:
        parts = [(field, one[field]) for name, said in demos.items() for one in said for field in one if field in self.said[name]]
        return "\n".join(f"{field}: {value}" for field, value in parts)
