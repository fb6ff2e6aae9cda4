"""A study: the engine with the loop in your hands, as in Optuna.

    with APE(metric).study(program, trainset=train, valset=val, budget=st.Budget(calls=400), run_dir="runs/mine") as study:
        while trials := study.ask():
            study.tell(study.evaluate(trials))  # or your own rows or scores
        tuned = study.finish()

Asking and telling are journalled as in `compile`, so that a study resumes as exactly.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import dspy

from selftaught.errors import SettingError
from selftaught.loop import run_sync
from selftaught.metrics import Row
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.strategy import Standing, Trial

if TYPE_CHECKING:
    from selftaught.optimizers.base import Optimizer


@dataclass(frozen=True, slots=True)
class Asked:
    """One trial to evaluate: the candidate, its program, and the examples it should meet, with their rows in the pool."""

    candidate: Candidate
    program: dspy.Module
    examples: list[dspy.Example]
    rows: tuple[int, ...]


class Study:
    """Ask, evaluate, tell, finish; a context manager.

    Args:
        optimizer: whose strategy thinks of candidates.
        student: the program.
        settings: what `compile` takes.
    """

    def __init__(self, optimizer: Optimizer, student: dspy.Module, **settings: Any) -> None:
        settings.pop("progress", None)
        self._stack = contextlib.ExitStack()
        self._opened = optimizer.opened(student, **settings)
        self._engine: Engine | None = None
        self._trials: list[Trial] = []

    def __enter__(self) -> Self:
        self._engine = self._stack.enter_context(self._opened)
        run_sync(self._engine.open)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def engine(self) -> Engine:
        """The engine; there is one inside the `with` block."""
        if self._engine is None:
            raise SettingError("Use the study in a with block: with optimizer.study(...) as study.")
        return self._engine

    def ask(self) -> list[Asked]:
        """Return the next trials; none when the search has ended."""
        self._trials = run_sync(self.engine.ask)
        pool, build = self.engine.splits.pool, self.engine.board.build
        return [
            Asked(trial.candidate, build(trial.candidate), [pool[row] for row in trial.rows or ()], trial.rows or ())
            for trial in self._trials
        ]

    def evaluate(self, trials: Sequence[Asked]) -> list[list[Row]]:
        """Evaluate the trials as `compile` does: concurrently, within the budget, from the journal where they are told already."""
        return run_sync(lambda: self.engine.evaluate(self._trials))

    def tell(self, results: Sequence[Sequence[Row]] | Sequence[Sequence[float | None]]) -> list[Standing]:
        """Tell the results of the last trials, in the order asked: rows, or one score in [0, 1] for each example (None: failed).

        Raises:
            SettingError: not as many results as were asked for.
        """
        if not results and self._trials and self.engine.ended:
            return []  # the budget ended while they were evaluated
        if len(results) != len(self._trials):
            raise SettingError(
                f"{len(results)} results were told of {len(self._trials)} trials. Tell one for each, in the order asked."
            )
        rows = [self._rows(trial, found) for trial, found in zip(self._trials, results, strict=True)]
        return run_sync(lambda: self.engine.tell(self._trials, rows))

    def _rows(self, trial: Trial, found: Sequence[Any]) -> list[Row]:
        if all(isinstance(one, Row) for one in found):
            return list(found)
        known = self.engine.board.rows.get(trial.candidate.key, {})
        wanted = [row for row in trial.rows or () if row not in known]
        if len(found) != len(wanted):
            raise SettingError(f"{len(found)} scores were told of {len(wanted)} examples of {trial.candidate.origin!r}.")
        for score in found:
            if score is not None and not 0.0 <= float(score) <= 1.0:
                raise SettingError(f"A score lies in [0, 1]; {score!r} was told.")
        examples = self.engine.splits.pool
        return [
            Row(row, dict(examples[row].inputs()), score=None if score is None else float(score), error="told without a score" if score is None else None)
            for row, score in zip(wanted, found, strict=True)
        ]  # fmt: skip

    def standings(self) -> list[Standing]:
        """Return how the candidates stand, best first."""
        return self.engine.board.standings()

    def finish(self) -> dspy.Module:
        """Confirm the leader on unseen examples, write the report, and return the program; its `tuning` holds the outcome."""
        from selftaught.optimizers.base import finished

        return finished(self.engine, run_sync(self.engine.confirm))
