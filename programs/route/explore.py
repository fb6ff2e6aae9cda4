"""Exploration: every expert answers every example, so that one knows who is good at what (190 SMART, 053 ALAMA).

1. Run each expert on all examples, forced: no dispatcher, no other expert.     2. Score each answer with a judge or metric.
3. From the matrix of outcomes: each expert alone, the best possible choice, and for each example the winner: of those that
   passed, the cheapest, then the first.

What a perfect choice would reach is flattered by luck: with several tries somebody is right by chance. Compare with a vote that
costs as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.evaluation import evaluate
from selftaught.programs.base import cost_of
from selftaught.programs.route.core import Route
from selftaught.programs.route.dispatch import Asked
from selftaught.programs.route.learned import Learned

SHOWN = 6
"""Demonstrations that a step which names experts is given."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """The outcomes of experts on examples.

    Attributes:
        inputs: of each example.
        scores: expert -> its score on each example, from 0 to 1; None where the call or the judge failed.
        answers: expert -> its outputs on each example; None where there are none.
        costs: expert -> calls of one answer, at most.
        passing: score from which an answer is right.
    """

    inputs: list[dict[str, Any]]
    scores: dict[str, list[float | None]]
    answers: dict[str, list[dict[str, Any] | None]]
    costs: dict[str, int]
    passing: float = 0.5

    def single(self) -> dict[str, float]:
        """Return the mean outcome of each expert alone; a failed answer is left out, and an expert without any counts 0."""
        known = {name: [one for one in scores if one is not None] for name, scores in self.scores.items()}
        return {name: sum(scores) / len(scores) if scores else 0.0 for name, scores in known.items()}

    def oracle(self) -> float:
        """Return the mean of the best outcome on each example: what a perfect choice would reach."""
        best = [max((scores[i] or 0.0 for scores in self.scores.values()), default=0.0) for i in range(len(self.inputs))]
        return sum(best) / len(best) if best else 0.0

    def winners(self) -> list[str | None]:
        """Return for each example the cheapest expert that passed, the first of equals; None where none did."""
        cheapest = sorted(self.scores, key=lambda name: self.costs[name])
        return [next((name for name in cheapest if self._passed(name, i)), None) for i in range(len(self.inputs))]

    def rows(self) -> list[dict[str, Any]]:
        """Return a training row for each example that has a winner: inputs, the winner as `expert`, its `outputs`."""
        found = zip(self.inputs, self.winners(), range(len(self.inputs)), strict=True)
        return [{"inputs": given, "expert": name, "outputs": self.answers[name][i]} for given, name, i in found if name]

    def _passed(self, name: str, i: int) -> bool:
        score = self.scores[name][i]
        return score is not None and score >= self.passing


def explore(
    program: Route, examples: Sequence[dspy.Example], metric: Any, *, passing: float = 0.5, concurrency: int = 64
) -> Exploration:
    """Run every expert of a program on every example.

    Args:
        program: whose experts; it is not changed, see `learn`.
        examples: with `with_inputs(...)`, and labels where the metric reads them.
        metric: a judge, a metric, or a function `(example, prediction) -> number in [0, 1]`.
        passing: score from which an answer is right.
        concurrency: examples in flight at once.

    Raises:
        DataError: no example. SettingError: the metric is none.
    """
    scores, answers = {}, {}
    for name, expert in program.experts.items():
        rows = evaluate(expert, examples, metric, concurrency=concurrency, progress=False).rows
        scores[name] = [row.score for row in rows]
        answers[name] = [row.answers[0] if row.answers else None for row in rows]
    costs = {name: cost_of(expert).at_most for name, expert in program.experts.items()}
    return Exploration([dict(example.inputs()) for example in examples], scores, answers, costs, passing)


def learn(program: Route, found: Exploration) -> Route:
    """Teach a program's dispatcher what an exploration found; returns the program, which is changed.

    One that learns outcomes gets all of them. One that asks a model gets the winners of some examples as demonstrations, each
    expert's in turn.

    Raises:
        SettingError: the dispatcher can learn neither.
    """
    if isinstance(program.dispatch, Learned):
        for name, scores in found.scores.items():
            for inputs, score in zip(found.inputs, scores, strict=True):
                if score is not None:
                    program.dispatch.report(inputs, name, score)
    elif isinstance(program.dispatch, Asked):
        program.dispatch.select.demos = _in_turn(found)
    else:
        raise SettingError(f"A dispatcher of the kind {type(program.dispatch).__name__} does not learn: build with dispatch='learned'.")  # fmt: skip
    return program


def _in_turn(found: Exploration) -> list[dspy.Example]:
    of: dict[str, list[dict[str, Any]]] = {name: [] for name in found.scores}
    for row in found.rows():
        of[row["expert"]].append({**row["inputs"], "choice": row["expert"]})
    turns = range(max((len(rows) for rows in of.values()), default=0))
    shown = [rows[turn] for turn in turns for rows in of.values() if turn < len(rows)]
    return [dspy.Example(**row) for row in shown[:SHOWN]]
