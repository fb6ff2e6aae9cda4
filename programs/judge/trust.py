"""Can this judge be trusted? Its verdicts against labels, with intervals and the level of chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import dspy
import numpy as np
from scipy import stats

from selftaught import scope
from selftaught.errors import DataError, SettingError, UntrustedJudge
from selftaught.evaluation import aevaluate
from selftaught.loop import run_sync
from selftaught.metrics import Row
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Task, as_task, output_names
from selftaught.statistics import Interval, wilson

LABEL = "good"


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of a judge.

    `accuracy`: share of answers on which judge and label agree, with its 95 % interval. `chance`: what the best constant
    judge would reach. `auroc`: the chance that a good answer scores above a bad one, ties half; None with one class only.
    `consistency`: share of criteria with the same finding when asked both ways, None where not asked. `constant`: the judge
    said the same to all. `n`: verdicts; `failed`: answers without one. `by_construction`: the labels were made, not given.
    """

    accuracy: float | None
    interval: Interval
    chance: float
    auroc: float | None
    p: float
    consistency: float | None
    constant: bool
    n: int
    failed: int
    by_construction: bool = False

    @property
    def informative(self) -> bool:
        """True when good answers score higher than bad ones beyond chance (one-sided Mann-Whitney test at 5 %)."""
        return not self.constant and self.auroc is not None and self.p <= 0.05

    def __str__(self) -> str:
        if self.accuracy is None or self.auroc is None:
            return f"undetermined: {self.n} verdicts, {'one class of labels only' if self.n else 'none readable'}"
        bound = " (labels by construction: a lower bound of the task's difficulty)" if self.by_construction else ""
        both = "" if self.consistency is None else f", same finding both ways {self.consistency:.0%}"
        verdict = "carries information" if self.informative else "no information beyond chance"
        low, high = self.interval
        return (
            f"{verdict}: agrees with labels on {self.accuracy:.0%} ({low:.0%} to {high:.0%}, chance {self.chance:.0%}), "
            f"AUROC {self.auroc:.2f} (p={self.p:.2g}){both}, n={self.n}{bound}"
        ).replace("%", " %")

    def gate(self, minimum: float = 0.6) -> Trust:
        """Return this trust, or refuse the judge.

        Args:
            minimum: the least AUROC.

        Raises:
            UntrustedJudge: it carries no information beyond chance, or its AUROC is below the minimum.
        """
        if not self.informative or (self.auroc or 0.0) < minimum:
            raise UntrustedJudge(
                f"This judge cannot serve as a metric: {self}. Needed: information beyond chance and an AUROC of at least {minimum}. "
                "Use labelled examples, a guarded agreement of samples, or a stronger model as judge."
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**asdict(self), "interval": list(self.interval), "informative": self.informative}


def trust_of(
    judge: Judge,
    labelled: Sequence[dspy.Example],
    *,
    threshold: float = 0.5,
    by_construction: bool = False,
    concurrency: int = 64,
) -> Trust:
    """Measure a judge on labelled answers.

    Args:
        judge: any judge.
        labelled: examples that hold the task's inputs and outputs, and `good` (bool): whether the answer is right.
        threshold: a score of at least this counts as the judge saying "good".
        by_construction: the labels come from `label_by_construction`.

    Raises:
        DataError: there are no examples. SettingError: one has no label `good`.
    """
    rows = list(labelled)
    if not rows:
        raise DataError("There are no labelled answers to measure the judge on.")
    for number, example in enumerate(rows):
        if LABEL not in example:
            raise SettingError(
                f"Labelled answer {number} has no field {LABEL!r} (true or false). It has {sorted(example.keys())}."
            )
    return run_sync(lambda: _measure(judge, rows, threshold, by_construction, concurrency))


async def _measure(
    judge: Judge, labelled: list[dspy.Example], threshold: float, by_construction: bool, concurrency: int
) -> Trust:
    fields = list(judge.accepts())
    data = [
        dspy.Example(**{name: example[name] for name in (*fields, LABEL) if name in example}).with_inputs(*fields)
        for example in labelled
    ]
    with scope.scoped(purpose="judge"):
        evaluation = await aevaluate(judge, data, _keep_score, concurrency=concurrency, progress=False)
    return _figures(evaluation.rows, data, threshold, by_construction)


def _keep_score(example: dspy.Example, prediction: dspy.Prediction) -> float:
    return float(prediction.score or 0.0)


def _figures(rows: list[Row], data: list[dspy.Example], threshold: float, by_construction: bool) -> Trust:
    judged = [row for row in rows if row.answers and row.answers[0].get("score") is not None]
    scores = np.array([float(row.answers[0]["score"]) for row in judged])
    labels = np.array([bool(data[row.index][LABEL]) for row in judged])
    failed = len(rows) - len(judged)
    if not len(scores):
        return Trust(None, (0.0, 1.0), 0.5, None, 1.0, None, True, 0, failed, by_construction)
    agreed = int(np.sum((scores >= threshold) == labels))
    chance = float(max(labels.mean(), 1 - labels.mean()))
    auroc, p = _auroc(scores, labels)
    return Trust(
        agreed / len(scores), wilson(agreed, len(scores)), chance, auroc, p, _consistency(judged),
        bool(np.all(scores == scores[0])), len(scores), failed, by_construction,
    )  # fmt: skip


def _auroc(scores: np.ndarray, labels: np.ndarray) -> tuple[float | None, float]:
    good, bad = scores[labels], scores[~labels]
    if not len(good) or not len(bad):
        return None, 1.0
    if np.all(scores == scores[0]):
        return 0.5, 1.0
    found = stats.mannwhitneyu(good, bad, alternative="greater")
    return float(found.statistic / (len(good) * len(bad))), float(found.pvalue)


def _consistency(rows: list[Row]) -> float | None:
    criteria = [criterion for row in rows for criterion in row.answers[0]["verdict"].criteria]
    return sum(criterion.passed is not None for criterion in criteria) / len(criteria) if criteria else None


def label_by_construction(task: str | Task, examples: Sequence[dspy.Example]) -> list[dspy.Example]:
    """Return labelled answers made from solved examples: each with its own answer (good) and another's (bad).

    Answers that two examples share make no bad pair.

    Raises:
        DataError: fewer than two different answers.
    """
    names = output_names(as_task(task))
    made = []
    for number, example in enumerate(examples):
        own = {name: example[name] for name in names}
        others = [{name: other[name] for name in names} for other in (*examples[number + 1 :], *examples[:number])]
        wrong = next((other for other in others if other != own), None)
        inputs = dict(example.inputs())
        made.append(dspy.Example(**inputs, **own, **{LABEL: True}).with_inputs(*inputs, *names))
        if wrong is not None:
            made.append(dspy.Example(**inputs, **wrong, **{LABEL: False}).with_inputs(*inputs, *names))
    if not any(not example[LABEL] for example in made):
        raise DataError("All examples have the same answer, so no wrong answers can be made from them.")
    return made
