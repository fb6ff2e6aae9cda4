"""The pool: the samples that all parts of a diagnosis share, each scored and verified once.

1. For each labelled input: the program's own answer, and resamples of it at a higher temperature.
2. The gold metric scores every sample; equal texts once.
3. The judge verifies the own answer and the first `samples` resamples; equal texts once. An unreadable verdict is missing.

An input whose own answer failed is counted and left out; a resample that failed is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.errors import CallError
from selftaught.evaluation import evaluate_rows, refuse_broken_metric
from selftaught.metrics import Metric, Row, Score
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import answer_key
from selftaught.progress import Progress
from selftaught.signatures import Task, output_names, render


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer. `key`: its comparable form; `right`: its gold score; `judged`, `passed`: the verdict, None where unreadable."""

    outputs: dict[str, Any]
    key: str
    text: str
    right: float | None
    judged: float | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One input. `own`: the program's own answer; `drawn`: all resamples; `samples`: the first of them, which are verified."""

    index: int
    example: dspy.Example
    own: Sample
    drawn: tuple[Sample, ...]
    asked: int
    calls: int = 1

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The verified resamples."""
        return self.drawn[: self.asked]


@dataclass(slots=True)
class Pool:
    """The samples of all inputs, and what is needed to run more. `failed`: inputs without an own answer or score."""

    program: dspy.Module
    task: Task
    metric: Metric
    judge: Judge | None
    examples: list[dspy.Example]
    unanswerable: list[dspy.Example]
    samples: int
    temperature: float = 0.8
    right_from: float = 0.5
    seed: int = 0
    concurrency: int = 64
    bar: Progress | None = None
    items: list[Item] = field(default_factory=list)
    failed: int = 0
    complete: bool = True

    def is_right(self, score: float) -> bool:
        """Return whether a score counts as right."""
        return score >= self.right_from

    async def fill(self, drawn: int, verify: bool) -> None:
        """Draw, score and verify."""
        measure = _Scored(self, drawn, verify)
        rows = await self.run(self.program, self.examples, measure)
        refuse_broken_metric(rows)
        self.items = [
            Item(row.index, self.examples[row.index], row.detail["samples"][0], tuple(row.detail["samples"][1:]), self.samples, row.calls)
            for row in rows if row.score is not None
        ]  # fmt: skip
        self.failed = len(rows) - len(self.items)

    async def run(self, program: dspy.Module, examples: Sequence[dspy.Example], metric: Metric) -> list[Row]:
        """Run a program on examples; where the budget ends within, the diagnosis is incomplete."""
        rows = await evaluate_rows(program, examples, metric, concurrency=self.concurrency, bar=self.bar)
        self.complete = self.complete and len(rows) == len(examples)
        return rows


class _Scored(Metric):
    """Scores the own answer; the detail holds every sample, scored and verified."""

    def __init__(self, pool: Pool, drawn: int, verify: bool) -> None:
        self.pool, self.samples, self.temperature = pool, 1 + drawn, pool.temperature
        self.judge = pool.judge if verify else None
        self.name = pool.metric.name

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Score one input's samples."""
        names = output_names(self.pool.task)
        outputs = [{name: one[name] for name in names} for one in predictions]
        texts = [render(names, one) for one in outputs]
        distinct = {text: number for number, text in reversed(list(enumerate(texts)))}
        verified = {texts[number] for number in range(min(len(texts), 1 + self.pool.samples))}
        scores = await asyncio.gather(*(self.pool.metric.score(example, [predictions[i]]) for i in distinct.values()))
        verdicts = await asyncio.gather(*(self._verdict(example, outputs[i], t in verified) for t, i in distinct.items()))
        right = dict(zip(distinct, (one.value for one in scores), strict=True))
        said = dict(zip(distinct, verdicts, strict=True))
        found = [
            Sample(one, answer_key(one, names), text, right[text], *said[text]) for one, text in zip(outputs, texts, strict=True)
        ]
        return Score(found[0].right, "", {"samples": found})

    async def _verdict(self, example: dspy.Example, outputs: dict[str, Any], asked: bool) -> tuple[float | None, bool | None]:
        if self.judge is None or not asked:
            return None, None
        try:
            found = await self.judge.acall(**dict(example.inputs()), **outputs, **self.judge.reference_of(example))
        except CallError:
            return None, None
        passed = found.passed if found.passed is not None or found.score is None else found.score >= 0.5
        return found.score, passed


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote over samples. `share`: of the winner; `right`: the expected score of the winner, ties averaged."""

    share: float
    right: float


def ballot_of(samples: Sequence[Sample]) -> Ballot | None:
    """Return the vote over samples that have a score; None without any."""
    by_key: dict[str, list[float]] = {}
    for one in samples:
        if one.right is not None:
            by_key.setdefault(one.key, []).append(one.right)
    if not by_key:
        return None
    most = max(len(scores) for scores in by_key.values())
    winners = [sum(scores) / len(scores) for scores in by_key.values() if len(scores) == most]
    return Ballot(most / sum(map(len, by_key.values())), sum(winners) / len(winners))


def comparable(items: Sequence[Item]) -> bool:
    """Return whether any two samples of one input agree; without that there is nothing to vote on."""
    return any(len({one.key for one in item.samples}) < len(item.samples) for item in items)
