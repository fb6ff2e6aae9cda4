"""The Pareto front of a tuning run: score against what an answer costs, of the candidates that met all selection rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from selftaught.report.journal import Journal
from selftaught.statistics import pareto_front

UNITS = ("tokens", "calls", "usd", "length")
"""What the front is drawn against: the first in which the candidates differ."""


@dataclass(frozen=True, slots=True)
class Front:
    """What is drawn: `unit`, and the candidates as the comparison's plot takes them."""

    unit: str
    points: list[dict[str, Any]]


def front(journal: Journal) -> Front | None:
    """Return the front; None before two candidates met all rows, or where they all cost the same."""
    whole = {
        key: measured
        for key, measured in journal.standings.items()
        if measured.rows >= journal.pool and measured.score is not None
    }
    for unit in UNITS:
        costs = {key: journal.objectives.get(key, {}).get(unit) for key in whole}
        known = {key: float(cost) for key, cost in costs.items() if cost is not None}
        if len(set(known.values())) > 1:
            return Front(unit, _points(journal, known, unit))
    return None


def _points(journal: Journal, costs: dict[str, float], unit: str) -> list[dict[str, Any]]:
    keys = list(costs)
    best = {keys[index] for index in pareto_front([(journal.standings[key].score or 0.0, costs[key]) for key in keys])}
    return [
        {
            "name": journal.candidates[key].label, "score": journal.standings[key].score, "interval": journal.standings[key].interval,
            "n": journal.standings[key].n, unit: costs[key], "front": key in best, "control_of": None, "dropped_by": None,
        }
        for key in keys
    ]  # fmt: skip
