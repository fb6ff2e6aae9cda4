"""The engine: ask, evaluate, tell; then confirm. It owns evaluation, budget, journal and resume; strategies only think.

The journal of a run holds, in order, what was asked and what was told. On resume the strategy is asked again from the
start; trials that were told before are told from the journal, the others are evaluated; and since every response is in
the run's store, what was paid for once is not paid for again.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught import scope
from selftaught.budget import LIMITS, Budget, Spend
from selftaught.errors import BudgetError, BudgetSpent, RunError
from selftaught.evaluation import Evaluation, evaluate_rows, gain, interval_of, summarize
from selftaught.ledger import Usage, total
from selftaught.metrics import Metric, Row
from selftaught.optimizers.candidate import BASELINE, Candidate, apply, targets, task_of
from selftaught.optimizers.guards import Audit, Finding, Guard, watch_over
from selftaught.optimizers.splits import Splits
from selftaught.optimizers.strategy import Problem, Standing, Strategy, Trial
from selftaught.progress import Progress, Silent
from selftaught.run import Run
from selftaught.statistics import Gain

LEVEL = 0.05
"""One-sided level of the paired test that confirms a gain."""


@dataclass(slots=True)
class Outcome:
    """What a run found. `confirmed`: the gain is real on examples that no candidate was selected on; `reason` says it in words.

    `findings`: what the guards found, of every candidate that beat the baseline.
    """

    program: dspy.Module
    winner: Candidate
    confirmed: bool
    reason: str
    baseline: Evaluation
    tuned: Evaluation
    gain: Gain | None
    standings: list[Standing] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    budget: dict[str, float | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "confirmed": self.confirmed, "reason": self.reason, "baseline": self.baseline.to_dict(), "tuned": self.tuned.to_dict(),
            "gain": None if self.gain is None else asdict(self.gain), "winner": {"key": self.winner.key, **self.winner.to_dict()},
            "usage": self.usage.to_dict(), "seconds": round(self.seconds, 3), "budget": self.budget,
            "standings": [_figures(one) | {"origin": one.candidate.origin} for one in self.standings],
            "findings": [one.to_dict() for one in self.findings],
        }  # fmt: skip


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
        bar: where progress is shown.
        guards: what looks at candidates; none by default.
        audit: a metric that no candidate is selected on.

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
    ) -> None:
        task = task_of(program)
        self.program, self.splits, self.metric, self.run, self.budget = program, splits, metric, run, budget
        self.concurrency, self.bar = concurrency, bar or Silent()
        cheap = frozenset(row for row, example in enumerate(splits.pool) if metric.samples_for(example) < metric.samples)
        parts = targets(program, task, tuned_parts)
        self.problem = Problem(program, task, splits.labelled, len(splits.pool), parts, random.Random(seed), cheap)
        self.strategy = make(self.problem)
        self.rows: dict[str, dict[int, Row]] = {}
        self.candidates: dict[str, Candidate] = {BASELINE.key: BASELINE}
        self.reserve = Spend()
        self.watch = watch_over(
            program, task, metric, splits.labelled, splits.pool, guards=guards, audit=audit, run=run, concurrency=concurrency
        )

    async def optimize(self) -> Outcome:
        """Search, confirm, and return the winner or the baseline."""
        started = time.perf_counter()
        self.budget.charge(_spent(self.run.ledger.usage))
        self.run.append("started", {"budget": self._limits(), "pool": len(self.splits.pool), "unseen": len(self.splits.unseen)})
        with self.run.active(budgets=(*scope.current().budgets, self.budget)):
            await self._evaluate("baseline", [Trial(BASELINE, tuple(range(len(self.splits.pool))))])
            await self.watch.baseline(self.rows)
            self.reserve = self._confirmation_cost()
            await self._search()
            outcome = await self._confirm(self._winner())
        outcome.budget, outcome.findings = self._limits(), self.watch.findings()
        outcome.usage, outcome.seconds = total(self.run.calls()), time.perf_counter() - started
        return outcome

    def _limits(self) -> dict[str, float | None]:
        return {**self.budget.limits, "seconds": self.budget.seconds}

    async def _search(self) -> None:
        ended = {data["number"] for _, data in self.run.events("ended")}
        with self._search_budget() as within:
            for number in range(1, 1_000_000):
                if number in ended:
                    return
                try:
                    trials = await self._ask(number)
                    standings = await self._evaluate(str(number), trials) if trials else []
                except BudgetSpent as spent:
                    self._end(number, f"the budget for the search is spent: {spent}")
                    return
                if not standings:
                    self._end(number, "the strategy has nothing left to try")
                    return
                self.strategy.tell(standings)
                if self.watch.exploited is not None:
                    self._end(number + 1, f"the judge is being exploited: {self.watch.exploited.message}")
                    return
                if within is not None and within.over:
                    self._end(number + 1, "the budget for the search is spent")
                    return

    def _end(self, number: int, reason: str) -> None:
        if number not in {data["number"] for _, data in self.run.events("ended")}:
            self.run.append("ended", {"number": number, "reason": reason})

    async def _ask(self, number: int) -> list[Trial]:
        with scope.scoped(purpose="optimizer", label=f"propose {number}"):
            return await self.strategy.ask()

    async def _evaluate(self, number: str, trials: list[Trial]) -> list[Standing]:
        """Evaluate what was asked, or take it from the journal; return standings in the order asked."""
        asked = [
            {"candidate": trial.candidate.to_dict(), "key": trial.candidate.key, "rows": list(trial.rows)} for trial in trials
        ]
        told = self._told(number, asked)
        with self._all_or_nothing():
            if told is None:
                self.run.append("asked", {"number": number, "trials": asked})
                found = [await self._trial(number, trial) for trial in trials]
            else:
                found = [[Row(**row) for row in rows] for rows in told]
            standings = [await self._take(number, trial, rows) for trial, rows in zip(trials, found, strict=True)]
        if told is None:
            plain = [[asdict(row) for row in rows] for rows in found]
            figures = [_figures(standing) for standing in standings]
            flags = [one.to_dict() for trial in trials for one in self.watch.found.get(trial.candidate.key, ())]
            calls = self.run.ledger.usage.calls
            self.run.append("told", {"number": number, "rows": plain, "standings": figures, "calls": calls, "findings": flags})
        return standings

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Forget what a step found when it breaks off, since the journal does not hold it: a resumed run starts from there."""
        watch = self.watch
        kept = {key: dict(rows) for key, rows in self.rows.items()}, dict(self.candidates), dict(watch.found), watch.exploited
        try:
            yield
        except BaseException:
            self.rows, self.candidates, watch.found, watch.exploited = kept
            raise

    def _told(self, number: str, asked: list[dict[str, Any]]) -> list[Any] | None:
        before = {data["number"]: data for _, data in self.run.events("asked")}
        if number in before and before[number]["trials"] != _as_json(asked):
            raise RunError(
                f"{self.run.folder}: at step {number} the strategy now asks for something else than the journal says. It was written by another version; start a new run."
            )
        return next((data["rows"] for _, data in self.run.events("told") if data["number"] == number), None)

    async def _trial(self, number: str, trial: Trial) -> list[Row]:
        known = self.rows.get(trial.candidate.key, {})
        fresh = [index for index in trial.rows if index not in known]
        if (refusal := self.watch.refuses(trial.candidate)) is not None:
            return [Row(index, {}, error=f"not run: {refusal.message}") for index in fresh]
        program = apply(trial.candidate, self.program)
        self.bar.say(f"step {number}: {trial.candidate.origin[:40]}")
        with scope.scoped(label=f"trial {number} {trial.candidate.key}"):
            rows = await evaluate_rows(
                program, [self.splits.pool[i] for i in fresh], self.metric, concurrency=self.concurrency, indices=fresh
            )
        if len(rows) < len(fresh):
            raise BudgetSpent(f"{self.budget!r} ended in the middle of a trial")
        for row in rows:
            row.answers = _as_json(row.answers)
        self.bar.advance()
        return rows

    async def _take(self, number: str, trial: Trial, rows: Sequence[Row]) -> Standing:
        self.candidates.setdefault(trial.candidate.key, trial.candidate)
        mine = self.rows.setdefault(trial.candidate.key, {})
        mine.update({row.index: row for row in rows})
        self.metric.finish(list(mine.values()))
        await self.watch.look(number, trial.candidate, self.rows, lambda: self._winner().key == trial.candidate.key)
        return self._standing(trial.candidate)

    def _standing(self, candidate: Candidate) -> Standing:
        rows = list(self.rows[candidate.key].values())
        self.metric.finish(rows)
        failed = sum(row.score is None for row in rows)
        if self.watch.flagged(candidate.key):
            return Standing(candidate, None, (0.0, 1.0), len(rows), failed)
        return Standing(candidate, self.metric.combine(rows), interval_of(rows, self.metric), len(rows), failed)

    def standings(self) -> list[Standing]:
        """Return how every candidate stands, best first; those with more rows before those with fewer."""
        found = [self._standing(candidate) for candidate in self.candidates.values() if candidate.key in self.rows]
        return sorted(found, key=lambda one: (-one.rows, -(one.score if one.score is not None else -1.0)))

    def _winner(self) -> Candidate:
        return next(one.candidate for one in self.standings() if not self.watch.flagged(one.candidate.key))

    def _search_budget(self) -> Any:
        """Return a budget for the search that leaves the confirmation affordable."""
        limits: dict[str, Any] = {}
        for limit in LIMITS:
            if self.budget.limits[limit] is not None:
                limits[limit] = self.budget.left(limit) - float(getattr(self.reserve, limit) or 0.0)
        if not limits:
            return contextlib.nullcontext()
        if any(value <= 0 for value in limits.values()):
            short = next(limit for limit, value in limits.items() if value <= 0)
            raise BudgetError(
                f"{self.budget!r} cannot pay for one candidate: evaluating the baseline and confirming a winner takes "
                f"{float(self.budget.limits[short] or 0) - limits[short]:.0f} {short}. Give at least twice that, or fewer examples."
            )
        return Budget(**limits)

    def _confirmation_cost(self) -> Spend:
        """Expect of two programs on the unseen rows what the baseline took on the pool, and a quarter more."""
        paid = [call for label in ("trial", "audit") for call in self.run.calls(f"{label} baseline {BASELINE.key}")]
        usage, rows = total(paid), len(self.splits.pool)
        factor = 2 * 1.25 * len(self.splits.unseen) / rows
        tokens = usage.prompt_tokens + usage.completion_tokens
        return Spend(
            int(usage.calls * factor + 1), int(3 * tokens * factor + 1), None if usage.usd is None else 3 * usage.usd * factor
        )

    async def _confirm(self, winner: Candidate) -> Outcome:
        standings, aside = self.standings(), self._aside()
        before = await self._on_unseen("confirm baseline", BASELINE)
        if winner.key == BASELINE.key:
            reason = f"no candidate was better than the baseline on the selection examples{aside}"
            return Outcome(self.program, BASELINE, False, reason, before, before, None, standings)
        after = await self._on_unseen(f"confirm {winner.key}", winner)
        found = gain(before.rows, after.rows, self.metric)
        reason = f"gain of {found.difference * 100:+.0f} points ({found.interval[0] * 100:+.0f} to {found.interval[1] * 100:+.0f}) on {found.n} unseen examples, p={found.p:.3g}{aside}"
        if not found.real(LEVEL):
            reason = f"the gain is not real, so the baseline is returned: {reason}"
            return Outcome(self.program, winner, False, reason, before, after, found, standings)
        stops = [
            one for one in await self.watch.confirm(winner, before.rows, after.rows, self.splits.unseen) if one.severity == "stop"
        ]
        if stops:
            reason = f"the gain is not to be trusted, so the baseline is returned: {stops[0].message}; {reason}"
            return Outcome(self.program, winner, False, reason, before, after, found, standings)
        return Outcome(apply(winner, self.program), winner, True, reason, before, after, found, standings)

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
            rows = await evaluate_rows(
                apply(candidate, self.program), self.splits.unseen, self.metric, concurrency=self.concurrency
            )
        usage = total(self.run.calls(label))
        return summarize(rows, len(self.splits.unseen), self.metric, usage)


def _spent(usage: Usage) -> Spend:
    return Spend(usage.calls, usage.prompt_tokens + usage.completion_tokens, usage.usd)


def _figures(standing: Standing) -> dict[str, Any]:
    return {
        "key": standing.candidate.key,
        "score": standing.score,
        "interval": list(standing.interval),
        "rows": standing.rows,
        "failed": standing.failed,
    }


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=serialize_for_json))
