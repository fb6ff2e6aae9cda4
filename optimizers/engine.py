"""The engine: ask, evaluate, tell; then confirm. It owns evaluation, budget, journal and resume; strategies only think.

The journal of a run holds, in order, what was asked and what was told. On resume the strategy is asked again from the
start; trials that were told before are told from the journal, the others are evaluated; and since every response is in
the run's store, what was paid for once is not paid for again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence

import dspy

from selftaught import scope
from selftaught.budget import Budget
from selftaught.errors import BudgetSpent
from selftaught.evaluation import Evaluation, evaluate_rows, summarize
from selftaught.ledger import total
from selftaught.metrics import Metric, Row
from selftaught.optimizers.candidate import BASELINE, Candidate, targets, task_of
from selftaught.optimizers.estimate import Estimate
from selftaught.optimizers.guards import Audit, Guard, watch_over
from selftaught.optimizers.outcome import Outcome
from selftaught.optimizers.policies import Confirmation, Exploited, NothingToGain, RealGain, Sampling, Shuffled, Stopping
from selftaught.optimizers.races import PairedRace, Race
from selftaught.optimizers.records import BUDGET_ENDED, Records, as_json
from selftaught.optimizers.scoreboard import Preference, Scoreboard
from selftaught.optimizers.search import Search
from selftaught.optimizers.space import Space
from selftaught.optimizers.splits import Splits
from selftaught.optimizers.strategy import Problem, Standing, Strategy, Trial
from selftaught.optimizers.wallet import Wallet
from selftaught.progress import Progress, Silent
from selftaught.run import Run


class Engine:
    """Runs one strategy on one program.

    Args:
        program: the baseline.
        splits: the examples, by purpose.
        metric: scores a program.
        make: builds the strategy from the problem.
        run: the run directory.
        budget: the ceiling; enough is kept back from the search to confirm its winner.
        seed: of everything.
        concurrency: examples in flight.
        tuned_parts: names of the predictors to tune.
        bar: where progress is shown.
        guards: what looks at candidates; none by default.
        audit: a metric that no candidate is selected on.
        space: knobs and programs to choose from.
        race, sampling, stopping, confirmation, prefer: the small decisions; see `races`, `policies` and `scoreboard`.

    A candidate that a guard stops stands without a score, so that it neither wins nor leads the strategy on.
    """

    def __init__(
        self,
        program: dspy.Module,
        splits: Splits,
        metric: Metric,
        make: Callable[[Problem], Strategy],
        *,
        run: Run,
        budget: Budget,
        seed: int = 0,
        concurrency: int = 64,
        tuned_parts: tuple[str, ...] | None = None,
        bar: Progress | None = None,
        guards: Sequence[Guard] = (),
        audit: Audit | None = None,
        space: Space | None = None,
        race: Race | None = None,
        sampling: Sampling | None = None,
        stopping: Sequence[Stopping] | None = None,
        confirmation: Confirmation | None = None,
        prefer: Preference | None = None,
        estimate: Estimate | None = None,
    ) -> None:
        task, space = task_of(program), space or Space()
        self.program, self.splits, self.metric, self.run, self.budget = program, splits, metric, run, budget
        self.seed, self.concurrency, self.bar, self.make, self.estimate = seed, concurrency, bar or Silent(), make, estimate
        self.race, self.sampling = race or PairedRace(), sampling or Shuffled()
        self.stopping = (Exploited(), NothingToGain()) if stopping is None else tuple(stopping)
        self.confirmation = confirmation or RealGain()
        cheap = frozenset(row for row, example in enumerate(splits.pool) if metric.samples_for(example) < metric.samples)
        parts = targets(program, task, tuned_parts)
        self.problem = Problem(program, task, splits.labelled, len(splits.pool), parts, random.Random(seed), metric, cheap, space)
        self.watch = watch_over(
            program, task, metric, splits.labelled, splits.pool, guards=guards, audit=audit, run=run, concurrency=concurrency
        )
        self.board = Scoreboard(program, space, metric, self.watch, len(splits.pool), cheap, prefer or Preference())
        self.records, self.wallet = Records(run, budget), Wallet(budget, run)
        self.search: Search | None = None
        self.step, self.ended = 0, ""

    async def optimize(self) -> Outcome:
        """Search, confirm, and return the winner or the baseline."""
        started = time.perf_counter()
        await self.open()
        while trials := await self.ask():
            await self.tell(trials, await self.evaluate(trials))
        outcome = await self.confirm()
        outcome.seconds = time.perf_counter() - started
        return outcome

    async def open(self) -> None:
        """Evaluate the baseline, keep back what confirming takes, and build the strategy.

        Raises:
            BudgetError: nothing would be left for the search.
        """
        self.wallet.charge_the_past()
        self.records.started(self._limits(), len(self.splits.pool), len(self.splits.unseen))
        trials = [Trial(BASELINE, tuple(range(len(self.splits.pool))))]
        self.records.asked("baseline", trials)
        with self._paying():
            await self._told("baseline", trials, self.records.told("baseline") or await self._run("baseline", trials))
            await self.watch.baseline(self.board.rows)
        self.wallet.divide(len(self.splits.pool), len(self.splits.unseen), begun=self.records.begun)
        afford = lambda: self.records.affordable(self.wallet)  # noqa: E731
        self.problem.affordable = afford()
        self.search = Search(self.make(self.problem), self.problem, self.race, self.sampling, self.board, self.seed, afford)

    async def ask(self) -> list[Trial]:
        """Return the next trials; none when the search has ended, and `ended` then says why."""
        assert self.search is not None, "open() comes first"
        if self.ended or self._stopped(self.records.ended(self.step)):
            return []
        self.step += 1
        if self.records.told(str(self.step)) is None and self._stopped(self.records.ended(self.step)):
            return []
        try:
            with self._paying(searching=True), scope.scoped(purpose="optimizer", label=f"propose {self.step}"):
                trials = await self.search.ask()
        except BudgetSpent as spent:
            self._stopped(f"{BUDGET_ENDED}: {spent}")
            return []
        if not trials:
            self._stopped("the strategy has nothing left to try")
        else:
            self.records.asked(str(self.step), trials)
        return trials

    async def evaluate(self, trials: Sequence[Trial]) -> list[list[Row]]:
        """Return the rows of trials that were asked for: from the journal, or by running their programs."""
        known = self.records.told(str(self.step))
        if known is not None:
            return known
        try:
            with self._paying(searching=True):
                return await self._run(str(self.step), trials)
        except BudgetSpent as spent:
            self._stopped(f"{BUDGET_ENDED}: {spent}")
            return []

    async def tell(self, trials: Sequence[Trial], rows: Sequence[Sequence[Row]]) -> list[Standing]:
        """Take the rows of trials, in the order asked; return how their candidates stand."""
        assert self.search is not None, "open() comes first"
        if len(rows) < len(trials):
            return []
        with self._paying(searching=True):
            standings = await self._told(str(self.step), trials, rows)
        if not standings:
            return []
        self.search.tell(standings)
        self.board.note()
        reason = next((found for one in self.stopping if (found := one.stops(self.board))), None)
        if reason is None and self.wallet.over:
            reason = BUDGET_ENDED
        self._stopped(reason)
        return standings

    def _stopped(self, reason: str | None) -> bool:
        if reason and not self.ended:
            self.ended = reason
            self.records.end(self.step, reason)
        return bool(self.ended)

    @contextlib.contextmanager
    def _paying(self, searching: bool = False) -> Iterator[None]:
        """Record calls in the run, under its budget, and the search's part of it."""
        own = (self.budget, self.wallet.search) if searching and self.wallet.search is not None else (self.budget,)
        with self.run.active(budgets=(*scope.current().budgets, *own)):
            yield

    async def _run(self, number: str, trials: Sequence[Trial]) -> list[list[Row]]:
        """Run trials, as many at once as the concurrency has room for."""
        together = max(1, self.concurrency // max(1, *(len(trial.rows or ()) for trial in trials)))
        found: list[list[Row]] = []
        for start in range(0, len(trials), together):
            running = (self._trial(number, trial) for trial in trials[start : start + together])
            done = await asyncio.gather(*running, return_exceptions=True)
            for one in done:
                if isinstance(one, BaseException):
                    raise one
                found.append(one)
        return found

    async def _trial(self, number: str, trial: Trial) -> list[Row]:
        known = self.board.rows.get(trial.candidate.key, {})
        fresh = [index for index in trial.rows or () if index not in known]
        if (refusal := self.watch.refuses(trial.candidate)) is not None:
            return [Row(index, {}, error=f"not run: {refusal.message}") for index in fresh]
        program = self.board.build(trial.candidate)
        self.bar.say(f"step {number}: {trial.candidate.origin[:40]}")
        with scope.scoped(label=f"trial {number} {trial.candidate.key}"):
            rows = await evaluate_rows(
                program, [self.splits.pool[i] for i in fresh], self.metric, concurrency=self.concurrency, indices=fresh
            )
        if len(rows) < len(fresh):
            raise BudgetSpent(f"{self.budget!r} ended in the middle of a trial")
        for row in rows:
            row.answers = as_json(row.answers)
        self.bar.advance()
        return rows

    async def _told(self, number: str, trials: Sequence[Trial], rows: Sequence[Sequence[Row]]) -> list[Standing]:
        """Put rows on the scoreboard, and into the journal where they are new."""
        try:
            with self.board.all_or_nothing():
                standings = [
                    await self.board.take(number, trial.candidate, found) for trial, found in zip(trials, rows, strict=True)
                ]
        except BudgetSpent as spent:  # an audit that could not be paid
            if number == "baseline":
                raise
            self._stopped(f"{BUDGET_ENDED}: {spent}")
            return []
        if self.records.told(number) is None:
            flags = [one.to_dict() for trial in trials for one in self.watch.found.get(trial.candidate.key, ())]
            self.records.tell(number, rows, standings, flags)
        return standings

    async def confirm(self) -> Outcome:
        """Compare the leader with the baseline on the unseen examples."""
        with self._paying():
            return await self._confirmed(self.board.leader())

    async def _confirmed(self, winner: Candidate) -> Outcome:
        before = await self._on_unseen("confirm baseline", BASELINE)
        if winner.key == BASELINE.key:
            reason = f"no candidate was better than the baseline on the selection examples{self._aside()}"
            return self._outcome(winner, False, reason, before, before)
        after = await self._on_unseen(f"confirm {winner.key}", winner)
        tries = self.records.winners_before(winner.key)
        found = self.confirmation.decide(before.rows, after.rows, self.metric, tries)
        reason, confirmed = f"{found.reason}{self._aside()}", found.confirmed
        if confirmed:
            looked = await self.watch.confirm(winner, before.rows, after.rows, self.splits.unseen)
            stops = [one for one in looked if one.severity == "stop"]
            if stops:
                confirmed, reason = (
                    False,
                    f"the gain is not to be trusted, so the baseline is returned: {stops[0].message}; {reason}",
                )
        outcome = self._outcome(winner, confirmed, reason, before, after)
        outcome.gain = found.gain
        return outcome

    def _outcome(self, winner: Candidate, confirmed: bool, reason: str, before: Evaluation, after: Evaluation) -> Outcome:
        program = self.board.build(winner) if confirmed else self.program
        reasons: list[str] = getattr(self.search.strategy, "reasons", list)() if self.search is not None else []
        return Outcome(
            program, winner, confirmed, reason, before, after, None, self.board.standings(), self.board.front(),
            total(self.run.calls()), budget=self._limits(), findings=self.watch.findings(), estimate=self.estimate,
            ended=self.ended, reasons=reasons,
        )  # fmt: skip

    def _limits(self) -> dict[str, float | None]:
        return {**self.budget.limits, "seconds": self.budget.seconds}

    def _aside(self) -> str:
        """Say in words which candidates were set aside."""
        stops = [one for one in self.watch.findings() if one.severity == "stop"]
        if not stops:
            return ""
        count = len({one.candidate for one in stops})
        said = "; ".join(dict.fromkeys(f"{one.detector}: {one.message}" for one in stops[:3]))
        return f". Set aside by guards: {count} candidate{'s' * (count > 1)} ({said})"

    async def _on_unseen(self, label: str, candidate: Candidate) -> Evaluation:
        self.bar.say(label)
        with scope.scoped(label=label):
            rows = await evaluate_rows(self.board.build(candidate), self.splits.unseen, self.metric, concurrency=self.concurrency)
        return summarize(rows, len(self.splits.unseen), self.metric, total(self.run.calls(label)))
