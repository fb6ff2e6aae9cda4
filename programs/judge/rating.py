"""Rating: one number for an answer, the plainest judge, and the core of those that give a number.

1. Show the task, the answer and, where asked for, a right answer; ask for a score, with a sentence of reasons before it.
2. Read the score as its mean under the model's own probabilities of the digits, where it gives them and the scale has
   single digits; as the number it wrote otherwise.
3. With several samples, take the mean of those that parse.
4. Rescale to [0, 1].

Papers on this core: Self-J (038: 0 to 9, no reasons, expectation over the digits) and the quality form of SIRLC (185).
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.odds import choices_of, expectation
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, judge_of, output_names, render

SAMPLE_TEMPERATURE = 0.7


@method(None, "rating", family="judge")
class Rating(Judge):
    """Score an answer with one number.

    Args:
        task: what the answers are answers to.
        levels: the best score; the scale has single digits up to 9.
        lowest: the worst score.
        reasons: ask for a sentence before the score.
        expect: read the score from the model's probabilities of the digits, where it gives them (scales up to 9).
        samples: scores drawn and averaged.
        reference: also show a right answer, taken from the example's labels.
        pass_at: the least score in [0, 1] that counts as passed.
        instruction: how to score, instead of ours.
        ends: what the worst and the best score mean.

    Raises:
        SettingError: a scale with fewer than two levels.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        levels: int = 10,
        lowest: int = 1,
        reasons: bool = True,
        expect: bool = True,
        samples: int = 1,
        reference: bool = False,
        pass_at: float = 0.5,
        instruction: str | None = None,
        ends: tuple[str, str] = ("useless", "flawless"),
    ) -> None:
        super().__init__(task)
        if not isinstance(levels, int) or not isinstance(lowest, int) or levels <= lowest or lowest < 0:
            raise SettingError(
                f"lowest={lowest!r}, levels={levels!r}: a scale needs at least two levels, from 0 or more upwards."
            )
        self.lowest, self.levels, self.pass_at = lowest, levels, pass_at
        self.samples = at_least("samples", samples, 1)
        self.read_reference("needed" if reference else "no")
        asked = judge_of(self.task, instruction, levels=levels, lowest=lowest, reasons=reasons, reference=reference, ends=ends)
        self.rate = Step(asked, odds="score" if expect and choices_of(asked, "score") else None)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Score one answer."""
        drawn = await self._drawn({**inputs, "draft": render(output_names(self.task), outputs)})
        values = [self._value(one) for one in drawn]
        score = min(1.0, max(0.0, sum(values) / len(values)))
        reasons = next((str(one["reasons"]) for one in drawn if "reasons" in one), "")
        return Verdict(score=score, passed=score >= self.pass_at, reasons=reasons)

    async def _drawn(self, asked: dict[str, Any]) -> list[dspy.Prediction]:
        if self.samples == 1:
            return [await self.rate.acall(**asked)]
        return await draw(self.rate, asked, self.samples, SAMPLE_TEMPERATURE)

    def _value(self, found: dspy.Prediction) -> float:
        raw = expectation(found.odds) if found.get("odds") else float(found.score)
        return (raw - self.lowest) / (self.levels - self.lowest)

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return Calls(self.samples, self.samples)


@method(38, "self-j", family="judge", missing="training the judge (two views, a divergence term); labels by embedding similarity")
class SelfJ(Rating):
    """Score from 0 to 9 without reasons, as the mean under the model's probabilities of the digits (038).

    With `reference=True` it is the paper's teacher view, which reads the labelled answer.

    Args:
        task: what the answers are answers to.
        reference: also show a right answer.
    """

    def __init__(self, task: str | Task, *, reference: bool = False) -> None:
        super().__init__(task, levels=9, lowest=0, reasons=False, reference=reference)


__all__ = ["REFERENCE", "Rating", "SelfJ"]
