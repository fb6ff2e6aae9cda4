"""The pipeline: rows begin at a source, go through stages and gates, and are on disk as they are accepted.

Work goes in rounds. In each:
1. The source begins rows, from what was accepted before (or not).
2. Stages up to the next gate run on all rows at once, at most `concurrency` in flight; each row on its own.
3. A gate decides row by row, in the order in which the rows were begun. Then the next stages, and so on.
4. Accepted rows are written, rejected ones with their reasons, and the round with what the gates let through: one commit.
5. Stop at `count` accepted rows, when the source ends, when the budget ends, when the model cannot be reached (the round is not
   committed, so no row is lost for that), or when nothing new came in `patience` rounds.

So a pipeline is a function of its seed and of the model's answers, whatever answers first. Every answer is on disk before it is
used: an interrupted round is begun again and paid for only once, and what comes out is what would have come out without the
interruption. Memory holds the accepted rows of a source that learns from them, one round, and what the gates remember.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import dspy

from selftaught import scope
from selftaught.budget import Budget
from selftaught.errors import BudgetSpent, ConnectionFailed, SettingError
from selftaught.loop import run_sync
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.executor import Carried, Carry, Executor, executor_of
from selftaught.programs.synthesis.files import Files, Round
from selftaught.programs.synthesis.knobs import knobs_of
from selftaught.programs.synthesis.outcome import Synthesized
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Gate, Source, Stage
from selftaught.progress import Progress, progress_bar
from selftaught.run import opened
from selftaught.store import fingerprint

Part = Stage | Gate
CONCURRENCY, PATIENCE = 64, 8
UNREACHABLE = "the model could not be reached"


class Pipeline(dspy.Module):
    """A source and the parts that its rows go through.

    Args:
        source: where rows begin.
        parts: stages and gates, in order, with different names.
        seeds: rows that gates know from the start, such as the examples that the source shows; they do not come out.

    Attributes:
        marks: what else defines a run of it, as plain data, such as the recipe that it is made from; with other marks it is another run.

    Raises:
        SettingError: a part of another kind, or two with one name.
    """

    def __init__(self, source: Source, parts: Sequence[Part], *, seeds: Sequence[Row] = ()) -> None:
        super().__init__()
        if not isinstance(source, Source):
            raise SettingError(f"source={source!r}: expected a source, such as Rows([...]).")
        self.source = source
        self.parts = listed("parts", parts, (Stage, Gate), "stages and gates")
        if twice := [name for name, often in Counter(part.name for part in self.parts).items() if often > 1]:
            raise SettingError(
                f"Two parts are called {twice[0]!r}. Give each its own name, so that the report can tell them apart."
            )
        self.seeds = list(seeds)
        self.marks: dict[str, Any] = {}

    def run(
        self, count: int | None = None, *, run_dir: str | Path | None = None, budget: Budget | None = None, seed: int = 0,
        concurrency: int = CONCURRENCY, patience: int = PATIENCE, progress: bool | None = None,
        executor: str | Executor = "here",
    ) -> Synthesized:  # fmt: skip
        """Make rows.

        Args:
            count: how many to accept; None goes on until the source ends.
            run_dir: where rows, reasons and answers are kept; the same call continues there. None keeps nothing.
            budget: a ceiling; when it ends, what was accepted is returned and the run can go on with more.
            seed: of the source's draws, if it draws; another seed is another run.
            concurrency: rows in flight.
            patience: rounds without a new row after which it stops; a model that repeats itself would otherwise go on for ever.
            progress: show a bar; by default where standard error is a terminal.
            executor: where the stages run: `"here"`, `"ray"`, or a `RayCluster`. The rows are the same.

        Raises:
            PackageMissing: Ray is asked for and not installed. SettingError: a setting that is none; `count` missing for a source without an end.
            RunError: `run_dir` holds another run.
            ConnectionFailed: the model could not be reached before any row was accepted.
        """
        at_least("concurrency", concurrency, 1), at_least("patience", patience, 1)
        if count is not None:
            at_least("count", count, 0)
        elif self.source.total() is None:
            raise SettingError("count=None: this source has no end of its own. Say how many rows you want, such as count=300.")
        where = executor_of(executor)
        return run_sync(lambda: self.arun(count, run_dir, budget, seed, concurrency, patience, progress, where))

    async def arun(
        self, count: int | None, run_dir: str | Path | None, budget: Budget | None, seed: int, concurrency: int, patience: int,
        progress: bool | None, executor: Executor,
    ) -> Synthesized:  # fmt: skip
        """Make rows from asynchronous code; see `run`."""
        settings = {
            "kind": "synthesis",
            "source": self.source.name,
            "parts": [part.name for part in self.parts],
            "settings": {part.name: fingerprint(knobs_of(part)) for part in (self.source, *self.parts)},
            "seeds": fingerprint([row.to_dict() for row in self.seeds]),
            "seed": seed,
            **self.described(),
            **self.marks,
        }
        callers = [*(dspy.settings.caller_modules or []), self]
        with opened(run_dir, settings) as kept, kept.active(budgets=scope.in_force(budget)), dspy.context(caller_modules=callers):
            parts = [deepcopy(part) if isinstance(part, Gate) else part for part in self.parts]  # a run's memory is its own
            files = Files(kept, [part for part in parts if isinstance(part, Gate)], count)
            async with executor.working(self) as carry:
                made = Making(self, parts, files, seed, asyncio.Semaphore(concurrency), carry)
                with progress_bar("rows", count if count is not None else self.source.total(), progress) as bar:
                    ended = await made.rounds(count, patience, bar)
            names = [self.source.name, *(part.name for part in self.parts)]
            files.stop(ended)
            return Synthesized(
                files.rows(), files.rejected, files.funnel(names), ended, kept.ledger.usage, kept.folder if run_dir is not None else None,
                {"pipeline": type(self).__name__, "seed": seed, "count": count, "models": self.models()},
            )  # fmt: skip

    def described(self) -> dict[str, Any]:
        """Return what defines this pipeline besides its parts, as plain data; another description is another run."""
        return {"instructions": [step.signature.instructions for step in self.predictors()]}

    def models(self) -> list[str]:
        """Return the names of the models that its steps ask."""
        asked = {getattr(step.lm or dspy.settings.lm, "model", None) for step in self.predictors()}
        return sorted(name for name in asked if name)

    def cost(self) -> Calls:
        """Return the calls of one row that goes through every part."""
        return sum((cost_of(part) for part in self.parts if isinstance(part, Stage)), Calls(0, 0))


class Making:
    """One run of a pipeline."""

    def __init__(
        self, pipeline: Pipeline, parts: Sequence[Part], files: Files, seed: int, slots: asyncio.Semaphore, carry: Carry
    ) -> None:
        self.pipeline, self.parts, self.files, self.seed, self.slots, self.carry = pipeline, parts, files, seed, slots, carry
        for row in pipeline.seeds:
            for gate in files.gates:
                gate.remember(row)
        files.restore()

    async def rounds(self, count: int | None, patience: int, bar: Progress) -> str:
        """Run rounds until there is reason to stop; returns it."""
        bar.advance(len(self.files.accepted))
        while count is None or len(self.files.accepted) < count:
            if self.files.idle >= patience:
                return f"stalled: {self.files.idle} rounds in a row brought nothing new"
            rows = self.pipeline.source.begin(self.files.number, self.files.accepted, self.seed)
            if rows is None:
                return "the source ended"
            try:
                made = await self.round(rows)
            except BudgetSpent as spent:
                return f"the budget ended: {spent}"
            except ConnectionFailed as error:
                if not self.files.accepted:
                    raise
                return f"{UNREACHABLE}: {error}"
            self.files.write(made)
            bar.advance(len(made.accepted))
        return "enough rows"

    async def round(self, rows: Sequence[Row]) -> Round:
        """Take the rows of one round through all parts."""
        made, going = Round(self.files.number), list(rows)
        made.entered[self.pipeline.source.name] = len(going)
        begun = 0
        for place, part in enumerate(self.parts):
            if isinstance(part, Gate):
                going = self.decided(part, await self.carried(slice(begun, place), going, made), made)
                begun = place + 1
        made.accepted = await self.carried(slice(begun, len(self.parts)), going, made)
        return made

    async def carried(self, which: slice, rows: Sequence[Row], made: Round) -> list[Row]:
        """Take rows through stages, all at once; returns those that came through, in order."""
        if not self.parts[which]:
            return list(rows)
        found = await asyncio.gather(*(self.in_turn(which, row) for row in rows), return_exceptions=True)
        going: list[Row] = []
        for one in found:
            if isinstance(one, BaseException):
                raise one
            outcome, entered = one
            made.entered.update(entered)
            going += [row for row in outcome if isinstance(row, Row)]
            made.rejected += [row for row in outcome if isinstance(row, Rejected)]
        return going

    async def in_turn(self, which: slice, row: Row) -> Carried:
        """Take one row through stages, once fewer than so many are in flight."""
        async with self.slots:
            return await self.carry(which, row)

    def decided(self, gate: Gate, rows: Sequence[Row], made: Round) -> list[Row]:
        """Let a gate decide on rows in order."""
        admitted = []
        made.entered[gate.name] += len(rows)
        for row, reason in zip(rows, gate.decide(rows), strict=True):
            if reason:
                made.rejected.append(Rejected(row, gate.name, reason))
            else:
                admitted.append(row.through(gate.name))
        made.admitted[gate.name] = admitted
        return admitted
