"""Several answers at once: those that came, and the most typical of them."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from itertools import combinations

import dspy

from selftaught.embedding import Encoder, embed
from selftaught.programs.branches import survivors


async def answered(calls: Iterable[Awaitable[dspy.Prediction]]) -> list[dspy.Prediction]:
    """Return what calls made together gave, in order, without those that failed; the first failure where all did."""
    return [one for one in await survivors(calls) if one is not None]


def medoids(texts: list[str], count: int, encoder: Encoder | None = None) -> list[int]:
    """Return the numbers of the texts to which all others are nearest in sum; the first choice of equal ones.

    Args:
        texts: more than `count`, and few: every choice is tried.
        count: medoids.
        encoder: see `selftaught.embedding`.
    """
    rows = embed(texts, encoder)
    distances = 1.0 - rows @ rows.T
    choices = combinations(range(len(texts)), count)
    return list(min(choices, key=lambda chosen: round(float(distances[:, chosen].min(axis=1).sum()), 9)))
