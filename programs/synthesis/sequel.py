"""A pipeline that begins from the rows of an earlier one: skills before their mixtures, translated seeds before new tasks.

1. Run the first pipeline to its end, in a folder of its own inside the run's.
2. Make the source, and the rows that gates know, from its rows.
3. Run the parts, as any pipeline does. Funnel, reasons and usage are those of both.

Both are runs of their own on disk: what the first brought can be read there, is not paid again, and an interruption in either
is continued. Where the budget ends in the first, nothing has come out yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import dspy

from selftaught.budget import Budget
from selftaught.ledger import Usage
from selftaught.programs.synthesis.executor import Executor
from selftaught.programs.synthesis.outcome import Synthesized
from selftaught.programs.synthesis.pipeline import UNREACHABLE, Part, Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Source

FIRST = "first"
"""The folder of the first pipeline's run."""


class Sequel(Pipeline):
    """Parts whose source is made from the rows of a first pipeline. Subclasses write `begun`.

    Args:
        first: the pipeline that runs before; None where `given` holds what it would bring.
        parts: see `Pipeline`.
        wanted: rows that the first is to bring; None where its source ends.
        given: rows that are there without it; they come before its own.
        name: of the source, in reports.
        begins: rows that the source will begin, where that is known before; a run may then go on until it ends.
    """

    def __init__(
        self, first: Pipeline | None, parts: Sequence[Part], *, wanted: int | None = None, given: Sequence[Row] = (),
        name: str = "source", begins: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(Unknown(name, begins), parts)
        self.first, self.wanted, self.given = first, wanted, list(given)

    def begun(self, rows: Sequence[Row]) -> tuple[Source, Sequence[Row]]:
        """Return the source, and the rows that gates know from the start, for the rows of the first; at least one."""
        raise NotImplementedError

    async def arun(
        self, count: int | None, run_dir: str | Path | None, budget: Budget | None, seed: int, concurrency: int, patience: int,
        progress: bool | None, executor: Executor,
    ) -> Synthesized:  # fmt: skip
        """Run the first, then the rest; see `Pipeline.run`."""
        folder = None if run_dir is None else Path(run_dir)
        before = Synthesized([], Counter(), [], "", Usage(), folder)
        if count == 0:
            return replace(before, ended="enough rows")
        if self.first is not None:  # 1
            with dspy.context(caller_modules=[*(dspy.settings.caller_modules or []), self]):
                inside = folder and folder / FIRST
                before = await self.first.arun(self.wanted, inside, budget, seed, concurrency, patience, False, executor)
        rows = [*self.given, *before.rows]
        if not rows or before.ended.startswith(("the budget ended", UNREACHABLE)):
            ended = (
                before.ended
                if rows or before.ended.startswith(("the budget ended", UNREACHABLE))
                else f"nothing to begin from: {before.ended}"
            )
            return replace(before, rows=[], ended=ended, folder=folder)
        then = copy(self)
        then.source, seeds = self.begun(rows)  # 2
        then.seeds = list(seeds)
        then.source.name = self.source.name
        with dspy.context(caller_modules=[*(dspy.settings.caller_modules or []), self]):
            found = await Pipeline.arun(then, count, run_dir, budget, seed, concurrency, patience, progress, executor)  # 3
        return replace(
            found, rejected=before.rejected + found.rejected, funnel=[*before.funnel, *found.funnel],
            usage=together(before.usage, found.usage), folder=folder,
        )  # fmt: skip

    def described(self) -> dict[str, Any]:
        """Return what defines this pipeline, the first one's steps included."""
        return {**super().described(), "given": [row.id for row in self.given]}


class Unknown(Source):
    """Stands for a source that is made once the first pipeline has ended."""

    def __init__(self, name: str, begins: int | None = None) -> None:
        self.name, self.begins = name, begins

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Begin nothing."""
        return None

    def total(self) -> int | None:
        """Return how many rows the source will begin, where that is known."""
        return self.begins


def together(one: Usage, other: Usage) -> Usage:
    """Return the sum of two usages."""
    sums: dict[str, Any] = {}
    for field in fields(Usage):
        mine, more = getattr(one, field.name), getattr(other, field.name)
        sums[field.name] = None if mine is None or more is None else mine + more
    return Usage(**sums)
