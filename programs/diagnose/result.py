"""What a comparison found: figures for each program, paired tests between them, and one sentence each.

Every test is paired on the examples that both sides could answer. Survivors of the race have fixed-sample tests (two-sided
sign-flip permutation), corrected by Holm within their family; a program that was dropped has the p-value of the bet that
dropped it, and an interval that is valid at any stopping time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations
from statistics import median
from typing import Any

from selftaught.evaluation import describe, interval_of
from selftaught.ledger import Usage
from selftaught.metrics import Metric, Row
from selftaught.programs.diagnose.differences import Difference, corrected, paired
from selftaught.programs.diagnose.flips import Flips, flips_of
from selftaught.racing import anytime_interval
from selftaught.statistics import Interval, pareto_front

SAME_COST = 0.02
"""Costs that differ by less than this share count as equal."""


@dataclass(slots=True)
class Contestant:
    """One program of a comparison.

    `control_of`: the program it is a control of. `dropped_by`, `dropped_at`: who beat it, after how many examples; `p`: the
    evidence. `hopeless`: it was not beaten, but could hardly be shown better than `dropped_by` any more. `score`, `interval`, `calls`, `tokens`, `usd`, `seconds`: for one example; seconds are the median of those
    answered fresh. `if_failures_wrong`: the score if every failed example counted 0. `front`: on the Pareto front.
    """

    name: str
    rows: list[Row]
    control_of: str | None = None
    dropped_by: str | None = None
    dropped_at: int | None = None
    p: float = 1.0
    hopeless: bool = False
    score: float | None = None
    interval: Interval = (0.0, 1.0)
    n: int = 0
    failed: int = 0
    if_failures_wrong: float | None = None
    calls: float | None = None
    tokens: float | None = None
    usd: float | None = None
    seconds: float | None = None
    front: bool = False
    flips: Flips | None = None
    to_baseline: Difference | None = None
    to_controls: list[Difference] = field(default_factory=list)
    sentence: str = ""

    def cost(self, unit: str) -> float:
        """Return the mean cost of one example; infinite where unknown."""
        found = getattr(self, unit)
        return float("inf") if found is None else found

    def __str__(self) -> str:
        return f"{self.name}: {describe(self.score, self.interval, self.n)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, without the rows."""
        names = ("name", "control_of", "dropped_by", "dropped_at", "hopeless", "score", "n", "failed", "if_failures_wrong", "calls", "tokens", "usd", "seconds", "front", "sentence")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in names},
            "interval": list(self.interval), "dropped_p": self.p if self.dropped_by else None,
            "flips": self.flips.to_dict() if self.flips else None,
            "to_baseline": self.to_baseline.to_dict() if self.to_baseline else None,
            "to_controls": [one.to_dict() for one in self.to_controls],
        }  # fmt: skip


@dataclass(slots=True)
class CompareResult:
    """The result of `compare`.

    `advised`: the cheapest program that no dearer one clearly beats; None when undetermined. `spent`: calls paid;
    `exhaustive`: calls that evaluating every program on every example would have taken, at the mean cost seen.
    """

    contestants: list[Contestant]
    baseline: str
    asked: int
    metric: str
    unit: str
    delta: float
    margin: float
    complete: bool
    usage: Usage
    advised: str | None = None
    advice: str = ""
    spent: float = 0.0
    exhaustive: float = 0.0

    def __getitem__(self, name: str) -> Contestant:
        return next(one for one in self.contestants if one.name == name)

    @property
    def programs(self) -> list[Contestant]:
        """The user's programs, without the controls."""
        return [one for one in self.contestants if one.control_of is None]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = ("baseline", "asked", "metric", "unit", "delta", "margin", "complete", "advised", "advice", "spent", "exhaustive")
        return {**{name: getattr(self, name) for name in names}, "usage": self.usage.to_dict(), "programs": [one.to_dict() for one in self.contestants]}  # fmt: skip

    def __str__(self) -> str:
        from selftaught.programs.diagnose.words import table

        return table(self)

    def report(self, path: Any) -> Any:
        """Write the comparison as one HTML file and return its path."""
        from selftaught.report.comparison import write_comparison

        return write_comparison(self, path)


def conclude(
    contestants: list[Contestant], *, baseline: str, asked: int, metric: Metric, unit: str, delta: float, margin: float,
    right_from: float, complete: bool, usage: Usage,
) -> CompareResult:  # fmt: skip
    """Return the figures, tests and sentences of finished rows."""
    from selftaught.programs.diagnose.words import advice_of, sentence_of

    result = CompareResult(contestants, baseline, asked, metric.name, unit, delta, margin, complete, usage)
    for one in contestants:
        _figures(one, metric)
    _differences(result)
    base = result[baseline]
    for one in contestants:
        one.flips = flips_of(base.rows, one.rows, right_from) if one is not base else None
    _front(result)
    _advise(result)
    result.spent = float(sum(row.calls for one in contestants for row in one.rows))
    result.exhaustive = sum((one.calls or 0.0) * asked for one in contestants)
    for one in contestants:
        one.sentence = sentence_of(one, result)
    result.advice = advice_of(result)
    return result


def _figures(one: Contestant, metric: Metric) -> None:
    scored = [row for row in one.rows if row.score is not None]
    values = [float(row.score or 0.0) for row in scored]
    one.n, one.failed = len(scored), len(one.rows) - len(scored)
    one.score = sum(values) / len(values) if values else None
    one.interval = anytime_interval(values) if one.dropped_by else interval_of(one.rows, metric)
    one.if_failures_wrong = sum(values) / len(one.rows) if one.rows else None
    answered = [row for row in one.rows if row.answers]
    if answered:
        one.calls = sum(row.calls for row in answered) / len(answered)
        one.tokens = sum(row.tokens for row in answered) / len(answered)
        prices = [row.usd for row in answered]
        one.usd = None if any(price is None for price in prices) else sum(price or 0.0 for price in prices) / len(prices)
        fresh = [row.seconds for row in answered if row.fresh]
        one.seconds = median(fresh) if fresh else None


def difference(one: Contestant, other: Contestant) -> Difference:
    """Return the paired difference of two contestants on the examples that both could answer, not yet corrected."""
    mine, others = ({row.index: float(row.score) for row in side.rows if row.score is not None} for side in (one, other))
    shared = sorted(mine.keys() & others.keys())
    return paired([others[index] for index in shared], [mine[index] for index in shared], other.name)


def _differences(result: CompareResult) -> None:
    """Test the user's survivors against the baseline, and against their controls: two families."""
    base = result[result.baseline]
    tested = [one for one in result.programs if one is not base and one.dropped_by is None]
    against_base = corrected([difference(one, base) for one in tested], len(result.programs) - 1)
    for one, found in zip(tested, against_base, strict=True):
        one.to_baseline = found
    pairs = [
        (one, result[control.name]) for one in result.programs if one.dropped_by is None
        for control in result.contestants if control.control_of == one.name and control.dropped_by is None
    ]  # fmt: skip
    controls = sum(one.control_of is not None for one in result.contestants)
    against = corrected([difference(one, control) for one, control in pairs], controls)
    for (one, _), found in zip(pairs, against, strict=True):
        one.to_controls.append(found)


def _as_gain(found: Difference) -> Difference:
    """Return a difference as a test of a gain alone: a loss has p = 1, so that losses do not ease the correction of gains."""
    return found if found.value is not None and found.value > 0 else replace(found, p=1.0)


def _beyond(dearer: Contestant, cheaper: Contestant, result: CompareResult) -> Difference:
    """Return the difference beyond the margin that a dearer program has to gain."""
    margin = result.margin if dearer.cost(result.unit) > cheaper.cost(result.unit) * (1.0 + SAME_COST) else 0.0
    if not margin:
        return difference(dearer, cheaper)
    raised = [replace(row, score=row.score + margin) for row in cheaper.rows if row.score is not None]
    return difference(dearer, replace(cheaper, rows=raised))


def _front(result: CompareResult) -> None:
    known = [one for one in result.contestants if one.score is not None and one.dropped_by is None]
    for index in pareto_front([(one.score or 0.0, one.cost(result.unit)) for one in known]):
        known[index].front = True


def _advise(result: CompareResult) -> None:
    """Climb from the cheapest survivor: a dearer one is advised when it is clearly better than the one advised so far.

    Better by more than the margin, where there is one and it costs more.
    """
    left = [one for one in result.programs if one.dropped_by is None and one.score is not None]
    left.sort(key=lambda one: (one.cost(result.unit), one.name != result.baseline))
    if not left or not result.complete:
        return
    pairs = list(combinations(range(len(left)), 2))
    family = len(result.programs) * (len(result.programs) - 1) // 2
    tests = corrected([_as_gain(_beyond(left[high], left[low], result)) for low, high in pairs], family)
    better = {(low, high): test.better for (low, high), test in zip(pairs, tests, strict=True)}
    chosen = 0
    for dearer in range(1, len(left)):
        if better[chosen, dearer]:
            chosen = dearer
    result.advised = left[chosen].name
