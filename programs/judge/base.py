"""The base of judges: a program from a task's inputs and outputs to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dspy

from selftaught import scope
from selftaught.metrics import Metric, Score
from selftaught.programs.base import Calls, Program
from selftaught.signatures import Task, Verdict, output_names

if TYPE_CHECKING:
    from selftaught.programs.judge.trust import Trust


class Judge(Program):
    """Base of judges.

    Called with a task's inputs and outputs, a judge returns a prediction with `verdict`, `score`, `passed` and `reasons`. It is
    a program: it can be tuned, saved, and counted; its calls are counted as the judge's. A subclass writes `verdict`.

    Attributes:
        trust: what `trust_of` measured of it, None where nobody has: then every score of it is marked as untrusted.
    """

    def __init__(self, task: str | Task) -> None:
        super().__init__(task)
        self.trusted: Trust | None = None

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        raise NotImplementedError

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Judge one answer; returns the verdict and its parts."""
        names = output_names(self.task)
        outputs = {name: fields[name] for name in names}
        found = await self.verdict({name: value for name, value in fields.items() if name not in outputs}, outputs)
        return dspy.Prediction(verdict=found, score=found.score, passed=found.passed, reasons=found.reasons)

    def __call__(self, *args: Any, **fields: Any) -> dspy.Prediction:
        """Judge from synchronous code."""
        with scope.scoped(purpose="judge"):
            return super().__call__(*args, **fields)

    async def acall(self, *args: Any, **fields: Any) -> dspy.Prediction:
        """Judge from asynchronous code."""
        with scope.scoped(purpose="judge"):
            return await super().acall(*args, **fields)

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs and outputs; a judge needs all outputs."""
        return {**super().accepts(), **dict.fromkeys(output_names(self.task), True)}

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
        found = self(**dict(example.inputs()), **self.outputs(prediction))
        if trace is not None and pred_name is None:
            return bool(found.passed)
        return dspy.Prediction(score=found.score or 0.0, feedback=feedback_of(found.verdict))

    def trust(self, labelled: Sequence[dspy.Example], **settings: Any) -> Trust:
        """Measure this judge on labelled answers and remember the result; see `trust_of`."""
        from selftaught.programs.judge.trust import trust_of

        self.trusted = trust_of(self, labelled, **settings)
        return self.trusted


class JudgeMetric(Metric):
    """A judge as a metric."""

    self_judged = True

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.name = type(judge).__name__.lower() + ("" if judge.trusted and judge.trusted.informative else " (untrusted)")

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Judge the program's own answer."""
        found = await self.judge.acall(**dict(example.inputs()), **self.judge.outputs(predictions[0]))
        return Score(found.score, feedback_of(found.verdict), {"passed": found.passed})


def feedback_of(verdict: Verdict) -> str:
    """Return a verdict in words, for optimizers that read feedback."""
    failed = [criterion.name for criterion in verdict.criteria if criterion.passed is False]
    unclear = [criterion.name for criterion in verdict.criteria if criterion.passed is None]
    parts = [verdict.reasons] if verdict.reasons else []
    parts += [f"Not fulfilled: {'; '.join(failed)}."] if failed else []
    parts += [f"Undetermined: {'; '.join(unclear)}."] if unclear else []
    return " ".join(parts) or ("All criteria are fulfilled." if verdict.passed else "")
