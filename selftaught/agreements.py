"""Agreement of two raters, or of many: balanced accuracy, Cohen's kappa, Krippendorff's alpha, as figures.

1. Balanced accuracy: the mean of two shares, with Newcombe's combination of their Wilson intervals.
2. Kappa: quantiles under a Dirichlet with half a case added to each cell of the table (Jeffreys), so that perfect
   agreement on a few answers is no certainty.
3. Alpha: bootstrap over the answers.
"""

from __future__ import annotations

import numpy as np

from selftaught.figures import DRAWS, ONE_CLASS, Figure, around, half_of_both, resampled, share, unknown


def balanced(said: np.ndarray, labels: np.ndarray) -> Figure:
    """Return the mean of the shares right among the good and among the bad."""
    if not labels.any() or labels.all():
        return unknown(ONE_CLASS, len(labels))
    parts = [share(int((said[side] == labels[side]).sum()), int(side.sum()), None) for side in (labels, ~labels)]
    return half_of_both(*parts)


def kappa(said: np.ndarray, labels: np.ndarray) -> Figure:
    """Return Cohen's kappa of two yes/no raters: agreement beyond what their shares of yes give by luck."""
    if (not labels.any() or labels.all()) and len(set(said.tolist())) < 2:
        return unknown("both say the same of all", len(labels))
    table = np.array([[np.sum((said == a) & (labels == b)) for b in (True, False)] for a in (True, False)], dtype=float)
    drawn = np.random.default_rng(0).dirichlet(table.ravel() + 0.5, DRAWS).reshape(-1, 2, 2)
    value = float(_kappas(table[None] / table.sum())[0])
    return Figure(value, around(value, _kappas(drawn)), 0.0, len(labels))


def _kappas(tables: np.ndarray) -> np.ndarray:
    agreed = tables[:, 0, 0] + tables[:, 1, 1]
    by_luck = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1)
    return (agreed - by_luck) / (1 - by_luck)


def alpha(ratings: np.ndarray) -> Figure:
    """Return Krippendorff's alpha of numeric ratings, one row a rater, one column an answer, NaN where one is missing."""
    pairable = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    if pairable.shape[1] < 2 or np.nanmin(pairable) == np.nanmax(pairable):
        return unknown("too few answers with two ratings, or all ratings equal", pairable.shape[1])

    def of(columns: np.ndarray) -> float | None:
        import krippendorff

        picked = pairable[:, columns]
        return float(krippendorff.alpha(picked, level_of_measurement="interval")) if np.nanstd(picked) > 0 else None

    columns = np.arange(pairable.shape[1])
    value = of(columns)
    assert value is not None
    return Figure(value, resampled(of, columns, value=value), 0.0, len(columns))
