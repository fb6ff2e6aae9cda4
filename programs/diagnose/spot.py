"""The size of a blind spot, and what a review of every answer would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from selftaught.figures import Figure, resampled, unknown
from selftaught.programs.diagnose.differences import paired
from selftaught.statistics import Interval, wilson


def spot_of(external: Sequence[float], internal: Sequence[float]) -> Figure:
    """Return (external - internal) / external over the same items, negative where its own errors are mended better.

    Args:
        external: 1 for each item that was mended as somebody else's, else 0.
        internal: the same as the model's own.

    Undetermined where nothing is mended as somebody else's.
    """
    if not len(external):
        return unknown("no items")
    others, own = np.asarray(external, dtype=float), np.asarray(internal, dtype=float)
    value = _ratio(others, own)
    if value is None:
        return unknown("no error is mended even as somebody else's", len(others))
    low, high = resampled(_ratio, others, own, value=value)
    if high - low < 1e-9:  # resampling equal items would claim certainty
        low, high = _from_shares(others, own, value)
    return Figure(value, (low, high), 0.0, len(others))


def review_of(own: Sequence[bool | None], mended: Mapping[int, bool], kept: Mapping[int, bool]) -> Figure:
    """Return what a review of every answer as somebody else's would change: errors mended less right answers spoiled.

    Args:
        own: whether the program's own answer to each item was right; None where there is none.
        mended: by item, whether an injected error ended right.  kept: whether a right answer did.
    """
    ends = [(kept if was else mended).get(number) for number, was in enumerate(own)]
    known = [(float(was), float(end)) for was, end in zip(own, ends, strict=True) if was is not None and end is not None]
    gain = paired([was for was, _ in known], [end for _, end in known], "no review")
    return Figure(gain.value, gain.interval, 0.0, gain.n) if gain.value is not None else unknown("too few items", gain.n)


def _ratio(external: np.ndarray, internal: np.ndarray) -> float | None:
    total = external.sum()
    return float((total - internal.sum()) / total) if total else None


def _from_shares(external: np.ndarray, internal: np.ndarray, value: float) -> Interval:
    """Return a wide interval from those of the two shares."""
    count = len(external)
    (low, high), (own_low, own_high) = (wilson(float(one.sum()), count) for one in (external, internal))
    return min(value, 1 - own_high / low), max(value, 1 - own_low / high)
