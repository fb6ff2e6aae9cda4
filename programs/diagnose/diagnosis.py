"""Diagnose: can this model improve itself on this task, and how?

1. One pool of samples of the program, scored by the gold metric once and verified by the judge once (`pool`).
2. The instruments read it: the gap between generating and verifying (055), voting, refining (084, 158), the blind spot (113),
   self-knowledge (102), critique ability (192), calibration of confidence. Refining, the blind spot and self-knowledge ask more.
3. The gains of choosing by the judge, of voting and of refining are corrected for being three (Holm).
4. Each part says one sentence with its numbers, and the headline what to do. What the intervals do not bear is undetermined.

Every response is kept in the run directory: nothing is paid twice, and the same call again continues where it broke off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dspy

from selftaught import scope
from selftaught.budget import Budget
from selftaught.errors import SettingError, nearest
from selftaught.evaluation import checked_examples
from selftaught.figures import Figure, mean_of
from selftaught.ledger import Usage, total
from selftaught.loop import run_sync
from selftaught.metrics import Metric, as_metric
from selftaught.programs.diagnose.blind_spot import BlindSpot
from selftaught.programs.diagnose.confidence import Calibrated
from selftaught.programs.diagnose.critic import Critic
from selftaught.programs.diagnose.differences import corrected
from selftaught.programs.diagnose.gap import Gap
from selftaught.programs.diagnose.headline import headline_of
from selftaught.programs.diagnose.knowledge import SelfKnowledge
from selftaught.programs.diagnose.part import Instrument, Part, percent
from selftaught.programs.diagnose.pool import Pool
from selftaught.programs.diagnose.refining import Refining
from selftaught.programs.diagnose.voting import Voting
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.gold import Exact
from selftaught.programs.judge.trust.models import self_judged
from selftaught.programs.judge.verify import Verify
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Predict
from selftaught.progress import progress_bar
from selftaught.run import opened
from selftaught.signatures import Task

PARTS = ("gap", "voting", "refining", "blind_spot", "knowledge", "critique", "confidence")


@dataclass(slots=True)
class Diagnosis:
    """The result of `diagnose`.

    Attributes:
        parts: what each instrument found, by name: gap, voting, refining, blind_spot, knowledge, critique, confidence.
        headline: what to do, in one sentence.
        accuracy: the mean gold score of the program's own answers.
        failed: inputs without an own answer or score, which no part counts.
        complete: False where the budget ended first; the same call with the same `run_dir` continues.
        warnings: what else to know.
    """

    parts: dict[str, Part]
    headline: str
    accuracy: Figure
    asked: int
    failed: int
    samples: int
    temperature: float
    model: str
    judge: str
    metric: str
    complete: bool
    usage: Usage
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Part:
        return self.parts[name]

    @property
    def decisions(self) -> list[str]:
        """One sentence a part, with the numbers behind it."""
        return [part.decision for part in self.parts.values()]

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        about = f"{self.model}: {percent(self.accuracy)} right by {self.metric}{failed}; {self.samples} samples at {self.temperature:g}; judge {self.judge}"
        lines = [f"{name:10}  {part.decision}" for name, part in self.parts.items()]
        return "\n".join([self.headline, about, *lines, *self.warnings, f"{self.usage.calls} calls."])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        names = ("headline", "asked", "failed", "samples", "temperature", "model", "judge", "metric", "complete")
        return {
            **{name: getattr(self, name) for name in names}, "accuracy": self.accuracy.to_dict(), "decisions": self.decisions,
            "warnings": list(self.warnings), "parts": {name: part.to_dict() for name, part in self.parts.items()},
            "usage": self.usage.to_dict(),
        }  # fmt: skip

    def report(self, path: str | Path) -> Path:
        """Write the diagnosis as one HTML file, its figures as JSON beside it, and return the HTML's path."""
        from selftaught.report.diagnosis import write_diagnosis

        return write_diagnosis(self.to_dict(), path)


def diagnose(
    task_or_program: str | Task | dspy.Module,
    data: Sequence[dspy.Example],
    metric: Any = None,
    *,
    judge: Judge | None = None,
    samples: int = 5,
    temperature: float = 0.8,
    parts: Sequence[str] = PARTS,
    unanswerable: Sequence[dspy.Example] | None = None,
    budget: Budget | None = None,
    run_dir: str | Path | None = None,
    seed: int = 0,
    concurrency: int = 64,
    right_from: float = 0.5,
    progress: bool | None = None,
) -> Diagnosis:
    """Find out whether a model can improve itself on a task, and how.

    One input takes about `samples` + 1 answers, as many verdicts, 1 to 3 calls to refine, and 6 for the blind spot.

    Args:
        task_or_program: a task, which one plain call answers, or any program for it.
        data: labelled examples with `with_inputs(...)`.
        metric: a gold metric; `Exact()` by default.
        judge: verifies the samples; `Verify` on the same model by default.
        samples: answers drawn for each input, beside the program's own.
        temperature: of the samples.
        parts: what to measure, out of `PARTS`.
        unanswerable: inputs that have no answer, for self-knowledge.
        budget: a ceiling; when it ends, what is known by then is returned, marked as incomplete.
        run_dir: keep every response here; the same call again costs nothing and continues where it broke off. By default
            the run that is active here, or a temporary folder.
        seed: of the injected errors.
        concurrency: examples in flight at once.
        right_from: the score from which an answer counts as right.
        progress: show a progress bar; by default when the terminal is one.

    Raises:
        SettingError: an unknown part, a program without a task, or a metric that is no mean over examples.
        DataError: no examples. InputError: an example lacks an input of the task.
    """
    program = task_or_program if isinstance(task_or_program, dspy.Module) else Predict(task_or_program)
    task, measure = _task_of(program), as_metric(Exact() if metric is None else metric)
    _refuse(parts, measure)
    pool = Pool(
        program, task, measure, judge or Verify(task), checked_examples(program, data),
        checked_examples(program, unanswerable) if unanswerable else [],
        at_least("samples", samples, 1), temperature, right_from, seed, at_least("concurrency", concurrency, 1),
    )  # fmt: skip
    instruments = [_instrument(name, task, program) for name in PARTS if name in parts]
    budgets = scope.in_force(budget)
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(opened(run_dir))
        before = len(run.calls())
        pool.bar = stack.enter_context(progress_bar("diagnosing", None, progress))
        stack.enter_context(run.active(budgets=budgets))
        found = run_sync(lambda: _measured(instruments, pool))
        usage = total(run.calls()[before:])
    return _concluded(instruments, found, pool, usage)


async def _measured(instruments: Sequence[Instrument], pool: Pool) -> list[Part]:
    """Fill the pool, and let the instruments read it one after the other, so that a budget ends in as few as possible."""
    more = [one.votes() for one in instruments if isinstance(one, Refining)]
    await pool.fill(max([pool.samples, *more]), verify=any(one.judges for one in instruments))
    return [await one.measure(pool) for one in instruments]


def _concluded(instruments: Sequence[Instrument], found: list[Part], pool: Pool, usage: Usage) -> Diagnosis:
    """Correct the gains for their number, and put everything into words."""
    gains = [part.gain for part in found if part.gain is not None and part.gain.value is not None]
    fixed = {id(old): new for old, new in zip(gains, corrected(gains), strict=True)}
    concluded = [
        one.conclude(replace(part, gain=fixed.get(id(part.gain), part.gain)))
        for one, part in zip(instruments, found, strict=True)
    ]
    parts = {part.name: part for part in concluded}
    lm = dspy.settings.lm
    return Diagnosis(
        parts, headline_of(parts, pool.complete, len(pool.items)), mean_of([item.own.right or 0.0 for item in pool.items], None),
        len(pool.examples), pool.failed, pool.samples, pool.temperature, str(getattr(lm, "model", "no model")),
        type(pool.judge).__name__, pool.metric.name, pool.complete, usage, _warnings(pool),
    )  # fmt: skip


def _instrument(name: str, task: Task, program: dspy.Module) -> Instrument:
    if name == "refining":
        return Refining(task, generate=program)
    if name == "blind_spot":
        return BlindSpot(task, like=program)
    plain = {"gap": Gap, "voting": Voting, "knowledge": SelfKnowledge, "critique": Critic, "confidence": Calibrated}
    return plain[name](task)


def _warnings(pool: Pool) -> tuple[str, ...]:
    found = []
    if pool.metric.self_judged:
        found.append(f"The metric {pool.metric.name} is a judge, not labels: what is called right here is what it likes.")
    if pool.judge is not None and pool.judge.reads_reference != "no":
        found.append("The judge reads the labelled answer, so its verdicts say nothing about inputs without one.")
    elif pool.judge is not None and (said := self_judged(pool.judge, pool.program)):
        found.append(said)
    return tuple(found)


def _task_of(program: dspy.Module) -> Task:
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    if task is None:
        raise SettingError(
            f"{type(program).__name__} does not say its task. Set `program.task` to its signature, or give the task."
        )
    return task


def _refuse(parts: Sequence[str], metric: Metric) -> None:
    for name in parts:
        if name not in PARTS:
            raise SettingError(f"parts={list(parts)}: there is no {name!r}{nearest(name, PARTS)}. Known: {', '.join(PARTS)}.")
    if not parts or isinstance(parts, str):
        raise SettingError(f"parts={parts!r}: give a list of at least one out of {', '.join(PARTS)}.")
    if not metric.is_mean or metric.uses_given or metric.samples != 1:
        raise SettingError(f"The metric {metric.name} is no score of single answers, so a diagnosis has nothing to hold on to. Use a gold metric.")  # fmt: skip
