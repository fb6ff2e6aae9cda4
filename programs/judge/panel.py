"""Panel: several judges, one verdict. Their disagreement is the uncertainty.

Median: no single judge can move it far. Mean: uses all they say. Majority: the share that passed the answer. `weakest`: the
lowest score, for judges that each watch over something else (023, 120: checks by code joined with checks by a model).

1. Ask all judges together. 2. Leave out those without a verdict. 3. Aggregate; the spread of the scores is the doubt.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import listed
from selftaught.programs.judge.base import Judge, feedback_of
from selftaught.registry import method
from selftaught.signatures import Comparison, Criterion, Task, Verdict

Aggregate = Literal["median", "mean", "majority", "weakest"]


@method(None, "panel", family="judge")
class Panel(Judge):
    """Ask several judges.

    Args:
        task: what the answers are answers to.
        judges: at least one; all on the same task.
        aggregate: how their scores become one.

    Raises:
        SettingError: no judges, judges of another task, or an unknown aggregate.
    """

    def __init__(self, task: str | Task, judges: Sequence[Judge], *, aggregate: Aggregate = "median") -> None:
        super().__init__(task)
        judges = listed("judges", judges, Judge, "judges")
        if not judges:
            raise SettingError("judges=[]: a panel needs at least one judge.")
        if aggregate not in ("median", "mean", "majority", "weakest"):
            raise SettingError(f"aggregate={aggregate!r}: expected 'median', 'mean', 'majority' or 'weakest'.")
        for judge in judges:
            if list(judge.task.fields) != list(self.task.fields):
                raise SettingError(f"The judge {type(judge).__name__} has the fields {list(judge.task.fields)}, the panel's task has {list(self.task.fields)}.")  # fmt: skip
        self.judges = list(judges)
        self.aggregate = aggregate
        needs = {judge.reads_reference for judge in self.judges}
        self.read_reference("needed" if "needed" in needs else "optional" if "optional" in needs else "no")

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        found = await asyncio.gather(*(self._asked(judge, inputs, outputs) for judge in self.judges), return_exceptions=True)
        _raise_others(found)
        verdicts = [one.verdict if isinstance(one, dspy.Prediction) else None for one in found]
        criteria = tuple(_criterion(judge, verdict) for judge, verdict in zip(self.judges, verdicts, strict=True))
        known = [verdict for verdict in verdicts if verdict is not None and verdict.score is not None]
        if not known:
            return Verdict(score=None, criteria=criteria, reasons="No judge of the panel gave a verdict.")
        scores = [float(verdict.score or 0.0) for verdict in known]
        passes = [bool(verdict.passed) for verdict in known]
        passed = all(passes) if self.aggregate == "weakest" else sum(passes) * 2 > len(passes)
        sure = 1.0 - min(1.0, 2 * statistics.pstdev(scores)) if len(scores) > 1 else None
        reasons = " ".join(text for verdict in known if (text := feedback_of(verdict)))
        return Verdict(score=self._score(scores, passes), passed=passed, criteria=criteria, confidence=sure, reasons=reasons)

    async def prefer(self, inputs: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> Comparison:
        """Say which of two answers more judges prefer; equal numbers are a tie.

        Raises:
            CallError: no judge gave a readable answer.
        """
        with self.judging():
            asked = (judge.prefer(_for(judge, inputs), first, second) for judge in self.judges)
            found = await asyncio.gather(*asked, return_exceptions=True)
        _raise_others(found)
        said = [one.better for one in found if isinstance(one, Comparison)]
        if not said:
            raise next(one for one in found if isinstance(one, BaseException))
        lead = said.count("first") - said.count("second")
        better: Literal["first", "second", "tie"] = "tie" if lead == 0 else "first" if lead > 0 else "second"
        return Comparison(better=better, consistent=len(set(said)) == 1 and len(said) == len(found))

    async def _asked(self, judge: Judge, inputs: dict[str, Any], outputs: dict[str, Any]) -> dspy.Prediction:
        return await judge.acall(**_for(judge, inputs), **outputs)

    def _score(self, scores: list[float], passed: list[bool]) -> float:
        if self.aggregate == "majority":
            return sum(passed) / len(passed)
        if self.aggregate == "weakest":
            return min(scores)
        return statistics.median(scores) if self.aggregate == "median" else statistics.fmean(scores)

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return sum((judge.cost() for judge in self.judges), Calls(0, 0))

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of several verdicts on one input."""
        return sum((judge.cost_of_many(drafts) for judge in self.judges), Calls(0, 0))

    def cost_of_preference(self) -> Calls:
        """Return the calls of one comparison."""
        return sum((judge.cost_of_preference() for judge in self.judges), Calls(0, 0))


def _for(judge: Judge, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs without the reference for a judge that reads none."""
    return {name: value for name, value in inputs.items() if name in judge.accepts()}


def _raise_others(found: Sequence[Any]) -> None:
    """Raise what is no failed call of one judge."""
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, CallError):
            raise one


def _criterion(judge: Judge, verdict: Verdict | None) -> Criterion:
    name = type(judge).__name__
    if verdict is None:
        return Criterion(name=name, reason="no readable answer")
    return Criterion(name=name, passed=verdict.passed, score=verdict.score, reason=verdict.reasons)
