"""Shapley values by regression over masked inputs (KernelSHAP; Lundberg and Lee, 2017): how much does each part add?

1. Choose masks: all parts, none, and others; every choice where that many fit, else drawn with the weights of the Shapley kernel.
2. Fit a sum over the kept parts to the measured values, so that it is exact for all parts and for none.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from itertools import product

import numpy as np

Mask = tuple[bool, ...]
"""Which parts are kept."""


def masks_of(parts: int, most: int, chooser: random.Random) -> list[Mask]:
    """Return which parts to keep: all, none, and others: every choice where that many fit, else drawn by the Shapley kernel."""
    ends = [(True,) * parts, (False,) * parts] if parts else [()]
    if 2**parts <= most:
        return [*ends, *(mask for mask in product((True, False), repeat=parts) if mask not in ends)]
    sizes = list(range(1, parts))
    weights = [1.0 / (size * (parts - size)) for size in sizes]
    drawn = []
    for size in chooser.choices(sizes, weights, k=max(0, most - len(ends))):
        kept = set(chooser.sample(range(parts), size))
        drawn.append(tuple(index in kept for index in range(parts)))
    return list(dict.fromkeys([*ends, *drawn]))


def shapley(values: Mapping[Mask, float], parts: int) -> list[float]:
    """Return how much each part adds, from the values of masked inputs; together they add up to all minus none.

    Args:
        values: mask -> value. Without those of all parts and of none there is nothing to explain: zeros.
    """
    whole, empty = values.get((True,) * parts), values.get((False,) * parts)
    if whole is None or empty is None or not parts:
        return [0.0] * parts
    masks = [mask for mask in values if 0 < sum(mask) < parts]
    total = whole - empty
    if parts == 1 or not masks:
        return [total / parts] * parts
    table = np.array(masks, dtype=float)
    exact = len(masks) == 2**parts - 2  # drawn masks come as often as they weigh
    weights = np.sqrt([1.0 / (math.comb(parts, sum(mask)) * sum(mask) * (parts - sum(mask))) if exact else 1.0 for mask in masks])
    target = np.array([values[mask] - empty for mask in masks]) - table[:, -1] * total  # the last part takes what is left over
    found, *_ = np.linalg.lstsq((table[:, :-1] - table[:, -1:]) * weights[:, None], target * weights, rcond=None)
    return [*found.tolist(), float(total - found.sum())]
