"""The base of judges: a program from a task's inputs and outputs to a verdict.

A judge also says which of two answers is better (`prefer`): by their scores, unless it compares them directly. What was
learned about it (its trust, a calibration of its scores) stays with it and is saved with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import dspy

from selftaught import scope
from selftaught.errors import TaskError
from selftaught.metrics import Metric, Score
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.calibration import Calibration, Kind
from selftaught.signatures import Comparison, Task, Verdict, output_names, render

if TYPE_CHECKING:
    from selftaught.programs.judge.trust import Calibrated, Trust

REFERENCE = "reference"
"""The name under which a judge that reads a reference answer is given it, as text."""

Need = Literal["needed", "optional", "no"]


class Judge(Program):
    """Base of judges.

    Called with a task's inputs and outputs, a judge returns a prediction with `verdict`, `score`, `passed` and `reasons`. It is
    a program: it can be tuned, saved, and counted; its calls are counted as the judge's. A subclass writes `verdict`.

    Attributes:
        trusted: what `trust_of` measured of it, None where nobody has: then every score of it is marked as untrusted.
        calibration: maps its raw score to the chance that the answer is good; None leaves the score as it is.
        reads_reference: whether it takes a `reference` answer: `needed`, `optional`, or `no`.
    """

    reads_reference: Need = "no"

    def __init__(self, task: str | Task) -> None:
        super().__init__(task)
        self.trusted: Trust | None = None
        self.calibration: Calibration | None = None

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        raise NotImplementedError

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Judge one answer; returns the verdict and its parts."""
        names = output_names(self.task)
        outputs = {name: fields[name] for name in names}
        found = await self.verdict({name: value for name, value in fields.items() if name not in outputs}, outputs)
        if self.calibration is not None and found.score is not None:
            chance = self.calibration(found.score)
            found = found.model_copy(update={"score": chance, "passed": chance >= 0.5})
        return dspy.Prediction(verdict=found, score=found.score, passed=found.passed, reasons=found.reasons)

    async def prefer(self, inputs: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> Comparison:
        """Say which of two answers is better. Equal scores are a tie, and so is an undetermined one."""
        one, other = await asyncio.gather(self.acall(**inputs, **first), self.acall(**inputs, **second))
        if one.score is None or other.score is None or one.score == other.score:
            return Comparison(better="tie")
        return Comparison(better="first" if one.score > other.score else "second")

    @contextlib.contextmanager
    def judging(self) -> Iterator[None]:
        """Count the calls of a `with` block as this judge's, for a `prefer` that does not go through `acall`."""
        callers = [*(dspy.settings.caller_modules or []), self]
        with scope.scoped(purpose="judge"), dspy.context(caller_modules=callers):
            yield

    def read_reference(self, need: Need) -> None:
        """Set whether this judge reads a reference answer.

        Raises:
            TaskError: the task has a field of that name itself.
        """
        if need != "no" and REFERENCE in self.task.fields:
            raise TaskError(
                f"The task {self.task.__name__} has a field named {REFERENCE!r}, under which this judge is given the right answer. "
                "Rename the field."
            )
        self.reads_reference = need

    def cost_of_preference(self) -> Calls:
        """Return the calls of one comparison."""
        return self.cost_of_many(2)

    def __call__(self, *args: Any, **fields: Any) -> dspy.Prediction:
        """Judge from synchronous code."""
        with scope.scoped(purpose="judge"):
            return super().__call__(*args, **fields)

    async def acall(self, *args: Any, **fields: Any) -> dspy.Prediction:
        """Judge from asynchronous code."""
        with scope.scoped(purpose="judge"):
            return await super().acall(*args, **fields)

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs and outputs; a judge needs all outputs, and perhaps a reference."""
        more = {} if self.reads_reference == "no" else {REFERENCE: self.reads_reference == "needed"}
        return {**super().accepts(), **dict.fromkeys(output_names(self.task), True), **more}

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of judging several answers to one input; judges that share work between them override it."""
        return self.cost() * drafts

    def as_metric(self) -> Metric:
        """Return this judge as a metric of selftaught."""
        return JudgeMetric(self)

    def metric(
        self, example: dspy.Example, prediction: dspy.Prediction, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
    ) -> Any:
        """This judge as a DSPy metric: a score with feedback text, or whether it passed while DSPy bootstraps.

        An undetermined verdict counts as 0 here, because DSPy has no missing scores; `st.evaluate` leaves it out.
        """
        found = self(**dict(example.inputs()), **self.outputs(prediction), **self.reference_of(example))
        if trace is not None and pred_name is None:
            return bool(found.passed)
        return dspy.Prediction(score=found.score or 0.0, feedback=feedback_of(found.verdict))

    def reference_of(self, example: dspy.Example) -> dict[str, str]:
        """Return the labelled answer of an example as this judge's reference; nothing for a judge that reads none."""
        labels = dict(example.labels())
        if self.reads_reference == "no" or not all(name in labels for name in output_names(self.task)):
            return {}
        return {REFERENCE: render(output_names(self.task), labels)}

    def learned(self) -> dict[str, Any]:
        """Return what this judge has learned, as plain data for an artifact."""
        found: dict[str, Any] = {}
        if self.calibration is not None:
            found["calibration"] = self.calibration.to_dict()
        if self.trusted is not None:
            found["trust"] = self.trusted.to_dict()
        return found

    def relearn(self, known: dict[str, Any]) -> None:
        """Take back what `learned` returned."""
        from selftaught.programs.judge.trust import Trust

        if "calibration" in known:
            self.calibration = Calibration.from_dict(known["calibration"])
        if "trust" in known:
            self.trusted = Trust.from_dict(known["trust"])

    def trust(self, labelled: Sequence[dspy.Example], **settings: Any) -> Trust:
        """Measure this judge on labelled answers and remember the result; see `trust_of`."""
        from selftaught.programs.judge.trust import trust_of

        self.trusted = trust_of(self, labelled, **settings)
        return self.trusted

    def calibrate(
        self, labelled: Sequence[dspy.Example], kind: Kind | None = None, folds: int = 5, **settings: Any
    ) -> Calibrated:
        """Learn from labelled answers which score means which chance of being good; see `trust.calibrate`."""
        from selftaught.programs.judge.trust import calibrate

        return calibrate(self, labelled, kind, folds, **settings)


class JudgeMetric(Metric):
    """A judge as a metric."""

    self_judged = True

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.self_judged = judge.reads_reference != "needed"
        self.name = type(judge).__name__.lower() + ("" if judge.trusted and judge.trusted.informative else " (untrusted)")

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Judge the program's own answer."""
        judge = self.judge
        found = await judge.acall(**dict(example.inputs()), **judge.outputs(predictions[0]), **judge.reference_of(example))
        return Score(found.score, feedback_of(found.verdict), {"passed": found.passed})


def feedback_of(verdict: Verdict) -> str:
    """Return a verdict in words, for optimizers that read feedback."""
    failed = [criterion.name for criterion in verdict.criteria if criterion.passed is False]
    unclear = [criterion.name for criterion in verdict.criteria if criterion.passed is None]
    parts = [verdict.reasons] if verdict.reasons else []
    parts += [_sentence("Not fulfilled", failed)] if failed else []
    parts += [_sentence("Undetermined", unclear)] if unclear else []
    return " ".join(parts) or ("All criteria are fulfilled." if verdict.passed else "")


def _sentence(said: str, names: list[str]) -> str:
    text = f"{said}: {'; '.join(names)}"
    return text if text.endswith(("?", ".")) else f"{text}."
