"""Trying a program on labelled examples: what a strategy learns from before it proposes anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from selftaught import scope
from selftaught.conduct import conducted
from selftaught.errors import CallError
from selftaught.evaluation import score_row
from selftaught.metrics import Metric, Row, Score
from selftaught.optimizers.strategy import Problem
from selftaught.programs.judge import Exact
from selftaught.signatures import output_names

Demos = dict[str, list[dict[str, Any]]]
"""What each step saw and said, by predictor."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A program's answer to a labelled example. `score`: None where it could not be determined. `demos`: what its steps saw and said."""

    example: dspy.Example
    answer: dict[str, Any]
    score: float | None
    feedback: str = ""
    demos: Demos = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """True for a perfect score."""
        return self.score is not None and self.score >= 1.0

    @property
    def wrong(self) -> bool:
        """True for an answer with less than a perfect score; an answer that failed is neither right nor wrong."""
        return self.score is not None and self.score < 1.0


async def attempts(
    problem: Problem,
    program: dspy.Module | None = None,
    examples: Sequence[dspy.Example] | None = None,
    *,
    samples: int = 1,
    temperature: float | None = None,
    name: str = "attempt",
) -> list[Attempt]:
    """Run a program on labelled examples; calls that fail are left out.

    Args:
        problem: whose program, examples and metric are used.
        program: another one than the problem's.
        examples: others than all labelled ones.
        samples: answers to each example; the first is the program's own, the others are drawn at `temperature`.
        temperature: of the samples.
        name: tells the samples of one strategy's rounds apart.
    """
    chosen = program or problem.program
    metric = checker(problem)
    jobs = [(example, sample) for example in (problem.labelled if examples is None else examples) for sample in range(samples)]
    with conducted(), scope.scoped(leave_out=True):
        found = await asyncio.gather(
            *(_attempt(chosen, problem, example, metric, sample, temperature, name) for example, sample in jobs)
        )
    return [one for one in found if one is not None]


def checker(problem: Problem) -> Metric:
    """Return what checks answers to labelled examples: the metric, or the labels where a judge selects."""
    return Exact() if problem.metric.self_judged or problem.metric.samples > 1 else problem.metric


async def _scored(metric: Metric, example: dspy.Example, prediction: dspy.Prediction) -> Score:
    """Score one answer; a metric that fails leaves it without a score, as in an evaluation."""
    row = Row(0, dict(example.inputs()), [{}])
    await score_row(row, example, [prediction], metric)
    return Score(row.score, row.feedback)


async def _attempt(
    program: dspy.Module,
    problem: Problem,
    example: dspy.Example,
    metric: Metric,
    sample: int,
    temperature: float | None,
    name: str,
) -> Attempt | None:
    by_identity = {id(predictor): step for step, predictor in program.named_predictors()}
    inputs = dict(example.inputs())
    if not hasattr(program, "aforward"):
        return None
    with dspy.context(trace=[]):
        try:
            if sample:
                with scope.resampled(f"{name}{sample}", temperature or 0.8):
                    prediction = await program.acall(**inputs)
            else:
                prediction = await program.acall(**inputs)
        except (CallError, AdapterParseError):
            return None
        trace = list(dspy.settings.trace)
    demos: Demos = {}
    for predictor, given, said in trace:
        if (step := by_identity.get(id(predictor))) is not None:
            shown = {key: said[key] for key in predictor.signature.output_fields if key in said}
            demos.setdefault(step, []).append({**given, **shown})
    found = await _scored(metric, example, prediction)
    answer = {key: prediction[key] for key in output_names(problem.task) if key in prediction}
    return Attempt(example, answer, found.value, found.feedback, demos)
