"""Rubric: a score against stated criteria.

`additive` (170, Self-Rewarding): one point for each criterion that the answer fulfils, from 0 to their number, reasons
first. Otherwise one score from 1 to `levels` that looks at all criteria, or (`separately`) one score for each, averaged.

The rest is the rating core's: expectation over the digits, several samples averaged, an unreadable one dropped.

Departures from 170: the criteria are the user's (the paper fixes five for chat answers); the points must not be earned
in order; training pairs come with synthesis.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import texts
from selftaught.programs.judge.rating import Rating
from selftaught.registry import method
from selftaught.signatures import Criterion, Task, Verdict, judge_of, output_names, render


@method(170, "self-rewarding-lm", family="judge", missing="training on the preference pairs", additive=True)
class Rubric(Rating):
    """Score an answer against criteria.

    Args:
        task: what the answers are answers to.
        criteria: what a good answer does, a sentence each; the first 9 at most for `additive`.
        levels: the best score of a criterion (`separately`) or of the whole.
        additive: one point for each fulfilled criterion.
        separately: one call for each criterion, so that the verdict names what is missing.
        samples, reference, expect, reasons: see `Rating`.

    Raises:
        SettingError: no criteria (a rubric without any would pass everything), or more than 9 additive ones.
    """

    def __init__(
        self,
        task: str | Task,
        criteria: Sequence[str],
        *,
        levels: int = 5,
        additive: bool = False,
        separately: bool = False,
        samples: int = 1,
        reference: bool = False,
        expect: bool = True,
        reasons: bool = True,
        pass_at: float = 0.6,
    ) -> None:
        stated = texts("criteria", criteria)
        if not stated or not all(stated):
            raise SettingError("criteria=[]: a rubric needs at least one criterion, each a sentence.")
        if additive and (separately or len(stated) > 9):
            raise SettingError("additive: at most 9 criteria, and not together with separately.")
        super().__init__(
            task, levels=len(stated) if additive else levels, lowest=0 if additive else 1, reasons=reasons, expect=expect,
            samples=samples, reference=reference, pass_at=pass_at,
            instruction=_instruction(stated, additive),
        )  # fmt: skip
        if additive:
            self.rate.signature = self.rate.signature.with_updated_fields(
                "score", desc=f"the sum of the points, 0 to {self.levels}"
            )
        self.criteria = tuple(stated)
        self.separately = separately
        if separately:
            self.rate.signature = judge_of(
                self.task, ONE_CRITERION, levels=levels, reasons=reasons, reference=reference, criterion=True
            )

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Score one answer."""
        if not self.separately:
            return await super().verdict(inputs, outputs)
        asked = {**inputs, "draft": render(output_names(self.task), outputs)}
        found = await asyncio.gather(*(self._scored(asked, criterion) for criterion in self.criteria))
        scores = [criterion.score for criterion in found if criterion.score is not None]
        score = sum(scores) / len(scores) if scores else None
        passed = all(criterion.passed for criterion in found) if scores else None
        return Verdict(score=score, passed=passed, criteria=tuple(found), confidence=len(scores) / len(found))

    async def _scored(self, asked: dict[str, Any], criterion: str) -> Criterion:
        try:
            drawn = await self._drawn({**asked, "criterion": criterion})
        except AnswerError:
            return Criterion(name=criterion, passed=None, reason="no readable answer")
        score = min(1.0, max(0.0, sum(map(self._value, drawn)) / len(drawn)))
        return Criterion(name=criterion, score=score, passed=score >= self.pass_at, reason=str(drawn[0].get("reasons", "")))

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return super().cost() * (len(self.criteria) if self.separately else 1)


def _instruction(criteria: list[str], additive: bool) -> str:
    listed = "\n".join(f"- {criterion}" for criterion in criteria)
    return f"{ADD_POINTS if additive else WEIGH_ALL}\n{listed}"


ADD_POINTS = (
    "Score an answer by adding up points: one point for each criterion below that it clearly fulfils, none for one that it "
    "fulfils in part. Look at the criteria one by one."
)
WEIGH_ALL = "Score how well an answer meets all of these criteria together. One that is badly missed makes the score low."
ONE_CRITERION = "Score how well an answer meets one criterion. Judge nothing else about it."
