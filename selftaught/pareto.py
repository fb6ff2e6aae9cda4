"""Several objectives at once: who is not beaten, how crowded the front is, and which point to choose.

Sources: Deb et al. (2002), non-dominated sorting and crowding distance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = Sequence[float]


def dominates(one: Point, other: Point) -> bool:
    """True where one point is nowhere worse and somewhere better. All values are to be large."""
    return all(a >= b for a, b in zip(one, other, strict=True)) and any(a > b for a, b in zip(one, other, strict=True))


def fronts(points: Sequence[Point]) -> list[list[int]]:
    """Return the indices of the points in fronts: those that nobody beats, then those that only they beat, and so on."""
    left, found = list(range(len(points))), []
    while left:
        front = [i for i in left if not any(dominates(points[j], points[i]) for j in left)]
        found.append(front)
        left = [i for i in left if i not in front]
    return found


def scaled(points: Sequence[Point]) -> list[tuple[float, ...]]:
    """Return the points with every objective between 0 and 1; one without spread is 0 everywhere."""
    columns = list(zip(*points, strict=True))
    low, high = [min(column) for column in columns], [max(column) for column in columns]
    return [
        tuple((value - a) / (b - a) if b > a else 0.0 for value, a, b in zip(point, low, high, strict=True)) for point in points
    ]


def crowding(points: Sequence[Point]) -> list[float]:
    """Return how much room each point of one front has: infinity at the ends. Objectives are scaled first."""
    if not points:
        return []
    room, rescaled = [0.0] * len(points), scaled(points)
    for objective in range(len(points[0])):
        order = sorted(range(len(points)), key=lambda i: rescaled[i][objective])
        room[order[0]] = room[order[-1]] = math.inf
        for before, here, after in zip(order, order[1:], order[2:], strict=False):
            room[here] += rescaled[after][objective] - rescaled[before][objective]
    return room


def knee(points: Sequence[Point], weights: Sequence[float] | None = None) -> int:
    """Return the index of the point nearest to the best of all objectives, each scaled to its range and weighted.

    The first objective counts most on ties.
    """
    rescaled = scaled(points)
    weighed = weights or [1.0] * len(points[0])
    far = [math.sqrt(sum(w * (1.0 - value) ** 2 for w, value in zip(weighed, point, strict=True))) for point in rescaled]
    return min(range(len(points)), key=lambda i: (round(far[i], 12), -points[i][0], i))
