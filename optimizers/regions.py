"""Regions of inputs: k-means on their embeddings, with the number of regions chosen by a criterion (178; Wang et al., 2024).

For every k up to the most: inertia(k) / inertia(1) + alpha·k; the smallest wins, the fewest regions on ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALPHA = 0.02
"""What one more region costs (the paper's)."""
STARTS = 10
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Regions:
    """`members`: the numbers of the rows of each region; `centroids`: one list a region.

    `reach`: beyond which an input is like no region: halfway between the largest distance of a row from the centroid of the *others*
    of its region (a centroid is drawn to its own rows) and the smallest from a region that is not its own; never nearer than the
    former. None for a single region.
    """

    members: list[list[int]]
    centroids: list[list[float]]
    reach: float | None


def regions_of(rows: np.ndarray, most: int, seed: int, alpha: float = ALPHA) -> Regions:
    """Return the regions of embedded inputs; the same for the same seed.

    Args:
        rows: one for each input.
        most: regions at most; there are never more than different inputs.
        seed: of the starting points.
        alpha: see above.
    """
    most = max(1, min(most, len(np.unique(rows.round(DIGITS), axis=0))))
    found = [_clustered(rows, count, seed) for count in range(1, most + 1)]
    whole = found[0][0] or 1.0
    scores = [round(inertia / whole + alpha * (number + 1), DIGITS) for number, (inertia, _) in enumerate(found)]
    centroids = found[scores.index(min(scores))][1].round(DIGITS)
    distances = np.linalg.norm(rows[:, None] - centroids[None], axis=2)
    nearest = distances.argmin(axis=1)
    members = [np.flatnonzero(nearest == number).tolist() for number in range(len(centroids))]
    return Regions(members, centroids.tolist(), _reach(distances, members) if len(members) > 1 else None)


def _reach(distances: np.ndarray, members: list[list[int]]) -> float:
    foreign = np.sort(distances, axis=1)[:, 1].min()
    own = [distances[rows, number].max() * len(rows) / (len(rows) - 1) for number, rows in enumerate(members) if len(rows) > 1]
    inner = max(own, default=foreign)
    return float(np.ceil(max(inner, (inner + foreign) / 2) * 1000 + 1) / 1000)


def _clustered(rows: np.ndarray, count: int, seed: int) -> tuple[float, np.ndarray]:
    """Return inertia and centroids, the centroids in an order that does not depend on where k-means started."""
    from sklearn.cluster import KMeans  # heavy, and needed by few

    found = KMeans(n_clusters=count, n_init=STARTS, random_state=seed).fit(rows)
    first = [int(np.flatnonzero(found.labels_ == number)[0]) for number in range(count)]
    return float(found.inertia_), found.cluster_centers_[np.argsort(first)]
