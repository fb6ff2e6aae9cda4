"""Evaluating a program: hundreds of examples in flight on one event loop, each run exactly once.

A failed call is missing data: it is counted, its raw answer is kept, and it lowers no score. Every score comes with the
number of examples behind it and a 95 % interval.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from selftaught import scope, statistics
from selftaught.budget import Budget
from selftaught.collector import fewer_collections
from selftaught.conduct import conducted
from selftaught.errors import (
    BudgetSpent,
    CallError,
    ConnectionFailed,
    DataError,
    InputError,
    ModelError,
    SettingError,
    UserError,
    nearest,
)
from selftaught.ledger import Ledger, Usage
from selftaught.loop import in_thread, run_sync
from selftaught.metrics import Metric, Row, as_metric
from selftaught.progress import Progress, progress_bar
from selftaught.run import Run
from selftaught.trace import STEPS, StepRecord

UNREACHABLE_AFTER = 10
SURE = 1e-9


@dataclass(slots=True)
class Evaluation:
    """The result of an evaluation.

    `score` in [0, 1] over the `n` rows that have one, None when there is none; `interval`: 95 %; `failed`: rows whose
    program or metric failed; `skipped`: rows not run because the budget ended; `seconds`: wall time.
    """

    score: float | None
    interval: tuple[float, float]
    n: int
    failed: int
    rows: list[Row]
    usage: Usage
    skipped: int = 0
    seconds: float = 0.0
    metric: str = ""

    def __str__(self) -> str:
        return f"{describe(self.score, self.interval, self.n)}" + (f", {self.failed} failed" if self.failed else "")

    def rescored(self, metric: Any, data: Sequence[dspy.Example]) -> Evaluation:
        """Return the same answers under another metric. No program is run again."""
        return run_sync(lambda: _rescore(self, as_metric(metric), data))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, without the rows."""
        return {
            "score": self.score, "interval": list(self.interval), "n": self.n, "failed": self.failed, "skipped": self.skipped,
            "metric": self.metric, "seconds": round(self.seconds, 3), "usage": self.usage.to_dict(),
        }  # fmt: skip


def describe(score: float | None, interval: tuple[float, float], n: int) -> str:
    """Return a score as a person reads it: `62 % (51 to 72, n=80)`."""
    if score is None:
        return f"undetermined (n={n})"
    return f"{score:.0%} ({interval[0] * 100:.0f} to {interval[1] * 100:.0f}, n={n})".replace("%", " %")


def evaluate(
    program: dspy.Module,
    data: Sequence[dspy.Example],
    metric: Any,
    *,
    concurrency: int = 64,
    budget: Budget | None = None,
    run_dir: str | Path | None = None,
    progress: bool | None = None,
) -> Evaluation:
    """Evaluate any DSPy program.

    Args:
        program: a program from here or any `dspy.Module`; synchronous ones run in threads.
        data: examples with `with_inputs(...)`.
        metric: a judge, a metric, or a function `(example, prediction) -> number in [0, 1]`.
        concurrency: examples in flight at once.
        budget: a ceiling for this evaluation. When it ends, the rows done so far are returned and the rest is counted.
        run_dir: keep every response here; the same call again costs nothing and continues where it broke off.
        progress: show a progress bar; by default when the terminal is one.

    Raises:
        DataError: there is no example. InputError: an example lacks an input of the task. SettingError: the metric is
        none, or fails on every example. ModelError: the model cannot be reached.
    """
    return run_sync(
        lambda: aevaluate(program, data, metric, concurrency=concurrency, budget=budget, run_dir=run_dir, progress=progress)
    )


async def aevaluate(
    program: dspy.Module,
    data: Sequence[dspy.Example],
    metric: Any,
    *,
    concurrency: int = 64,
    budget: Budget | None = None,
    run_dir: str | Path | None = None,
    progress: bool | None = None,
) -> Evaluation:
    """Evaluate from asynchronous code; see `evaluate`."""
    measure = as_metric(metric)
    examples = checked_examples(program, data)
    if concurrency < 1:
        raise SettingError(f"concurrency={concurrency}: at least 1 example is in flight.")
    ledger, started = Ledger(), time.perf_counter()
    here = scope.current()
    budgets = scope.in_force(budget)
    run = Run(run_dir) if run_dir is not None else None
    try:
        ledgers = (*here.ledgers, ledger) if run is None else (*here.ledgers, ledger, run.ledger)
        with (
            scope.scoped(budgets=budgets, ledgers=ledgers, run=run or here.run),
            progress_bar("evaluating", len(examples), progress) as bar,
        ):
            rows = await evaluate_rows(program, examples, measure, concurrency=concurrency, bar=bar)
    finally:
        if run is not None:
            run.close()
    return summarize(rows, len(examples), measure, ledger.usage, time.perf_counter() - started)


def summarize(rows: list[Row], asked: int, metric: Metric, usage: Usage, seconds: float = 0.0) -> Evaluation:
    """Return the figures of finished rows."""
    metric.finish(rows)
    scored = [row for row in rows if row.score is not None]
    refuse_broken_metric(rows)
    score = metric.combine(rows)
    return Evaluation(
        score,
        interval_of(rows, metric),
        len(scored),
        len(rows) - len(scored),
        rows,
        usage,
        asked - len(rows),
        seconds,
        metric.name,
    )


def interval_of(rows: Sequence[Row], metric: Metric) -> tuple[float, float]:
    """Return the 95 % interval of a program's score."""
    scored = [row for row in rows if row.score is not None]
    if metric.is_mean:
        return statistics.mean_interval([float(row.score or 0.0) for row in scored])
    strata = [str(row.labelled) for row in scored]
    low, high = statistics.bootstrap_rows(len(scored), strata, lambda picks: metric.combine([scored[i] for i in picks]))
    if scored and high - low < SURE:  # resampling equal values would claim certainty
        return statistics.wilson((metric.combine(scored) or 0.0) * len(scored), len(scored))
    return low, high


def gain(before: Sequence[Row], after: Sequence[Row], metric: Metric, seed: int = 0) -> statistics.Gain:
    """Test the gain between two programs on the rows that both could answer."""
    base, new = ({row.index: row for row in rows if row.score is not None} for rows in (before, after))
    shared = sorted(base.keys() & new.keys())
    a, b = [base[i] for i in shared], [new[i] for i in shared]
    if metric.is_mean:
        return statistics.paired_gain([float(r.score or 0.0) for r in a], [float(r.score or 0.0) for r in b], seed)
    strata = [str(row.labelled) for row in a]
    return statistics.paired_gain_rows(
        len(shared),
        strata,
        lambda picks: metric.combine([a[i] for i in picks]),
        lambda picks: metric.combine([b[i] for i in picks]),
        seed,
    )


def checked_examples(program: dspy.Module, data: Sequence[dspy.Example]) -> list[dspy.Example]:
    """Return the examples, or refuse what cannot be evaluated before anything is paid.

    Raises:
        DataError: none, or something that is no example. InputError: an input is not declared or missing.
    """
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        raise DataError(f"The data are {data!r}, not a list of dspy.Example.")
    examples = list(data)
    if not examples:
        raise DataError("There are no examples to evaluate. Give at least one dspy.Example(...).with_inputs(...).")
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    needed = [name for name, field in task.input_fields.items() if field.is_required()] if task is not None else []
    for number, example in enumerate(examples):
        if not isinstance(example, dspy.Example):
            raise DataError(f"Example {number} is a {type(example).__name__}, not a dspy.Example.")
        if example._input_keys is None:
            raise InputError(
                f"Example {number} does not say which fields are its inputs. Write dspy.Example(...).with_inputs({', '.join(map(repr, needed)) or '...'})."
            )
        given = example.inputs().keys()
        for name in needed:
            if name not in given:
                raise InputError(f"Example {number} lacks the input {name!r}{nearest(name, given)}. It has {sorted(given)}.")
    return examples


async def evaluate_rows(
    program: dspy.Module,
    examples: Sequence[dspy.Example],
    metric: Metric,
    *,
    concurrency: int = 64,
    bar: Progress | None = None,
    indices: Sequence[int] | None = None,
) -> list[Row]:
    """Run the examples, at most `concurrency` at once, and return their rows in order. Stops where a budget ends."""
    numbers = list(indices) if indices is not None else list(range(len(examples)))
    rows: dict[int, Row] = {}
    unreachable = 0
    queue: Iterator[int] = iter(range(len(examples)))
    call = _caller(program)

    async def work() -> None:
        nonlocal unreachable
        for position in queue:
            row = await _row(call, examples[position], numbers[position], metric)
            if row.error and row.error.startswith(ConnectionFailed.__name__):
                unreachable += 1
                if unreachable >= UNREACHABLE_AFTER and not any(done.answers for done in rows.values()):
                    raise ModelError(f"The model cannot be reached: {row.error}")
            rows[position] = row
            if bar is not None:
                bar.advance()

    with conducted(), scope.scoped(leave_out=True), fewer_collections():
        await _together([work() for _ in range(min(concurrency, len(examples)))])
    if rows and all((row.error or "").startswith(ConnectionFailed.__name__) for row in rows.values()):
        raise ModelError(f"The model cannot be reached: {next(iter(rows.values())).error}")
    return [rows[position] for position in sorted(rows)]


async def _together(workers: list[Any]) -> None:
    """Run the workers; a spent budget ends them quietly, any other error ends them all and is raised."""
    tasks = [asyncio.ensure_future(worker) for worker in workers]
    try:
        for task in tasks:
            try:
                await task
            except BudgetSpent:
                continue
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _row(call: Callable[..., Awaitable[Any]], example: dspy.Example, index: int, metric: Metric) -> Row:
    inputs = dict(example.inputs())
    row = Row(index, inputs, labelled=len(example) > len(inputs))
    started, own = time.perf_counter(), Ledger()
    try:
        predictions = await _predictions(call, inputs, metric.samples_for(example), metric.temperature, own)
    except (BudgetSpent, UserError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a program does wrong, its row fails alone
        row.error, row.raw = _described(error)
        return row
    finally:
        row.seconds = time.perf_counter() - started
        _take_cost(row, own)
    row.answers = [_answer(prediction) for prediction in predictions]
    await score_row(row, example, predictions, metric)
    return row


def _take_cost(row: Row, own: Ledger) -> None:
    """Write what the program's own answer took into its row."""
    answered = [made for made in own.rows if made.error is None]
    row.calls = len(answered)
    row.tokens = sum(made.prompt_tokens + made.completion_tokens for made in answered)
    row.usd = None if any(made.usd is None for made in answered) else sum(made.usd or 0.0 for made in answered)
    row.fresh = not any(made.cached for made in answered)


async def _predictions(
    call: Callable[..., Awaitable[Any]], inputs: dict[str, Any], samples: int, temperature: float, own: Ledger
) -> list[Any]:
    async def sample(number: int) -> Any:
        if number == 0:
            with scope.scoped(ledgers=(*scope.current().ledgers, own)):
                return await call(**inputs)
        with scope.resampled(f"sample{number}", temperature):
            return await call(**inputs)

    if samples == 1:
        return [await sample(0)]
    drawn = await asyncio.gather(*(sample(number) for number in range(samples)), return_exceptions=True)
    for number, found in enumerate(drawn):
        if isinstance(found, BaseException) and (number == 0 or not isinstance(found, CallError | AdapterParseError)):
            raise found
    return [found for found in drawn if not isinstance(found, BaseException)]


async def score_row(row: Row, example: dspy.Example, predictions: Sequence[Any], metric: Metric) -> None:
    """Score one row's answers; a metric that fails leaves its row unscored, with the reason."""
    try:
        with scope.scoped(purpose="judge", rollout="", temperature=None):
            found = await metric.score(example, predictions)
        row.score, row.feedback, row.detail = found.value, found.feedback, found.detail
    except (BudgetSpent, ModelError):
        raise
    except SettingError as error:
        row.error = f"metric: {error}"
    except Exception as error:  # noqa: BLE001 - a metric that fails leaves its row unscored, and is counted
        described, row.raw = _described(error)
        row.error = f"metric: {described}"


def _caller(program: dspy.Module) -> Callable[..., Awaitable[Any]]:
    """Return how to call a program: awaited where it is asynchronous, in a thread of its own where it is not."""
    if hasattr(program, "aforward"):
        return program.acall
    return lambda **inputs: in_thread(lambda: program(**inputs))


def _answer(prediction: Any) -> dict[str, Any]:
    """Return what was answered, without the trace of the steps; an output that is called so is no trace."""
    if not isinstance(prediction, dspy.Prediction):
        return {"value": prediction}
    said = dict(prediction.items())
    trace = said.get(STEPS)
    if isinstance(trace, list) and all(isinstance(one, StepRecord) for one in trace):
        del said[STEPS]
    return said


def _described(error: Exception) -> tuple[str, str | None]:
    raw = getattr(error, "raw", None) or getattr(error, "lm_response", None)
    return f"{type(error).__name__}: {error}"[:2000], raw if isinstance(raw, str) else None


def refuse_broken_metric(rows: Sequence[Row]) -> None:
    """Refuse a metric that failed on every answer.

    Raises:
        SettingError: it did; the first failure is told.
    """
    answered = [row for row in rows if row.answers]
    broken = [row for row in answered if row.error]
    if answered and len(broken) == len(answered):
        raise SettingError(f"The metric failed on every one of {len(answered)} examples. The first: {broken[0].error}")


async def _rescore(evaluation: Evaluation, metric: Metric, data: Sequence[dspy.Example]) -> Evaluation:
    rows = []
    for row in evaluation.rows:
        fresh = Row(
            row.index,
            row.inputs,
            row.answers,
            error=None if row.answers else row.error,
            raw=row.raw,
            labelled=True,
            seconds=row.seconds,
            calls=row.calls,
            tokens=row.tokens,
            usd=row.usd,
            fresh=row.fresh,
        )
        if row.answers:
            await score_row(fresh, data[row.index], [dspy.Prediction(**answer) for answer in row.answers], metric)
        rows.append(fresh)
    return summarize(rows, len(rows) + evaluation.skipped, metric, Usage())


__all__ = [
    "Evaluation",
    "aevaluate",
    "checked_examples",
    "describe",
    "evaluate",
    "evaluate_rows",
    "gain",
    "interval_of",
    "refuse_broken_metric",
    "score_row",
    "summarize",
]
