"""Ranking several answers to one input by comparisons: who is best, and how sure is that?

`all`: every pair is compared; strengths by Bradley and Terry's model (1952), ties half a win for each.
`knockout`: n - 1 comparisons (055's tournament); the winner meets the next, ties keep the earlier. Only the winner is
ranked; whom it could not beat is level with it.

The fit is regularised, so that an answer that never loses has a finite strength; it does not depend on the order of the
answers. Ties everywhere leave the ranking undetermined, and it says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from selftaught.errors import CallError, DataError, SettingError
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Comparison

REGULARISATION = 0.05
HALF = 0.5
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of several answers. `order`: indices, best first; `strengths`: log-strength of each answer, mean 0.

    `decided`: comparisons that had a winner, of `compared`; `failed`: comparisons without a readable verdict;
    `determined`: False when no answer stands out, then `order` is the given one.
    """

    order: tuple[int, ...]
    strengths: tuple[float, ...]
    compared: int
    decided: int
    failed: int = 0

    @property
    def determined(self) -> bool:
        """Whether at least one comparison had a winner, and the best is stronger than the next."""
        return self.decided > 0 and self.strengths[self.order[0]] - self.strengths[self.order[1]] > ROUNDING


async def rank(
    judge: Judge, inputs: dict[str, Any], answers: Sequence[dict[str, Any]], how: Literal["all", "knockout"] = "all"
) -> Ranking:
    """Rank answers to one input.

    Args:
        judge: any judge; one that compares directly asks each pair, others score both.
        inputs: the task's inputs.
        answers: the task's outputs, one dictionary each.
        how: every pair, or a knockout.

    Raises:
        DataError: no answers. SettingError: an unknown `how`.
    """
    if not answers:
        raise DataError("There are no answers to rank.")
    if how not in ("all", "knockout"):
        raise SettingError(f"how={how!r}: expected 'all' or 'knockout'.")
    return await (_all(judge, inputs, answers) if how == "all" else _knockout(judge, inputs, answers))


async def _all(judge: Judge, inputs: dict[str, Any], answers: Sequence[dict[str, Any]]) -> Ranking:
    pairs = list(combinations(range(len(answers)), 2))
    found = await asyncio.gather(*(_compared(judge, inputs, answers[i], answers[j]) for i, j in pairs))
    wins = np.zeros((len(answers), len(answers)))
    for (i, j), verdict in zip(pairs, found, strict=True):
        if verdict is not None:
            share = {"first": 1.0, "tie": HALF, "second": 0.0}[verdict.better]
            wins[i, j] += share
            wins[j, i] += 1.0 - share
    strengths = bradley_terry(wins)
    order = tuple(sorted(range(len(answers)), key=lambda i: (-round(strengths[i] / ROUNDING), i)))
    decided = sum(verdict is not None and verdict.better != "tie" for verdict in found)
    return Ranking(order, strengths, len(pairs), decided, sum(verdict is None for verdict in found))


async def _knockout(judge: Judge, inputs: dict[str, Any], answers: Sequence[dict[str, Any]]) -> Ranking:
    best, level, decided, failed = 0, list[int](), 0, 0  # level: who met the best one and did not lose
    for rival in range(1, len(answers)):
        verdict = await _compared(judge, inputs, answers[best], answers[rival])
        better = "tie" if verdict is None else verdict.better
        failed += verdict is None
        decided += better != "tie"
        if better == "second":
            best, level = rival, []
        elif better == "tie":
            level.append(rival)
    top = [best, *level]
    share = len(top) / len(answers)
    strengths = tuple((1.0 if i in top else 0.0) - share for i in range(len(answers)))
    order = (*top, *(i for i in range(len(answers)) if i not in top))
    return Ranking(order, strengths, len(answers) - 1, decided, failed)


async def _compared(judge: Judge, inputs: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> Comparison | None:
    try:
        return await judge.prefer(inputs, first, second)
    except CallError:
        return None


def bradley_terry(wins: np.ndarray) -> tuple[float, ...]:
    """Return log-strengths, mean 0, from a matrix of (possibly weighted) wins of row over column."""
    if len(wins) < 2 or not wins.any():
        return (0.0,) * len(wins)
    import choix

    found = choix.ilsr_pairwise_dense(np.asarray(wins, dtype=float), alpha=REGULARISATION)
    return tuple(float(value) for value in found - found.mean())
