"""What guards share: a finding, what detectors know, and detectors that measure one number of each answer.

A detector compares the answers of a candidate with the baseline's on the same examples. It never alarms because of what
the answers look like, only because of what *became* of them, and not where the labelled answers look the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

from scipy import stats

from selftaught.errors import SettingError
from selftaught.metrics import Row
from selftaught.signatures import render
from selftaught.statistics import paired_gain

LEVEL = 0.02
"""One-sided level of each detector's paired test: six answers that all changed suffice, five do not."""
LEAST_ROWS = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """What a guard found. `severity`: a "stop" keeps a candidate from winning, a "warn" is only reported.

    `before` and `after`: what was measured of the baseline and of the candidate; `p`: of the test behind it, None where
    none is needed; `rows`: examples looked at; `candidate`: its key.
    """

    detector: str
    message: str
    severity: Literal["warn", "stop"] = "stop"
    before: float | None = None
    after: float | None = None
    p: float | None = None
    rows: int = 0
    candidate: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the journal."""
        return asdict(self)

    def excused(self, why: str) -> Finding:
        """Return the same finding as a warning, with the reason."""
        return replace(self, severity="warn", message=f"{self.message} ({why})")


@dataclass(frozen=True, slots=True)
class Context:
    """What detectors know besides the answers.

    `outputs`: names of the answer's fields; `rubric`: texts that the judge scores by (criteria, questions, the task's
    instruction); `labelled`: solved examples as rows whose answers are the labels; `closed`: every output is a choice, a
    number or a bool, so that only sameness can be told from it.
    """

    outputs: tuple[str, ...]
    rubric: tuple[str, ...] = ()
    labelled: tuple[Row, ...] = ()
    closed: bool = False

    def text(self, row: Row) -> str:
        """Return the answer of a row as text."""
        return _text(self.outputs, row.answers[0])

    def given(self, row: Row) -> str:
        """Return the inputs of a row as text."""
        return _text(tuple(row.inputs), row.inputs)

    def labels(self) -> list[Row]:
        """Return the labelled rows that have an answer."""
        return [row for row in self.labelled if row.answers]


def _text(names: tuple[str, ...], values: Mapping[str, Any]) -> str:
    only = values.get(names[0]) if len(names) == 1 else None
    return only if isinstance(only, str) else render(list(names), values)  # rendering takes long, and most fields are text


@runtime_checkable
class Detector(Protocol):
    """Looks for one way in which answers degenerate. `excusable`: a gain on the audit turns its findings into warnings."""

    name: str
    excusable: bool

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Compare a candidate's rows with the baseline's; None where nothing is wrong, or too little is known."""


def paired(before: Sequence[Row], after: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Return the rows that both answered, by index, in the order of the index."""
    base = {row.index: row for row in before if row.answers}
    return [(base[row.index], row) for row in sorted(after, key=lambda one: one.index) if row.answers and row.index in base]


def mean(values: Sequence[float]) -> float:
    """Return the mean; 0 without values."""
    return sum(values) / len(values) if values else 0.0


class Rise:
    """Base of detectors that measure one number of each answer and alarm when it rises.

    1. Measure each answer of both.   2. The mean rises by at least `least`, and by half of it above the labelled answers;
    where these lie above the baseline themselves, a rank test must say that the candidate lies above them.
    3. A paired sign-flip test says that it is no chance.

    Args:
        least: rise of the mean that matters, in the detector's own unit.
        level: of the test; 0.02 by default.

    Raises:
        SettingError: `least` is not positive, or `level` lies outside (0, 1).
    """

    name = "rise"
    excusable = True
    severity: Literal["warn", "stop"] = "stop"
    least = 0.2

    def __init__(self, least: float | None = None, *, level: float = LEVEL) -> None:
        self.least = self.least if least is None else least
        self.level = level
        if self.least <= 0 or not 0 < level < 1:
            raise SettingError(
                f"{type(self).__name__}: least={self.least:g} must be positive and level={level:g} between 0 and 1."
            )

    def value(self, row: Row, context: Context) -> float:
        """Measure one answer."""
        raise NotImplementedError

    def says(self, before: float, after: float) -> str:
        """Say in words what was found."""
        raise NotImplementedError

    def values(self, rows: Sequence[Row], context: Context) -> list[float]:
        """Measure the answers of one program."""
        return [self.value(row, context) for row in rows]

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Compare the means; see the class."""
        pairs = paired(before, after)
        if context.closed or len(pairs) < LEAST_ROWS:
            return None
        old, new = self.values([a for a, _ in pairs], context), self.values([b for _, b in pairs], context)  # 1
        if mean(new) - mean(old) < self.least:
            return None
        if context.labels() and not self._beyond(old, new, self.values(context.labels(), context)):  # 2
            return None
        test = paired_gain(old, new)  # 3
        if test.p > self.level:
            return None
        said = self.says(mean(old), mean(new))
        return Finding(self.name, said, self.severity, mean(old), mean(new), test.p, len(pairs))

    def _beyond(self, old: Sequence[float], new: Sequence[float], labelled: Sequence[float]) -> bool:
        if mean(new) - mean(labelled) < self.least / 2:
            return False
        return mean(labelled) <= mean(old) or float(stats.mannwhitneyu(new, labelled, alternative="greater").pvalue) <= self.level


def percent(share: float) -> str:
    """Return a share as a person reads it."""
    return f"{share * 100:.0f} %"
