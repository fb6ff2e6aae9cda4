"""Candidates by several objectives at once: as points, in the order of NSGA-II, and in words for a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from selftaught.optimizers.strategy import Standing
from selftaught.pareto import Point, crowding, fronts


def points(standings: Sequence[Standing], objectives: Sequence[str]) -> list[Point]:
    """Return the objectives, all to be large; an unknown cost counts as the highest that is known."""
    columns = [[one.value for one in standings]]
    for name in objectives[1:]:
        costs = [one.objectives.get(name) for one in standings]
        worst = max((cost for cost in costs if cost is not None), default=0.0)
        columns.append([-(worst if cost is None else cost) for cost in costs])
    return list(zip(*columns, strict=True))


def ranked(found: Sequence[Point]) -> list[int]:
    """Return the indices of points: by front, within one by crowding distance, the roomier first; earlier first on ties."""
    order: list[int] = []
    for front in fronts(found):
        room = crowding([found[index] for index in front])
        order += [index for _, index in sorted(zip(room, front, strict=True), key=lambda pair: -pair[0])]
    return order


def measured(standing: Standing, objectives: Sequence[str]) -> str:
    """Return how a candidate stands in every objective, in words for a prompt; the quality in points out of 100."""
    costs = [(name, standing.objectives.get(name)) for name in objectives[1:]]
    known = [f"{name} {cost:g}" for name, cost in costs if cost is not None]
    return ", ".join([f"quality {100 * standing.value:.0f}", *known])
