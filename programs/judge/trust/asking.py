"""Ask a judge about labelled answers, or about labelled pairs in both orders.

Hundreds are asked at once. What the judge cannot answer is counted as failed, never as wrong. A judge that asks pairs in
both orders itself is also asked one order at a time; the requests are the same and are paid once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy
import numpy as np

from selftaught import scope
from selftaught.evaluation import Evaluation, aevaluate
from selftaught.loop import run_sync
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.judge.trust.graded import Graded
from selftaught.programs.judge.trust.labels import FAMILY, FIRST, SECOND, SOURCE, Labels, labels_of, outputs_of, winners_of
from selftaught.programs.judge.trust.models import models_of
from selftaught.programs.judge.trust.pairs import Pair
from selftaught.programs.judge.verify import CONTRADICTS
from selftaught.signatures import input_names, output_names, render


def observe(
    judge: Judge,
    rows: Sequence[dspy.Example],
    *,
    threshold: float = 0.5,
    scale: tuple[float, float] = (0.0, 1.0),
    concurrency: int = 64,
    progress: bool | None = False,
) -> tuple[Graded, int]:
    """Ask a judge about graded answers; returns what it said, and how many answers have no verdict."""
    labels, fields, names = labels_of(rows, scale), list(judge.accepts()), output_names(judge.task)
    data = [dspy.Example(**{name: row[name] for name in fields if name in row}).with_inputs(*fields) for row in rows]
    found = _evaluated(judge, data, concurrency, progress)
    judged = [row for row in found.rows if row.answers and row.answers[0].get("score") is not None]
    kept = [row.index for row in judged]
    people = None if labels.people is None else labels.people[:, kept]
    criteria = [row.answers[0]["verdict"].criteria for row in judged]
    both_ways = _asks_both_ways(judge) or any(one.reason == CONTRADICTS for many in criteria for one in many)
    said = Graded(
        np.array([float(row.answers[0]["score"]) for row in judged]), Labels(labels.values[kept], people),
        np.array([float(len(render(names, rows[index]))) for index in kept]), [rows[index].get(SOURCE) for index in kept],
        [rows[index].get(FAMILY) for index in kept], criteria if both_ways else [], frozenset(models_of(judge)), threshold,
    )  # fmt: skip
    return said, len(rows) - len(judged)


def observe_pairs(judge: Judge, rows: Sequence[dspy.Example], concurrency: int, progress: bool | None) -> tuple[list[Pair], int]:
    """Ask a judge about pairs in both orders; returns what it said, and how many pairs have no verdict."""
    task, winners = judge.task, winners_of(rows)
    answers = [(outputs_of(row[FIRST], task, at), outputs_of(row[SECOND], task, at)) for at, row in enumerate(rows)]
    given = input_names(task) + ([REFERENCE] if _reads_reference(judge) else [])
    inputs = [{name: row[name] for name in given if name in row} for row in rows]
    asked = [
        dspy.Example(inputs=one, first=first, second=second).with_inputs("inputs", FIRST, SECOND)
        for one, (first, second) in zip(inputs, answers, strict=True)
    ]
    found = _evaluated(_BothOrders(judge), asked, concurrency, progress)
    pairs_ = []
    for row in found.rows:
        if row.answers:
            said, (first, second) = row.answers[0], answers[row.index]
            lengths = [len(render(output_names(task), one)) for one in (first, second)]
            longer = None if lengths[0] == lengths[1] else FIRST if lengths[0] > lengths[1] else SECOND
            pairs_.append(Pair(winners[row.index], said["given"], said["swapped"], said["places"], longer))
    return pairs_, len(rows) - len(pairs_)


def _evaluated(program: dspy.Module, data: list[dspy.Example], concurrency: int, progress: bool | None) -> Evaluation:
    with scope.scoped(purpose="judge"):
        return run_sync(lambda: aevaluate(program, data, _counts, concurrency=concurrency, progress=progress))


def _counts(example: dspy.Example, prediction: dspy.Prediction) -> float:
    return 1.0


class _BothOrders(dspy.Module):
    """Asks a judge about a pair in both orders, and one order at a time where it joins them itself."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge, self.single = judge, one_order_of(judge)

    async def aforward(self, inputs: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> dspy.Prediction:
        judges = [self.judge] if self.single is self.judge else [self.judge, self.single]
        orders = ((first, second), (second, first))
        said = await asyncio.gather(*(judge.prefer(inputs, *order) for judge in judges for order in orders))
        return dspy.Prediction(given=said[0], swapped=said[1], places=(said[-2].better, said[-1].better))


def one_order_of(judge: Judge) -> Judge:
    """Return the judge, or a copy that asks in one order where it asks in both."""
    if not any(getattr(module, "both_orders", False) for _, module in judge.named_sub_modules()):
        return judge
    single = judge.deepcopy()
    for _, module in single.named_sub_modules():
        if hasattr(module, "both_orders"):
            module.both_orders = False
    return single


def _asks_both_ways(judge: Judge) -> bool:
    return any(
        getattr(module, "both_ways", False) or getattr(module, "both_orders", False) for _, module in judge.named_sub_modules()
    )


def _reads_reference(judge: Judge) -> bool:
    return judge.reads_reference != "no" and not isinstance(judge, Pairwise)
