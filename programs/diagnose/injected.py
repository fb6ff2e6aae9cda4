"""Wrong answers made from right ones by one mechanical error, for probing what a model does with them.

In this order, the first that applies and that the gold metric calls wrong: another value of a field with few values (Literal,
bool); a changed number; another example's answer (both from `label_by_construction`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import dspy

from selftaught.errors import DataError
from selftaught.evaluation import evaluate_rows
from selftaught.metrics import Metric, Score
from selftaught.programs.judge.trust.corruptions import label_by_construction
from selftaught.programs.judge.trust.labels import CORRUPTION, LABEL
from selftaught.signatures import Task, output_names

KINDS = ("numbers", "swapped")


@dataclass(frozen=True, slots=True)
class Injected:
    """A solved example, its right answer, a wrong one, and the kind of error between them."""

    example: dspy.Example
    right: dict[str, Any]
    wrong: dict[str, Any]
    kind: str


async def inject(
    task: Task, examples: Sequence[dspy.Example], metric: Metric, right_from: float = 0.5, seed: int = 0
) -> list[Injected]:
    """Return the examples for which a wrong answer could be made; those without labelled outputs are left out."""
    names = output_names(task)
    solved = [one for one in examples if all(name in one.labels() for name in names)]
    tried = [
        (number, kind, outputs)
        for number, choices in enumerate(_candidates(task, solved, seed))
        for kind, outputs in [("", {name: solved[number][name] for name in names}), *choices]
    ]
    asked = [dspy.Example(original=solved[number], outputs=outputs).with_inputs("outputs") for number, _, outputs in tried]
    rows = await evaluate_rows(_Says(), asked, OfOriginal(metric)) if asked else []
    good: dict[int, dict[str, Any]] = {}
    made: dict[int, Injected] = {}
    for row in rows:
        number, kind, outputs = tried[row.index]
        if row.score is None:
            continue
        if not kind and row.score >= right_from:
            good[number] = outputs
        elif kind and row.score < right_from and number in good:
            made.setdefault(number, Injected(solved[number], good[number], outputs, kind))
    return list(made.values())


class OfOriginal(Metric):
    """Scores an answer with the example, under `original`, that its own example was made from."""

    def __init__(self, metric: Metric) -> None:
        self.metric, self.name = metric, metric.name

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Score by the original example."""
        return await self.metric.score(example["original"], predictions)


class _Says(dspy.Module):
    """Answers what it is told to."""

    async def aforward(self, outputs: dict[str, Any]) -> dspy.Prediction:
        return dspy.Prediction(**outputs)


def _candidates(task: Task, solved: Sequence[dspy.Example], seed: int) -> list[list[tuple[str, dict[str, Any]]]]:
    """Return the wrong answers to each example, the most telling kind first."""
    names = output_names(task)
    answers = [{name: one[name] for name in names} for one in solved]
    found = [[("choice", one) for one in _other_choice(task, a, random.Random(f"{seed} {i}"))] for i, a in enumerate(answers)]
    number = -1
    for row in _constructed(task, solved, seed):
        if row[LABEL]:
            number += 1
        else:
            found[number].append((row[CORRUPTION], {name: row[name] for name in names}))
    return found


def _constructed(task: Task, solved: Sequence[dspy.Example], seed: int) -> list[dspy.Example]:
    if not solved or {LABEL, CORRUPTION} & set(task.fields):
        return []
    try:
        return label_by_construction(task, solved, KINDS, seed)
    except DataError:
        return []


def _other_choice(task: Task, answer: dict[str, Any], draws: random.Random) -> list[dict[str, Any]]:
    """Return the answer with another value in its first field of few values."""
    for name, field in task.output_fields.items():
        values = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        values = (True, False) if field.annotation is bool else values
        others = [value for value in values if value != answer[name]]
        if others:
            return [{**answer, name: draws.choice(others)}]
    return []
