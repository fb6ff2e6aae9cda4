"""The search as a conversation: ask for trials, tell their results. It leads strategy and races, and evaluates nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from selftaught.errors import BudgetSpent
from selftaught.optimizers.policies import Sampling
from selftaught.optimizers.races import Field, Race
from selftaught.optimizers.scoreboard import Scoreboard
from selftaught.optimizers.strategy import Problem, Standing, Strategy, Trial


class Search:
    """Turns what a strategy asks for into trials on rows, race by race.

    A trial without rows is raced: its candidates meet blocks of rows as the race says, and the strategy is told when it is over.
    Trials with rows are evaluated as they are.

    Args:
        strategy: thinks of candidates.
        problem: what the strategy may know; before it is asked, what is affordable is brought up to date.
        race: says who meets which rows.
        sampling: says in which order rows are met.
        board: what is known so far.
        seed: of the orders.
        affordable: returns how many rows the search can still pay for; None without a limit.
    """

    def __init__(
        self,
        strategy: Strategy,
        problem: Problem,
        race: Race,
        sampling: Sampling,
        board: Scoreboard,
        seed: int,
        affordable: Callable[[], int | None],
    ) -> None:
        self.strategy, self.problem = strategy, problem
        self.race, self.sampling, self.board, self.affordable = race, sampling, board, affordable
        self.seed, self.races = seed, 0
        self.asked: list[Trial] = []
        self.field: Field | None = None

    async def ask(self) -> list[Trial]:
        """Return the next trials, each with its rows; none when the strategy has nothing left to try.

        Raises:
            BudgetSpent: the race cannot go on.
        """
        while True:
            if self.field is not None and (trials := self._block(self.field)):
                return trials
            if self.asked and (self.field is not None or self._met()):
                self._over()
            self.problem.affordable = self.affordable()
            self.asked = await self.strategy.ask()
            if not self.asked:
                return []
            raced = [trial for trial in self.asked if trial.rows is None]
            self.field = self._field(raced) if raced else None
            if not raced:
                return [trial for trial in self.asked if trial.rows]

    def tell(self, standings: Sequence[Standing]) -> None:
        """Take note that the trials of the last ask were evaluated; the scoreboard has their rows."""
        if self.field is not None:
            self.field.blocks += 1
        else:
            self._over()

    def _met(self) -> bool:
        return all(not trial.rows for trial in self.asked)

    def _over(self) -> None:
        told, self.asked, self.field = self.asked, [], None
        self.strategy.tell([self.board.standing(trial.candidate) for trial in told])

    def _field(self, trials: Sequence[Trial]) -> Field:
        """Line the candidates up. The order of the rows is drawn after the candidates are known."""
        self.races += 1
        chooser = random.Random(f"race {self.seed} {self.races}")
        keys = [trial.candidate.key for trial in trials]
        for trial in trials:
            self.board.candidates.setdefault(trial.candidate.key, trial.candidate)
        leader = self.board.leader().key
        return Field(
            keys, self.sampling.order(range(self.board.pool), chooser, self.board), self._scores,
            lambda key: self.board.standing(self.board.candidates[key]).value, [] if leader in keys else [leader],
            self.affordable(), self.board.metric.is_mean,
        )  # fmt: skip

    def _scores(self, key: str) -> dict[int, float | None]:
        return {index: row.score for index, row in self.board.rows.get(key, {}).items()}

    def _block(self, field: Field) -> list[Trial]:
        field.affordable = self.affordable()
        chosen = self.race.next(field)
        if field.broke:
            raise BudgetSpent(f"{field.affordable} rows are affordable, fewer than the race needs next")
        return [Trial(self.board.candidates[key], rows) for key, rows in chosen if rows]
