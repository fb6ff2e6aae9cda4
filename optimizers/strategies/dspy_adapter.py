"""DSPy's own optimizers under our budget, ledger, store and confirmation, so that they can be compared.

1. Run the teleprompter on the labelled examples and the selection rows, inside the budget of the search.
2. Every program that it evaluated on all selection rows becomes a candidate, and the one it returned.
3. They meet the pool here (the run's store answers what was asked already), and the best is confirmed on unseen rows.

When the budget ends inside the teleprompter, the best of what it evaluated by then stands. Its own randomness is not ours: an
interrupted run resumes from the store, but is not promised to end alike.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from typing import Any

import dspy
from dspy.utils.callback import BaseCallback

from selftaught.errors import BudgetSpent, SettingError, UserError, nearest
from selftaught.loop import in_thread
from selftaught.metrics import Metric
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.races import WholePool
from selftaught.optimizers.strategy import Problem, Standing, Trial, raced
from selftaught.registry import method

KNOWN: dict[str, dict[str, Any]] = {
    "MIPROv2": {"auto": "light"},
    "GEPA": {"auto": "light"},
    "SIMBA": {},
    "COPRO": {},
    "BootstrapFewShot": {},
    "BootstrapFewShotWithRandomSearch": {},
    "LabeledFewShot": {},
}
"""Teleprompters by name, with the settings that they need."""


@method(None, "dspy-optimizer", family="joint", missing="exact resume: DSPy's optimizers keep their own random state")
class DSPyOptimizer(Optimizer):
    """Run an optimizer of DSPy under our budget.

    Args:
        metric: see `Optimizer`.
        name: a class of `dspy.teleprompt`, such as "MIPROv2", "GEPA", "SIMBA" or "COPRO".
        arguments: of its constructor, besides the metric.
        compile_arguments: of its `compile`, besides program and data.
        threads: examples in flight, for those that take `num_threads`.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, name: str = "MIPROv2", arguments: Mapping[str, Any] | None = None,
        compile_arguments: Mapping[str, Any] | None = None, threads: int = 8, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if name not in KNOWN:
            raise SettingError(
                f"name={name!r} is no optimizer of DSPy that is served here{nearest(name, KNOWN)}. Known: {', '.join(KNOWN)}."
            )
        self.name, self.threads = name, threads
        self.arguments = {**KNOWN[name], **(arguments or {})}
        self.compile_arguments = dict(compile_arguments or {})

    def search_settings(self) -> dict[str, Any]:
        """Return the settings, those of the teleprompter too."""
        return {**super().search_settings(), "arguments": self.arguments, "compile_arguments": self.compile_arguments}

    def race(self) -> WholePool:
        """Return that everybody meets the whole pool."""
        return WholePool()

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and calls; DSPy tells neither, so this is a rough figure."""
        return 2 * pool, 12 * pool

    def strategy(self, problem: Problem) -> DSPyStrategy:
        """Build the strategy."""
        return DSPyStrategy(self, problem)


class DSPyStrategy:
    """One run of a teleprompter."""

    def __init__(self, knobs: DSPyOptimizer, problem: Problem) -> None:
        self.knobs, self.problem = knobs, problem
        self.seen: list[Candidate] = []
        self.said: list[str] = []
        self.started = False

    async def ask(self) -> list[Trial]:
        """Run the teleprompter, and return the programs that it found."""
        if self.started:
            return []
        self.started = True
        split = max(1, len(self.problem.labelled) // 2)
        train, val = self.problem.labelled[:split], self.problem.labelled[split:] or self.problem.labelled[:split]
        try:
            tuned = await in_thread(lambda: self._compiled(train, val))  # 1
            self.seen.insert(0, self._candidate(tuned, f"{self.knobs.name}: what it returned"))
        except BudgetSpent as spent:
            self.said.append(f"{self.knobs.name} was stopped by the budget: {spent}")
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever goes wrong inside, what was seen by then is kept
            self.said.append(f"{self.knobs.name} failed: {type(error).__name__}: {str(error)[:300]}")
        return raced(self.seen)  # 2, 3

    def tell(self, standings: list[Standing]) -> None:
        """Nothing is learned from it."""

    def reasons(self) -> list[str]:
        """Say what went wrong inside."""
        return self.said

    def _compiled(self, train: list[Any], val: list[Any]) -> dspy.Module:
        knobs = self.knobs
        kind = getattr(dspy.teleprompt, knobs.name)
        arguments = {"metric": _function(self.problem.metric), **knobs.arguments}
        if knobs.name == "LabeledFewShot":
            arguments.pop("metric")
        if knobs.name == "GEPA":
            arguments.setdefault("reflection_lm", dspy.settings.lm)
        if "num_threads" in kind.__init__.__code__.co_varnames:
            arguments.setdefault("num_threads", knobs.threads)
        data: dict[str, Any] = {"trainset": train, **({"valset": val} if "valset" in kind.compile.__code__.co_varnames else {})}
        if knobs.name == "COPRO":
            data["eval_kwargs"] = {"num_threads": knobs.threads, "display_progress": False}
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), dspy.context(callbacks=[*(dspy.settings.callbacks or []), _Seen(self._note)]):
            return kind(**arguments).compile(self.problem.program.deepcopy(), **data, **knobs.compile_arguments)

    def _note(self, program: dspy.Module) -> None:
        found = self._candidate(program, f"{self.knobs.name}: evaluated")
        if found.key not in {one.key for one in self.seen} | {BASELINE.key}:
            self.seen.append(found)

    def _candidate(self, program: dspy.Module, origin: str) -> Candidate:
        before = dict(self.problem.program.named_predictors())
        tunings = {}
        for name, predictor in program.named_predictors():
            said, old = predictor.signature.instructions, before[name].signature.instructions
            demos = tuple({key: value for key, value in dict(demo).items() if key != "augmented"} for demo in predictor.demos)
            changed = Tuning(said if said != old else None, demos if demos != tuple(map(dict, before[name].demos)) else None)
            if changed != Tuning():
                tunings[name] = changed
        return Candidate(tunings, BASELINE.key, origin) if tunings else BASELINE


class _Seen(BaseCallback):
    """Tells of every program that DSPy evaluates."""

    def __init__(self, note: Callable[[dspy.Module], None]) -> None:
        self.note = note

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Note the program."""
        if isinstance(program := inputs.get("program"), dspy.Module):
            self.note(program)


def _function(metric: Metric) -> Callable[..., Any]:
    """Return a metric as DSPy's functions take it, with feedback for those that read it."""
    from selftaught.loop import run_sync

    def score(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        found = run_sync(lambda: metric.score(gold, [pred]))
        value = found.value if found.value is not None else 0.0
        return dspy.Prediction(score=value, feedback=found.feedback or f"score {value:g}") if pred_name is not None else value

    return score
