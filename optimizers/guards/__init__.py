"""Guards: what keeps an optimizer from exploiting its judge.

A program that is tuned against a judge finds the judge's weak spots as surely as it finds better answers. Guards look at a
candidate from three sides: its instructions before it is paid for, its answers against the baseline's, and an audit that no
candidate is selected on. What they stop cannot win; what they only suspect is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import dspy

from selftaught.errors import SettingError
from selftaught.metrics import Metric, Row
from selftaught.optimizers.guards.audit import Audit, as_audit, gold_for
from selftaught.optimizers.guards.base import Context, Detector, Finding, Rise
from selftaught.optimizers.guards.copying import IgnoresInput, InputCopying, KeywordStuffing, RubricCopying
from selftaught.optimizers.guards.form import Characters, Emptiness, LengthGrowth, LongWords, Markup, Repetition
from selftaught.optimizers.guards.instructions import AntiCopy, InstructionGuard, Known, TokenCap, is_closed
from selftaught.optimizers.guards.rhetoric import Assurance, Disclaimer, JudgeTalk, SelfPraise, Sources
from selftaught.optimizers.guards.sameness import Boilerplate, Collapse, StockWord
from selftaught.optimizers.guards.texts import CollapseMonitor, Health
from selftaught.optimizers.guards.watch import Watch
from selftaught.run import Run
from selftaught.signatures import Task, output_names

Guard: TypeAlias = Detector | InstructionGuard
"""A detector of degenerate answers, or a guard of instructions."""


def default_detectors() -> tuple[Detector, ...]:
    """Return every detector with its default settings."""
    return (
        JudgeTalk(), Characters(), Emptiness(), Repetition(), Collapse(), LengthGrowth(), RubricCopying(), KeywordStuffing(),
        InputCopying(), IgnoresInput(), SelfPraise(), Assurance(), Sources(), Disclaimer(), Markup(), LongWords(), Boilerplate(), StockWord(),
    )  # fmt: skip


def guards_of(given: Any) -> tuple[Guard, ...]:
    """Return guards from "default", a sequence of guards, or None for no guards.

    Raises:
        SettingError: it is none of these.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        if given == "default":
            return (AntiCopy(), TokenCap(), *default_detectors())
        raise SettingError(f'guards={given!r}: expected "default", a sequence of guards, or None for none.')
    wrong = next((one for one in given if not isinstance(one, Guard)), None)
    if wrong is not None:
        raise SettingError(
            f"guards: {wrong!r} is no guard. A detector has look(before, after, context), a guard of instructions examine(candidate, known)."
        )
    return tuple(given)


def described(guard: Guard) -> str:
    """Return a guard's name and settings, for the frozen settings of a run."""
    settings = ", ".join(f"{name}={value!r}" for name, value in sorted(vars(guard).items()))
    return f"{guard.name}({settings})"


def watch_over(
    program: dspy.Module, task: Task, metric: Metric, labelled: Sequence[dspy.Example], pool: Sequence[dspy.Example], *,
    guards: Sequence[Guard], audit: Audit | None, run: Run, concurrency: int = 64,
) -> Watch:  # fmt: skip
    """Return the watch over a run.

    Args:
        program: the baseline.
        labelled, pool: the examples for proposals and for selection; the labels of both count.
        audit: None for the labels where the metric is a judge and there are labels.
    """
    examples = [*labelled, *(one for one in pool if not any(one is known for known in labelled))]
    solved = [one for one in examples if all(name in one for name in output_names(task))]
    if audit is not None:
        audit = audit.bound(task, metric, solved)
    own = {name: predictor.signature.instructions for name, predictor in program.named_predictors()}
    context = context_of(task, metric, solved)
    return Watch(guards, audit, metric, context, Known(task, tuple(solved), own), pool, run, concurrency)


def context_of(task: Task, metric: Metric, solved: Sequence[dspy.Example]) -> Context:
    """Return what detectors know: the texts that the judge scores by, and the solved examples."""
    names = output_names(task)
    rows = [Row(number, dict(one.inputs()), [{name: one[name] for name in names}]) for number, one in enumerate(solved)]
    closed = all(is_closed(field.annotation) for field in task.output_fields.values())
    return Context(tuple(names), (task.instructions, *rubric_of(metric)), tuple(rows), closed)


def rubric_of(metric: Metric) -> list[str]:
    """Return the texts that a judge scores by: its criteria, questions or rubric, where it has them as texts."""
    judge = getattr(metric, "judge", metric)
    found: list[str] = []
    for name in ("criteria", "questions", "rubric"):
        value = getattr(judge, name, None)
        found += [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list | tuple) else []
    return found


__all__ = [
    "AntiCopy", "Assurance", "Audit", "Boilerplate", "Characters", "Collapse", "CollapseMonitor", "Context", "Detector", "Disclaimer",
    "Emptiness", "Finding", "Guard", "Health", "IgnoresInput", "InputCopying", "InstructionGuard", "JudgeTalk", "KeywordStuffing",
    "LengthGrowth", "LongWords", "Markup", "Repetition", "Rise", "RubricCopying", "SelfPraise", "Sources", "StockWord", "TokenCap", "Watch", "as_audit",
    "context_of", "default_detectors", "described", "gold_for", "guards_of", "rubric_of", "watch_over",
]  # fmt: skip
