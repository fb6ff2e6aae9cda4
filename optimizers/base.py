"""The base of optimizers: DSPy's `compile`, with a budget, a run directory and a seed."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import dspy
from dspy.teleprompt.teleprompt import Teleprompter

from selftaught import __version__, scope
from selftaught.budget import Budget
from selftaught.errors import DataError, SettingError, UntrustedJudge
from selftaught.evaluation import checked_examples
from selftaught.loop import run_sync
from selftaught.manifest import write_manifest
from selftaught.metrics import Metric, as_metric
from selftaught.optimizers.candidate import task_of
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.estimate import Estimate, estimate, refuse_too_little
from selftaught.optimizers.guards import Audit, Guard, as_audit, described, gold_for, guards_of
from selftaught.optimizers.outcome import Outcome
from selftaught.optimizers.policies import Confirmation, Sampling, Stopping
from selftaught.optimizers.races import PairedRace, Race
from selftaught.optimizers.scoreboard import Preference
from selftaught.optimizers.space import checked_space
from selftaught.optimizers.splits import split
from selftaught.optimizers.strategy import Problem, Strategy
from selftaught.programs.judge.trust import warn_if_same
from selftaught.progress import Progress, progress_bar
from selftaught.report import write_report
from selftaught.run import Run, write_atomically
from selftaught.signatures import task_to_json
from selftaught.store import fingerprint

if TYPE_CHECKING:
    from selftaught.optimizers.study import Study


class Optimizer(Teleprompter):
    """Base of optimizers.

    A subclass builds its strategy; the engine does the rest. The program that comes back is never worse than the one that
    went in: the winner is confirmed against it on examples no candidate was selected on, with a paired test; where the gain
    is not real, the baseline comes back and the report says why. The returned program's `tuning` holds the outcome.

    Args:
        metric: a judge, a Metric, or a function; may be given to `compile` instead.
        targets: names of the predictors to tune; by default those that give the task's own outputs.
        allow_untrusted: accept a judge whose trust was not measured, or found wanting.
        audit: a second opinion that no candidate is selected on: an `Audit`, a judge, a Metric or a function. By default the
            labels, where the metric is a judge and there are labels; False for none.
        guards: what looks at candidates for signs that they exploit the judge: all by default, a sequence of your own, or
            None for none. A candidate that a guard stops cannot win.
        knobs: settings of the program to search over, name -> values, such as `{"rounds": (1, 2)}`; for strategies that search them.
        programs: interchangeable programs to choose from, by name.
        objectives: what the Pareto front is kept of: "quality" first, then any of calls, tokens, usd, seconds, length.
        prefer: which point of the front wins: "quality", "knee", or one weight for each objective.
        race: who meets which rows (`PairedRace`, `Halving`, `UpperBounds`, `WholePool`); the strategy's own by default.
        sampling: in which order rows are met; random by default.
        stopping: when the search has done enough; by default when the judge is exploited, or nothing is left to gain.
        confirmation: when a winner is returned: `RealGain()` by default.

    Raises:
        SettingError: `audit` is no metric, `guards` are none, or the objectives are unknown.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        targets: Sequence[str] | None = None,
        allow_untrusted: bool = False,
        audit: Any = None,
        guards: Literal["default"] | Sequence[Guard] | None = "default",
        knobs: Mapping[str, Sequence[Any]] | None = None,
        programs: Mapping[str, dspy.Module] | None = None,
        objectives: Sequence[str] = ("quality",),
        prefer: str | Sequence[float] = "quality",
        race: Race | None = None,
        sampling: Sampling | None = None,
        stopping: Sequence[Stopping] | None = None,
        confirmation: Confirmation | None = None,
    ) -> None:
        super().__init__()
        self.metric = metric
        self.audit = as_audit(audit) if audit is not None else None
        self.audit_labels = audit is None
        self.guards = guards_of(guards)
        self.targets = tuple(targets) if targets is not None else None
        self.allow_untrusted = allow_untrusted
        policies = {"race": (race, "next"), "sampling": (sampling, "order"), "confirmation": (confirmation, "decide")}
        _refuse_unfit(policies, stopping, {"knobs": knobs, "programs": programs}, objectives, prefer)
        self.knobs, self.programs = dict(knobs or {}), dict(programs or {})
        self.preference = Preference(tuple(objectives), prefer if isinstance(prefer, str) else tuple(prefer))
        self.policies: dict[str, Any] = {"race": race, "sampling": sampling, "stopping": stopping, "confirmation": confirmation}

    def strategy(self, problem: Problem) -> Strategy:
        """Build the strategy for a problem."""
        raise NotImplementedError

    def race(self) -> Race:
        """Return the race of this strategy, where the user gave none."""
        return PairedRace()

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows that the search asks for, and the calls of its proposals: for the estimate before a run."""
        return 8 * pool, 12

    def search_settings(self) -> dict[str, Any]:
        """Return the settings that define the search, for the run's frozen settings."""
        apart = ("metric", "audit", "guards")
        own = {
            name: value
            for name, value in vars(self).items()
            if isinstance(value, str | int | float | bool | tuple | None) and name not in apart
        }
        chosen = {name: _described(value) for name, value in self.policies.items() if value is not None}
        others = {name: fingerprint(_plain([type(one).__name__, one.dump_state()])) for name, one in self.programs.items()}
        return {**own, **chosen, "knobs": self.knobs, "programs": others, "prefer": repr(self.preference)}

    def compile(
        self,
        student: dspy.Module,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example] | None = None,
        metric: Any = None,
        budget: Budget | None = None,
        run_dir: str | Path | None = None,
        seed: int = 0,
        concurrency: int = 64,
        progress: bool | None = None,
        **unknown: Any,
    ) -> dspy.Module:
        """Tune a program.

        Args:
            student: any DSPy program.
            trainset: labelled examples, for proposals and demonstrations.
            valset: examples to select and confirm on, half each; they need labels only where the metric does.
            metric: overrides the constructor's.
            budget: the ceiling; 400 calls by default.
            run_dir: where the run is kept. The same call continues a run that was interrupted. A temporary folder by default.
            seed: of everything.
            concurrency: examples in flight.
            progress: show a bar; by default on a terminal.

        Raises:
            DataError, InputError: the data. SettingError: no metric, nothing to tune. UntrustedJudge: the metric is a judge
            without trust. BudgetError: too little for one candidate. RunError: `run_dir` holds another run.
        """
        if unknown:
            raise SettingError(f"compile() does not take {sorted(unknown)[0]!r}.")
        with progress_bar("tuning", None, progress) as bar, self.opened(
            student, trainset=trainset, valset=valset, metric=metric, budget=budget, run_dir=run_dir, seed=seed,
            concurrency=concurrency, bar=bar,
        ) as engine:  # fmt: skip
            outcome = run_sync(engine.optimize)
            return finished(engine, outcome)

    @contextlib.contextmanager
    def opened(
        self,
        student: dspy.Module,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example] | None = None,
        metric: Any = None,
        budget: Budget | None = None,
        run_dir: str | Path | None = None,
        seed: int = 0,
        concurrency: int = 64,
        bar: Progress | None = None,
    ) -> Iterator[Engine]:
        """Give the engine of a run, with everything checked before the first call; see `compile`."""
        measure = self._trusted(metric if metric is not None else self.metric)
        warn_if_same(measure, student)
        checked_examples(student, trainset)
        splits = split(trainset, checked_examples(student, valset) if valset is not None else None, measure, seed)
        scope.in_force(budget)  # refuses what is no budget
        ceiling = budget or Budget(calls=400)
        space = checked_space(student, self.knobs, self.programs)
        expected = estimate(student, splits, measure, ceiling, *self.plan(len(splits.pool), len(splits.labelled)))
        settings = self._settings(student, trainset, valset, measure, seed)
        folder = Path(run_dir) if run_dir is not None else Path(tempfile.mkdtemp(prefix="selftaught-"))
        with Run(folder, settings) as run:
            refuse_too_little(ceiling, expected)
            write_manifest(folder, settings, estimate=str(expected), splits=splits.sizes())
            if bar is not None:
                bar.say(f"expected: {expected}")
            yield Engine(
                student, splits, measure, self.strategy, run=run, budget=ceiling, seed=seed, concurrency=concurrency,
                tuned_parts=self.targets, bar=bar, guards=self.guards, audit=self._audit(student, measure, [*splits.labelled, *splits.pool]),
                space=space, race=self.policies["race"] or self.race(), sampling=self.policies["sampling"], stopping=self.policies["stopping"],
                confirmation=self.policies["confirmation"], prefer=self.preference, estimate=expected,
            )  # fmt: skip

    def study(self, student: dspy.Module, **settings: Any) -> Study:
        """Return a study, in which you own the loop; it takes what `compile` takes. See `Study`."""
        from selftaught.optimizers.study import Study

        return Study(self, student, **settings)

    def estimate(
        self, student: dspy.Module, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None,
        metric: Any = None, budget: Budget | None = None, seed: int = 0,
    ) -> Estimate:  # fmt: skip
        """Return what `compile` would spend, without a call."""
        measure = as_metric(metric if metric is not None else self.metric)
        splits = split(trainset, valset, measure, seed)
        sizes = self.plan(len(splits.pool), len(splits.labelled))
        return estimate(student, splits, measure, budget or Budget(calls=400), *sizes)

    def _trusted(self, metric: Any) -> Metric:
        if metric is None:
            raise SettingError(
                f"{type(self).__name__} needs a metric: a judge, a gold metric such as st.judges.Exact(), or a function."
            )
        judge = getattr(metric, "judge", metric)
        if hasattr(judge, "trusted") and not self.allow_untrusted:
            if judge.trusted is None:
                raise UntrustedJudge(
                    f"The trust of this {type(judge).__name__} was never measured, so it cannot serve as a metric. Call "
                    "judge.trust(labelled) first, or pass allow_untrusted=True to tune against it all the same."
                )
            judge.trusted.gate()
        return as_metric(metric)

    def _audit(self, student: dspy.Module, measure: Metric, examples: Sequence[dspy.Example]) -> Audit | None:
        """Return the audit; the labels by default, where a judge selects and there are some."""
        if self.audit is not None or not (self.audit_labels and measure.self_judged):
            return self.audit
        return Audit() if gold_for(task_of(student), examples) is not None else None

    def _settings(
        self, student: dspy.Module, train: Sequence[Any], val: Sequence[Any] | None, metric: Metric, seed: int
    ) -> dict[str, Any]:
        lm = dspy.settings.lm
        if lm is None:
            raise SettingError("No language model is configured. Call dspy.configure(lm=st.lm('local')) first.")
        return {
            "optimizer": type(self).__name__, "search": _plain(self.search_settings()), "seed": seed, "metric": metric.name, "samples": metric.samples,
            "instructions": {name: one.signature.instructions for name, one in student.named_predictors()}, "program": type(student).__name__, "program_state": fingerprint(_plain(student.dump_state())), "model": lm.model,
            "task": fingerprint(task_to_json(student.task)) if hasattr(student, "task") else "",
            "trainset": data_hash(train), "valset": data_hash(val) if val is not None else None,
            "guards": [described(guard) for guard in self.guards], "audit": self.audit.metric.name if self.audit and self.audit.metric else None,
            "versions": {"selftaught": __version__, "dspy": dspy.__version__},
        }  # fmt: skip


def data_hash(examples: Sequence[dspy.Example]) -> str:
    """Return a hash of a data set: every field of every example, in order."""
    if any(not isinstance(example, dspy.Example) for example in examples):
        raise DataError("A data set is a sequence of dspy.Example.")
    return fingerprint([[dict(example), sorted(example.inputs().keys())] for example in examples])


def write_outcome(run: Run, outcome: Outcome) -> None:
    """Write what a run found: `outcome.json`, `report.html`."""
    plain = _plain(outcome.to_dict())
    before = [data for _, data in run.events("finished")]
    if not before or _without_time(before[-1]) != _without_time(plain):
        run.append("finished", plain)
    else:
        plain = before[-1]
    write_atomically(run.folder / "outcome.json", json.dumps(plain, indent=1, sort_keys=True))
    write_report(run.folder, run)


def finished(engine: Engine, outcome: Outcome) -> dspy.Module:
    """Write down what a run found, and return its program with the outcome as `tuning`."""
    write_outcome(engine.run, outcome)
    tuned: dspy.Module = outcome.program.deepcopy()
    tuned._compiled = True
    tuned.tuning = outcome
    return tuned


def _refuse_unfit(
    policies: Mapping[str, tuple[Any, str]], stopping: Any, spaces: Mapping[str, Any], objectives: Any, prefer: Any
) -> None:
    """Refuse what is of the wrong kind, by name, before anything is paid."""
    for name, (value, method) in policies.items():
        if value is not None and not callable(getattr(value, method, None)):
            raise SettingError(
                f"{name}={value!r}: expected an object with a method {method!r}, such as those of selftaught.optimizers."
            )
    if stopping is not None and not (
        isinstance(stopping, Sequence)
        and not isinstance(stopping, str)
        and all(callable(getattr(one, "stops", None)) for one in stopping)
    ):
        raise SettingError(f"stopping={stopping!r}: expected a list of stoppers, such as [NoImprovement(3)].")
    for name, value in spaces.items():
        if value is not None and not isinstance(value, Mapping):
            raise SettingError(f"{name}={value!r}: expected a dictionary by name.")
    for name, value in (("objectives", objectives), ("prefer", prefer)):
        if not isinstance(value, Sequence) or (name == "objectives" and isinstance(value, str)):
            raise SettingError(f"{name}={value!r}: expected a sequence, such as objectives=('quality', 'tokens'), prefer='knee'.")


def _described(policy: Any) -> Any:
    """Return a policy as text that is the same in every process."""
    if isinstance(policy, Sequence):
        return [_described(one) for one in policy]
    return [type(policy).__name__, _plain(getattr(policy, "__dict__", {}) or str(policy) * is_dataclass(policy))]


def _without_time(plain: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome without what differs from run to run: wall time, and which calls were answered from the store."""
    kept = {name: value for name, value in plain.items() if name not in ("seconds", "usage", "standings", "front")}
    for name in ("baseline", "tuned"):
        kept[name] = {key: value for key, value in kept[name].items() if key not in ("seconds", "usage")}
    return kept


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
