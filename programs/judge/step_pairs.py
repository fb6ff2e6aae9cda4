"""Step pairs (051; Shimao Zhang et al., 2025): which of several next steps is the best, given the steps before it?

For reasoning, where a score of a whole answer says little. Comparisons are more consistent than scores of single steps; their
number grows with the square of the candidates.

1. Compare every two candidates given the same prefix, in both orders; a verdict that changes with the order is a tie.
2. Count the wins of each. 3. Best: most wins; worst: fewest; the first of equals. Neither, where all have won the same.

Departure: the best and worst are returned; the search with them is `StepSearch(task, policy="greedy", value="pairs")`, and there is no training set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import dspy

from selftaught.errors import CallError, DataError
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.registry import method
from selftaught.signatures import Comparison, Task, derived

PREFIX, NEXT = "steps_before", "next_step"


@dataclass(frozen=True, slots=True)
class StepChoice:
    """The candidates compared. `best` and `worst`: indices, None where none stands out; `wins` of each; `decided`: comparisons
    with a winner; `failed`: without a readable verdict."""

    best: int | None
    worst: int | None
    wins: tuple[int, ...]
    decided: int
    failed: int


@method(51, "process-self-rewarding", family="self-training", missing="the seed judgements; training")
class StepPairs(Pairwise):
    """Compare candidate next steps of an answer: a pairwise judge of the task of writing the next step.

    Its inputs are the task's and `steps_before`; what it compares is `next_step`.

    Args:
        task: what the steps lead to an answer of.
        reason: think for a sentence before the verdict.
        odds: use the model's probabilities where it gives them; otherwise its words.
        margin: with probabilities, how far from one half the chance must be.
    """

    def __init__(self, task: str | Task, *, reason: bool = False, odds: bool = True, margin: float = 0.0) -> None:
        super().__init__(next_step_of(task), reason=reason, odds=odds, margin=margin)


def next_step_of(task: str | Task) -> Task:
    """Return the task of writing the next step: task inputs and `steps_before` -> `next_step`."""
    given = {PREFIX: (list[str], dspy.InputField(desc="the answer so far"))}
    asked = {NEXT: (str, dspy.OutputField(desc="one step"))}
    return derived(task, "NextStep", WRITE_THE_NEXT_STEP, given, asked)


async def best_step(judge: Pairwise, inputs: dict[str, Any], prefix: Sequence[str], candidates: Sequence[str]) -> StepChoice:
    """Compare candidate next steps.

    Args:
        judge: usually `StepPairs(task)`.
        inputs: the task's inputs.
        prefix: the steps before, the same for all candidates.
        candidates: texts; equal ones tie without a call.

    Raises:
        DataError: no candidates.
    """
    if not candidates:
        raise DataError("There are no candidate steps to compare.")
    pairs = list(combinations(range(len(candidates)), 2))
    asked = {**inputs, PREFIX: list(prefix)}
    found = await asyncio.gather(*(_compared(judge, asked, candidates[i], candidates[j]) for i, j in pairs))  # 1
    wins = [0] * len(candidates)
    for (i, j), verdict in zip(pairs, found, strict=True):  # 2
        if verdict is not None and verdict.better != "tie":
            wins[i if verdict.better == "first" else j] += 1
    failed = sum(verdict is None for verdict in found)
    if len(set(wins)) < 2:  # 3
        return StepChoice(None, None, tuple(wins), sum(wins), failed)
    return StepChoice(wins.index(max(wins)), wins.index(min(wins)), tuple(wins), sum(wins), failed)


async def _compared(judge: Pairwise, inputs: dict[str, Any], first: str, second: str) -> Comparison | None:
    try:
        return await judge.prefer(inputs, {NEXT: first}, {NEXT: second})
    except CallError:
        return None


WRITE_THE_NEXT_STEP = "Write the one step that comes next on the way to an answer to the task. It must be true and lead further."
