"""Which candidates are right? By the labelled answer, by the vote, by a judge, by a metric or by a function.

A check that cannot tell leaves `right` at None: such a candidate is neither kept nor learned from as a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import dspy

from selftaught.errors import DataError, SettingError
from selftaught.metrics import Metric, Score, as_metric
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.candidates import Answers, Candidate, candidates_of, with_candidates
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.signatures import Task

GOLD, VOTE, EITHER = "gold", "vote", "gold or vote"
Verify = str | Judge | Metric | Callable[..., Any]
PASS_AT = 0.5


class Check(dspy.Module):
    """Finds out which candidates are right.

    Args:
        task: what is answered.
        verify: `"gold"`, the labelled answer of the row; `"vote"`, what most candidates say, the first said on ties, and the
            score is the share of those that say the same; `"gold or vote"`, the label where the row has one; or a judge, a
            metric or a function `(example, prediction) -> number in [0, 1]`, which pass from one half on.

    Raises:
        SettingError: it is none of these.
    """

    def __init__(self, task: str | Task, verify: Verify = GOLD) -> None:
        super().__init__()
        self.answers = Answers(task)
        if isinstance(verify, str) and verify not in (GOLD, VOTE, EITHER):
            raise SettingError(f"verify={verify!r}: expected 'gold', 'vote', 'gold or vote', a judge, a metric or a function.")
        self.how = verify if isinstance(verify, str) else ""
        self.judge = verify if isinstance(verify, Judge) else None
        self._function = None if isinstance(verify, str | Judge) else as_metric(verify)

    @property
    def metric(self) -> Metric | None:
        """What scores a candidate, where it is not compared with the label or by vote."""
        return self._function if self.judge is None else self.judge.as_metric()

    async def checked(self, row: Row, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates with what was found."""
        if metric := self.metric:
            return await self._judged(row, candidates, metric)
        labels = self.answers.labels(row) if self.how != VOTE else None
        if labels is not None:
            wanted = self.answers.key(labels)
            return [_found(one, float(self.answers.key(one.said) == wanted)) for one in candidates]
        if self.how == GOLD:
            raise DataError(
                f"The row {row.id} has no right answer: it needs {self.answers.outputs}, and has {sorted(row.values)}."
            )
        return self._voted(candidates)

    def _voted(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        shares = self.answers.shares(candidates)
        winner = max(shares, key=lambda key: shares[key], default=None)
        keys = [self.answers.key(one.said) for one in candidates]
        return [
            replace(one, right=key == winner if key else None, score=shares.get(key))
            for one, key in zip(candidates, keys, strict=True)
        ]

    async def _judged(self, row: Row, candidates: Sequence[Candidate], metric: Metric) -> list[Candidate]:
        known = {name: value for name, value in row.values.items() if name != "candidates"}
        example = dspy.Example(**known).with_inputs(*self.answers.given(row))
        scored = await survivors(metric.score(example, [dspy.Prediction(**one.said)]) for one in candidates)
        return [_scored(one, score or Score(None)) for one, score in zip(candidates, scored, strict=True)]

    def needs_labels(self) -> bool:
        """True where every row must have its right answer."""
        return self.how == GOLD or (self.judge is not None and self.judge.reads_reference == "needed")

    def cost_of_many(self, candidates: int) -> Calls:
        """Return the calls of checking so many candidates."""
        return Calls(0, 0) if self.judge is None else self.judge.cost_of_many(candidates)


class Checked(Stage):
    """Checks the candidates of a row.

    Args:
        check: how.
        samples: candidates expected, for the cost.
        name: of the stage.
    """

    def __init__(self, check: Check, samples: int = 1, *, name: str = "verify") -> None:
        super().__init__()
        self.check, self.samples, self.name = check, samples, name

    async def run(self, row: Row) -> Sequence[Out]:
        """Check one row's candidates."""
        return [with_candidates(row, await self.check.checked(row, candidates_of(row)))]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return self.check.cost_of_many(self.samples)


class Scored(Stage):
    """Scores the candidates of a row by a judge, whatever was found about their being right.

    Args:
        task: what is answered.
        judge: gives the scores; a candidate that it cannot score keeps none.
        samples: candidates expected, for the cost.
    """

    def __init__(self, task: str | Task, judge: Judge, samples: int = 1) -> None:
        super().__init__()
        self.check, self.samples, self.name = Check(task, judge), samples, "score"

    async def run(self, row: Row) -> Sequence[Out]:
        """Score one row's candidates."""
        before = candidates_of(row)
        found = await self.check.checked(row, before)
        return [with_candidates(row, [replace(one, score=new.score) for one, new in zip(before, found, strict=True)])]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return self.check.cost_of_many(self.samples)


def _scored(one: Candidate, found: Score) -> Candidate:
    passed = None if found.value is None else found.detail.get("passed")
    right = found.value >= PASS_AT if found.value is not None and passed is None else passed
    return replace(one, right=right, score=found.value, reasons=found.feedback)


def _found(one: Candidate, score: float) -> Candidate:
    return replace(one, right=score >= PASS_AT, score=score)


def labelled(check: Check, rows: Sequence[dict[str, Any]]) -> None:
    """Refuse rows without a right answer, where the check needs it.

    Raises:
        DataError: a row lacks one of the task's outputs.
    """
    if not check.needs_labels():
        return
    for number, row in enumerate(rows):
        if lacking := [name for name in check.answers.outputs if row.get(name) is None]:
            raise DataError(
                f"examples[{number}] has no {lacking[0]!r}, the right answer that candidates are compared with. "
                "Give it, or verify by 'vote' or a judge."
            )
