"""Solutions and what came of them: which cases count, and which solution is best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from selftaught.programs.code.cases import Case, hollow_versions
from selftaught.programs.code.running import Trial

Run = Callable[[Sequence[str], Sequence[Case]], Coroutine[Any, Any, list[list[Trial]]]]
"""Runs each code (a row) in each case."""


@dataclass(slots=True)
class Solution:
    """A solution: the task's outputs, its code, what came of it in each case, and what else to tell of it."""

    outputs: dict[str, Any]
    code: str
    notes: dict[str, Any] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)

    @property
    def passes(self) -> tuple[bool, ...]:
        """Which cases it passes."""
        return tuple(one.passed for one in self.trials)

    @property
    def failures(self) -> list[str]:
        """What failed, as the model is told."""
        return [one.why for one in self.trials if not one.passed]


async def try_all(found: Sequence[Solution], cases: Sequence[Case], run: Run) -> None:
    """Run solutions in cases, and keep with each what came of it."""
    for one, trials in zip(found, await run([one.code for one in found], cases), strict=True):
        one.trials = trials


async def keep_what_counts(found: Sequence[Solution], cases: Sequence[Case], hidden: int, least: int, run: Run) -> list[Case]:
    """Return the cases that count, and forget what came of the others.

    Args:
        found: solutions that were run in all cases.
        cases: those that came with the input, which all count, then those that the model wrote.
        hidden: how many came with the input.
        least: solutions that must pass a written case.
        run: runs codes in cases.
    """
    agreed = [number for number in range(hidden, len(cases)) if sum(one.passes[number] for one in found) >= least]
    model = max(found, key=lambda one: sum(one.passes))
    rows = await run(hollow_versions(model.code), [cases[number] for number in agreed]) if agreed else []
    telling = [number for place, number in enumerate(agreed) if any(not row[place].passed for row in rows)]
    kept = [*range(hidden), *telling]
    for one in found:
        one.trials = [one.trials[number] for number in kept]
    return [cases[number] for number in kept]


def best_of(found: Sequence[Solution], hidden: int) -> Solution:
    """Return the solution that passes most; the first of equals.

    The cases given come first. Of those written, passing counts as often as there are solutions that pass just the same.
    """
    same = Counter(one.passes for one in found)
    return max(found, key=lambda one: (sum(one.passes[:hidden]), sum(one.passes[hidden:]) * same[one.passes]))
