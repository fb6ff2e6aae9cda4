"""The audit: a second opinion on answers that are there already, on which no candidate is selected (056, 081).

1. Score the answers of the baseline and of a candidate by the audit's metric: the labels where there are any, otherwise a
   second, different judge. No program is run again.
2. A candidate whose score rises while its audit falls exploits its judge: paired on the same examples, one-sided.
3. In the search each look is tested at a fifth of the level, since there are many; the winner's at the whole level, on the
   unseen examples.

Departures: (1) 056 stops training on the sign alone, here a test must say that it is no chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import SettingError
from selftaught.evaluation import gain, score_row
from selftaught.metrics import Metric, Row, as_metric
from selftaught.optimizers.guards.base import Finding, mean
from selftaught.optimizers.guards.instructions import is_closed
from selftaught.optimizers.guards.texts import words
from selftaught.programs.judge import F1, Exact
from selftaught.programs.judge.gold import Gold
from selftaught.signatures import Task, output_names

LEVEL = 0.05
EACH_LOOK = 0.2
LABEL_WORDS = 3
"""Mean words of a labelled answer up to which it must be met exactly; longer ones are compared word by word."""


class Audit:
    """A metric that no candidate is selected on.

    Args:
        metric: a judge other than the one that selects, a Metric or a function; None for the labels of the examples.
        every: audit the leading candidate every so many steps of the search; 1 by default. The labels cost no calls, so
            with them every candidate that beats the baseline is audited at every step.
        level: one-sided level of the final test; 0.05 by default, a fifth of it for each look in the search.

    Raises:
        SettingError: `every` is less than 1, or `level` lies outside (0, 1).
    """

    def __init__(self, metric: Any = None, *, every: int = 1, level: float = LEVEL) -> None:
        if every < 1 or not 0.0 < level < 1.0:
            raise SettingError(f"every={every}, level={level:g}: expected every >= 1 and a level between 0 and 1.")
        self.metric: Metric | None = as_metric(metric) if metric is not None else None
        self.every, self.level = every, level

    @property
    def free(self) -> bool:
        """True when the audit is no judge, so that it costs no calls."""
        return self.metric is None or not self.metric.self_judged

    def bound(self, task: Task, selects: Metric, examples: Sequence[dspy.Example]) -> Audit:
        """Return this audit for a task, with the labels' metric filled in.

        Raises:
            SettingError: it is the metric that selects, needs samples that are not drawn, or there are no labels.
        """
        metric = self.metric or gold_for(task, examples)
        if metric is None:
            raise SettingError(
                "The audit has no metric and the examples have no labels. Give Audit(metric=...) a judge other than the one that selects."
            )
        if metric is selects or _judge(metric) is _judge(selects):
            raise SettingError(
                f"The audit is the metric that selects ({selects.name}). An audit is a second opinion: give another judge, or labels."
            )
        if metric.samples > selects.samples:
            raise SettingError(
                f"The audit {metric.name} needs {metric.samples} samples of each answer and {selects.samples} are drawn. Give another metric."
            )
        return Audit(metric, every=self.every, level=self.level)

    async def score(self, rows: Sequence[Row], examples: Sequence[dspy.Example], concurrency: int = 64) -> list[Row]:
        """Score answers that are there; rows without an answer, or without the label it takes, are left out."""
        metric = self.metric
        if metric is None:
            raise SettingError("This audit was not bound to a task. Call bound(...) first.")
        gate = asyncio.Semaphore(concurrency)

        async def one(row: Row) -> Row:
            fresh = Row(row.index, row.inputs, row.answers, labelled=row.labelled)
            async with gate:
                await score_row(fresh, examples[row.index], [dspy.Prediction(**said) for said in row.answers], metric)
            return fresh

        reads_labels = isinstance(metric, Gold)
        usable = [row for row in rows if row.answers and (not reads_labels or dict(examples[row.index].labels()))]
        with scope.scoped(purpose="judge"):
            found = list(await asyncio.gather(*(one(row) for row in usable)))
        metric.finish(found)
        return found

    def falls(self, before: Sequence[Row], after: Sequence[Row], *, last: bool = False) -> Finding | None:
        """Return a finding where the audit falls from `before` to `after`; both are rows that the audit scored.

        Args:
            last: the winner's test at the whole level, instead of one of many looks.
        """
        assert self.metric is not None
        level = self.level if last else self.level * EACH_LOOK
        lost = gain(after, before, self.metric)
        if not lost.real(level):
            return None
        old, new = (self.metric.combine(rows) for rows in (before, after))
        said = f"the score rises while the audit ({self.metric.name}) falls by {lost.difference * 100:.0f} points on {lost.n} examples, p={lost.p:.2g} at level {level:g}"
        return Finding("audit", said, "stop", old, new, lost.p, lost.n)

    def rises(self, before: Sequence[Row], after: Sequence[Row]) -> bool:
        """True when the audit rises, by the same test at the whole level."""
        assert self.metric is not None
        return gain(before, after, self.metric).real(self.level)


def as_audit(given: Any) -> Audit | None:
    """Return an audit from an Audit, a judge, a Metric, a function; None for False."""
    if given is False:
        return None
    return given if isinstance(given, Audit) else Audit(given)


def gold_for(task: Task, examples: Sequence[dspy.Example]) -> Metric | None:
    """Return the metric that reads the labels of a task's first output; None where there are none.

    Closed answers and short ones must be met exactly, longer ones are compared word by word.
    """
    name = output_names(task)[0]
    labels = [one[name] for one in examples if name in one]
    if not labels:
        return None
    short = is_closed(task.output_fields[name].annotation) or mean([len(words(str(one))) for one in labels]) <= LABEL_WORDS
    return Exact(name) if short else F1(name)


def _judge(metric: Metric) -> Any:
    return getattr(metric, "judge", metric)
