"""Metrics: what turns a prediction into a score in [0, 1]. Judges, DSPy metrics and plain functions all become one of these."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.loop import WouldBlock, in_thread, run_inline


@dataclass(frozen=True, slots=True)
class Score:
    """One score. `value` in [0, 1], None when it could not be determined. `detail`: what the metric wants to remember."""

    value: float | None
    feedback: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """One evaluated example. `answers`: the predictions' output fields, the program's own first. `score`: None if it failed.

    `calls`, `tokens`, `usd`: what the program's own answer takes, also where it was answered from the store; `usd` is None
    where a price is unknown. `fresh`: nothing was, so that `seconds` is the latency of all its samples. Judging not included.
    """

    index: int
    inputs: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)
    score: float | None = None
    feedback: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    raw: str | None = None
    labelled: bool = True
    seconds: float = 0.0
    calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    fresh: bool = True


class Metric:
    """Base of metrics.

    `samples`: how many predictions the evaluation draws for one example; the first is the program's own, the others are
    resampled at `temperature`. `self_judged`: True when no gold answer of the scored example is read.
    `uses_given`: the labelled training examples are evaluated too, each with its own demonstration left out.
    """

    name: str = "metric"
    samples: int = 1
    temperature: float = 0.8
    self_judged: bool = False
    uses_given: bool = False

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Return the score of one example."""
        raise NotImplementedError

    def samples_for(self, example: dspy.Example) -> int:
        """Return how many predictions this example needs."""
        return self.samples

    def finish(self, rows: Sequence[Row]) -> None:
        """Set scores that need a look at all rows together. Called once the rows are there, and again when more come."""

    def combine(self, rows: Sequence[Row]) -> float | None:
        """Return the program's score from the rows that have one; None without any."""
        values = [row.score for row in rows if row.score is not None]
        return sum(values) / len(values) if values else None

    @property
    def is_mean(self) -> bool:
        """True when `combine` is the plain mean, for which sharper intervals and tests exist."""
        return type(self).combine is Metric.combine


class FunctionMetric(Metric):
    """A metric from a function `(example, prediction[, trace])`, async or not, or any DSPy metric.

    It may return a number in [0, 1], a bool, or an object with `score` and `feedback`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self._with_trace = _takes_trace(function)
        self._in_thread = False

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Call the function."""
        more = (None,) if self._with_trace else ()
        found = await self._called(example, predictions[0], *more)
        return as_score(await found if inspect.isawaitable(found) else found, self.name)

    async def _called(self, *arguments: Any) -> Any:
        """Call the function on the loop; one that turns out to call a model gets a thread, so that it cannot wait for itself."""
        if not self._in_thread:
            try:
                return run_inline(self.function, *arguments)
            except WouldBlock:
                self._in_thread = True
        return await in_thread(self.function, *arguments)


def as_metric(metric: Any) -> Metric:
    """Return a metric from a Metric, a judge, or a function.

    Raises:
        SettingError: it is none of these.
    """
    if isinstance(metric, Metric):
        return metric
    own = getattr(metric, "as_metric", None)
    if callable(own):
        return own()
    if callable(metric):
        return FunctionMetric(metric)
    raise SettingError(
        f"metric={metric!r} is no metric. Expected a judge, a Metric, or a function (example, prediction) -> number in [0, 1]."
    )


def as_score(found: Any, name: str) -> Score:
    """Return what a metric function returned as a score.

    Raises:
        SettingError: it is no number in [0, 1].
    """
    feedback = ""
    if not isinstance(found, int | float | bool) and found is not None:
        holder = found if not isinstance(found, Mapping) else dspy.Prediction(**found)
        feedback = str(getattr(holder, "feedback", "") or "")
        found = getattr(holder, "score", found)
    if isinstance(found, bool | int | float) or hasattr(found, "__float__"):
        value = float(found)
        if not math.isnan(value):
            if not 0.0 <= value <= 1.0:
                raise SettingError(f"The metric {name} returned {value:g}. A score lies in [0, 1]; divide by its maximum.")
            return Score(value, feedback)
    raise SettingError(f"The metric {name} returned {found!r}. Expected a number in [0, 1], a bool, or an object with a score.")


def _takes_trace(function: Callable[..., Any]) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) >= 3 or any(p.kind is p.VAR_POSITIONAL for p in parameters)
