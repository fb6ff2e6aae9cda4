"""Compare: which of these programs pays for this task and this model, at what cost?

1. Every program meets the same examples in the same random order, block by block.
2. Programs that refine bring their controls: the same number of calls, spent on voting, and on retrying (158, 153).
3. After each block a program is dropped when it is clearly worse than one that costs no more, or (with `margin`) clearly
   not better by at least the margin than one that costs less. The evidence is a bet (`racing`): a program that truly pays
   is dropped with probability at most `delta`, however often one looks. One that costs more than the cheapest is also
   stopped when the chance that it will still be shown better by the end is below `futility`; that makes no false claim
   likelier, but a small gain may go unnoticed. The baseline is never dropped. A program that
   could not answer a single example of two blocks is dropped too.
4. What is left is compared on all examples: paired tests against the baseline, and of each program against the others,
   corrected (Holm) for the number of all programs, those that were dropped too. A survivor's test is the test it would
   have had without the race.
5. Flips and their decomposition (084), the Pareto front of score against cost, and one sentence for each program.

Failed rows are missing data: counted, shown, and left out of the pairs.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.evaluation import checked_examples, evaluate_rows, refuse_broken_metric
from selftaught.ledger import Usage, total
from selftaught.loop import run_sync
from selftaught.metrics import Metric, Row, as_metric
from selftaught.programs.diagnose.controls import Control, controls_for
from selftaught.programs.diagnose.result import SAME_COST, CompareResult, Contestant, conclude
from selftaught.programs.sampling import at_least
from selftaught.progress import Progress, progress_bar
from selftaught.racing import Bet, chance_to_show
from selftaught.run import opened
from selftaught.store import fingerprint

Unit = Literal["calls", "tokens", "usd"]
FIRST_BLOCK = 8
FAILURES = "its failures"
LEAST_TO_GIVE_UP = 16
"""Examples before a program is stopped because it can hardly be shown better any more."""


@dataclass(slots=True)
class Runner:
    """One program in the race.

    `dropped_by`: who beat it, or who it could hardly be shown to beat (`hopeless`), and `p`: the evidence, valid at any stopping time and corrected for the number of others.
    """

    name: str
    program: dspy.Module | None
    control: Control | None = None
    rows: dict[int, Row] = field(default_factory=dict)
    dropped_by: str | None = None
    dropped_at: int | None = None
    hopeless: bool = False
    p: float = 1.0

    @property
    def live(self) -> bool:
        """Whether it still runs."""
        return self.dropped_by is None

    def cost(self, unit: Unit) -> float | None:
        """Return the mean cost of one example; None before any, or where a price is unknown."""
        known = [getattr(row, unit) for row in self.rows.values() if row.answers]
        return sum(known) / len(known) if known and all(one is not None for one in known) else None


def compare(
    programs: Mapping[str, dspy.Module],
    data: Sequence[dspy.Example],
    metric: Any,
    *,
    baseline: str | None = None,
    controls: bool = True,
    adaptive: bool = True,
    delta: float = 0.05,
    futility: float = 0.05,
    margin: float = 0.0,
    unit: Unit = "calls",
    right_from: float = 0.5,
    budget: Budget | None = None,
    run_dir: str | Path | None = None,
    seed: int = 0,
    block: int = FIRST_BLOCK,
    concurrency: int = 64,
    progress: bool | None = None,
) -> CompareResult:
    """Compare programs on one task.

    Args:
        programs: at least two, by name, with the same task.
        data: examples with `with_inputs(...)`.
        metric: a judge, a metric, or a function `(example, prediction) -> number in [0, 1]`; the mean of its scores counts.
        baseline: what the others are compared with; the first by default.
        controls: set every program that refines against voting and retrying with the same number of calls.
        adaptive: stop spending on programs that are clearly beaten; False evaluates all on everything.
        delta: the most that the probability of dropping a program that pays may be.
        futility: stop a dearer program when the predicted chance that it will be shown better than the cheapest is below
            this; 0 never does.
        margin: the least gain in score for which a dearer program pays.
        unit: what "dearer" means: mean `calls`, `tokens` or `usd` for one example.
        right_from: the score from which an answer counts as right, for flips.
        budget: a ceiling; when it ends, what is known by then is returned, marked as incomplete.
        run_dir: keep every response here; the same call again costs nothing and continues where it broke off. By default
            the run that is active here, or a temporary folder.
        seed: of the order of examples.
        block: examples between two looks.

    Raises:
        SettingError: fewer than two programs, different tasks, an unknown baseline, or numbers out of range.
        DataError: no examples.
    """
    measure = as_metric(metric)
    contest = _Contest(programs, data, measure, baseline, controls, adaptive, delta, futility, margin, unit, block, concurrency)
    order = list(range(len(contest.examples)))
    random.Random(seed).shuffle(order)
    budgets = scope.in_force(budget)
    with opened(run_dir, contest.settings(seed)) as run, progress_bar("comparing", len(order), progress) as bar:
        before = len(run.calls())
        with run.active(budgets=budgets):
            run_sync(lambda: contest.race(order, bar))
        usage = total(run.calls()[before:])
    return contest.result(right_from, usage)


class _Contest:
    """The race: who runs, on what, and who is out."""

    def __init__(
        self, programs: Mapping[str, dspy.Module], data: Sequence[dspy.Example], metric: Metric, baseline: str | None,
        controls: bool, adaptive: bool, delta: float, futility: float, margin: float, unit: Unit, block: int, concurrency: int,
    ) -> None:  # fmt: skip
        _refuse(programs, metric, baseline, delta, margin, unit)
        if not 0.0 <= futility < 0.5:
            raise SettingError(f"futility={futility}: expected a chance in [0, 0.5).")
        self.futility = futility
        self.examples = [example for program in programs.values() for example in checked_examples(program, data)][: len(data)]
        self.metric, self.adaptive, self.delta, self.margin, self.unit = metric, adaptive, delta, margin, unit
        self.block, self.concurrency = at_least("block", block, 1), concurrency
        self.baseline = baseline or next(iter(programs))
        self.runners = {name: Runner(name, program) for name, program in programs.items()}
        for control in controls_for(programs) if controls else ():
            self.runners[control.name] = Runner(control.name, None, control)
        self.bets: dict[tuple[str, str], Bet] = defaultdict(Bet)
        self.complete = False

    def result(self, right_from: float, usage: Usage) -> CompareResult:
        """Return what is known at the end."""
        entrants = [
            Contestant(
                runner.name, [runner.rows[index] for index in sorted(runner.rows)], runner.control.of if runner.control else None,
                runner.dropped_by or self._stopped_with(runner), runner.dropped_at, runner.p, runner.hopeless,
            )
            for runner in self.runners.values()
        ]  # fmt: skip
        return conclude(
            entrants, baseline=self.baseline, asked=len(self.examples), metric=self.metric, unit=self.unit, delta=self.delta,
            margin=self.margin, right_from=right_from, complete=self.complete, usage=usage,
        )  # fmt: skip

    def _stopped_with(self, runner: Runner) -> str | None:
        return None if runner.control is None or self.runners[runner.control.of].live else runner.control.of

    def settings(self, seed: int) -> dict[str, Any]:
        """Return what makes two comparisons the same, for the run's frozen settings."""
        lm = dspy.settings.lm
        data = fingerprint([[dict(example), sorted(example.inputs().keys())] for example in self.examples])
        return {"compare": list(self.runners), "metric": self.metric.name, "data": data, "seed": seed, "model": lm.model if lm is not None else None}  # fmt: skip

    async def race(self, order: list[int], bar: Progress) -> None:
        """Run the programs block by block until the examples end, or the budget."""
        for start in range(0, len(order), self.block):
            now = order[start : start + self.block]
            if not await self._block(now):
                return
            bar.advance(len(now))
            if self.adaptive:
                self._drop(now, start + len(now))
                if self.futility and start + len(now) < len(order):
                    self._give_up(start + len(now))
        self.complete = True

    async def _block(self, now: list[int]) -> bool:
        """Evaluate one block; False when the budget ended within it."""
        own = [runner for runner in self.runners.values() if runner.live and runner.control is None]
        done = await asyncio.gather(*(self._rows(runner, runner.program, now) for runner in own))
        tied = [runner for runner in self.runners.values() if runner.live and runner.control is not None]
        done += await asyncio.gather(*(self._controlled(runner, now) for runner in tied))
        refuse_broken_metric([row for runner in own for row in runner.rows.values()])
        return all(done)

    async def _controlled(self, runner: Runner, now: list[int]) -> bool:
        """Give a control, on each example, as many calls as its program took there."""
        assert runner.control is not None
        if not self.runners[runner.control.of].live:
            return True
        by_calls: dict[int, list[int]] = defaultdict(list)
        for index in now:
            row = self.runners[runner.control.of].rows.get(index)
            if row is not None and row.answers:
                by_calls[row.calls].append(index)
        done = await asyncio.gather(
            *(self._rows(runner, runner.control.build(calls), which) for calls, which in by_calls.items())
        )
        return all(done)

    async def _rows(self, runner: Runner, program: dspy.Module | None, now: list[int]) -> bool:
        assert program is not None
        examples = [self.examples[index] for index in now]
        found = await evaluate_rows(program, examples, self.metric, concurrency=self.concurrency, indices=now)
        self.metric.finish(found)
        runner.rows |= {row.index: row for row in found}
        return len(found) == len(now)

    def _drop(self, now: list[int], seen: int) -> None:
        """Update the bets with a block, and drop who has lost one."""
        live = [runner for runner in self.runners.values() if runner.live]
        for runner in live:
            for rival in live:
                if rival is not runner:
                    self._see(runner, rival, now)
        for runner in live:
            self._judge(runner, [rival for rival in live if rival is not runner], seen)

    def _see(self, runner: Runner, rival: Runner, now: list[int]) -> None:
        """Bet that a runner is not better than its rival by the margin that would pay."""
        bet = self.bets[runner.name, rival.name]
        for index in now:
            own, other = runner.rows.get(index), rival.rows.get(index)
            if own is not None and other is not None and own.score is not None and other.score is not None:
                bet.see((other.score + self._margin(runner, rival) - own.score) / (1.0 + self.margin))

    def _judge(self, runner: Runner, rivals: list[Runner], seen: int) -> None:
        if runner.name == self.baseline:
            return
        if seen >= 2 * self.block and runner.rows and not any(row.score is not None for row in runner.rows.values()):
            runner.dropped_by, runner.dropped_at = FAILURES, seen
            return
        others = max(1, len(self.runners) - 1)  # all that could ever drop it, whatever they will cost
        lost = [
            rival
            for rival in rivals
            if not self._dearer(rival, runner) and self.bets[runner.name, rival.name].p <= self.delta / others
        ]
        if lost:
            best = min(lost, key=lambda rival: self.bets[runner.name, rival.name].p)
            runner.dropped_by, runner.dropped_at = best.name, seen
            runner.p = min(1.0, self.bets[runner.name, best.name].p * others)

    def _give_up(self, seen: int) -> None:
        """Stop dearer programs that can hardly be shown better than the cheapest one any more."""
        own = [runner for runner in self.runners.values() if runner.live and runner.control is None and runner.rows]
        cheapest = min(own, key=lambda runner: (runner.cost(self.unit) or 0.0, runner.name != self.baseline))
        for runner in own:
            if runner.name == self.baseline or not self._dearer(runner, cheapest) or len(runner.rows) < LEAST_TO_GIVE_UP:
                continue
            shared = sorted(runner.rows.keys() & cheapest.rows.keys())
            pairs = [(runner.rows[index].score, cheapest.rows[index].score) for index in shared]
            moves = [own - other - self.margin for own, other in pairs if own is not None and other is not None]
            if chance_to_show([max(-1.0, move) for move in moves], len(self.examples) - seen) < self.futility:
                runner.dropped_by, runner.dropped_at, runner.hopeless = cheapest.name, seen, True

    def _margin(self, runner: Runner, rival: Runner) -> float:
        """The margin applies between programs of the user's; a control costs as much as its program."""
        return self.margin if self._dearer(runner, rival) else 0.0

    def _dearer(self, one: Runner, other: Runner) -> bool:
        mine, others = one.cost(self.unit), other.cost(self.unit)
        return mine is not None and others is not None and mine > others * (1.0 + SAME_COST)


def _refuse(
    programs: Mapping[str, dspy.Module], metric: Metric, baseline: str | None, delta: float, margin: float, unit: str
) -> None:
    if not isinstance(programs, Mapping) or len(programs) < 2:
        raise SettingError("programs: a comparison needs at least two, as {'name': program, ...}.")
    for name, program in programs.items():
        if not isinstance(program, dspy.Module):
            raise SettingError(f"programs[{name!r}] is {program!r}: expected a program, such as st.Predict(task).")
    if baseline is not None and baseline not in programs:
        raise SettingError(f"baseline={baseline!r} is none of {', '.join(programs)}.")
    if (
        not isinstance(delta, int | float)
        or not isinstance(margin, int | float)
        or not 0.0 < delta < 0.5
        or not 0.0 <= margin < 1.0
        or unit not in ("calls", "tokens", "usd")
    ):
        raise SettingError(f"delta={delta!r}, margin={margin!r}, unit={unit!r}: expected delta in (0, 0.5), margin in [0, 1), and 'calls', 'tokens' or 'usd'.")  # fmt: skip
    if not metric.is_mean or metric.uses_given:
        raise SettingError(f"The metric {metric.name} is no mean over examples, so programs cannot be compared on it example by example. Use a judge or a gold metric.")  # fmt: skip
    tasks = {name: _fields(program) for name, program in programs.items()}
    first = next(iter(tasks))
    for name, fields in tasks.items():
        if fields != tasks[first]:
            raise SettingError(f"The programs {first!r} and {name!r} have different tasks: {tasks[first]} and {fields}. Only programs for the same task can be compared.")  # fmt: skip


def _fields(program: dspy.Module) -> Any:
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    return (
        None
        if task is None
        else (sorted(task.input_fields), sorted((n, str(f.annotation)) for n, f in task.output_fields.items()))
    )


__all__ = ["CompareResult", "compare"]
