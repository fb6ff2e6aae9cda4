"""Selective answering (038, Self-J; Ye and Ng, 2024): answer where the expected score is high enough, else decline or hand on.

For systems that should refuse or escalate where their own answer is likely bad. A model's score of its own answer without a
right answer beside it is worth little until it was measured: choose the threshold on labelled answers (`risk_coverage`).

1. Draw the answer; with `samples` above 1, several, and take the one scored best.
2. Score it: the mean under the model's probabilities of the digits from 0 to 9, rescaled to [0, 1].
3. Return it where its score is at least `least`. Otherwise ask `otherwise`, where there is one, and else decline.

Departures: (1) an answer whose score cannot be determined is declined. (2) The judge is a prompt, not trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rating import SelfJ
from selftaught.programs.search.best_of import BestOf
from selftaught.registry import method
from selftaught.signatures import Task


@method(38, "self-j-selective", family="judge")
@method(38, "self-j-best-of", family="judge", samples=32, least=0.0)
class Selective(BestOf):
    """Answer where the answer's score is high enough; otherwise decline, or ask another program.

    The prediction also holds what `BestOf` tells, and `handed_on`: the answer is that of `otherwise`.

    Args:
        task: what to do.
        least: the score, from 0 to 1, below which an answer is not given.
        samples: answers drawn.
        judge: scores an answer; `SelfJ` by default.
        otherwise: a program for the inputs whose answer is not given.
        temperature: of the samples after the first.
        generate: draws an answer; a step on the task by default.
    """

    def __init__(
        self, task: str | Task, *, least: float = 0.5, samples: int = 1, judge: Judge | None = None,
        otherwise: dspy.Module | None = None, temperature: float = 0.8, generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            task, samples=samples, judge=judge or SelfJ(task), temperature=temperature, generate=generate, least=least
        )
        self.otherwise = otherwise

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input, or decline."""
        found = await super().aforward(**inputs)  # 1, 2
        if "withheld" in found and self.otherwise is not None:  # 3
            told = {name: found[name] for name in ("scores", "chosen", "withheld")}
            return self.answer(await self.otherwise.acall(**inputs), **told, declined=False, handed_on=True)
        return dspy.Prediction(**{"handed_on": False, **dict(found.items())})

    def cost(self) -> Calls:
        """Return the calls of one input: `otherwise` only where the answer is not given."""
        more = Calls(0, 0) if self.otherwise is None or not self.least else cost_of(self.otherwise).optional()
        return super().cost() + more


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold gives: the share of answers given, and the share of these that are bad."""

    least: float
    coverage: float
    risk: float


def risk_coverage(scores: Sequence[float], good: Sequence[bool]) -> list[Point]:
    """Return what each score gives as the threshold, from the lowest on: choose `least` where the risk is low enough.

    Args:
        scores: of labelled answers, in [0, 1].
        good: whether each of them is.

    Raises:
        SettingError: there are none, or not as many of both.
    """
    if not scores or len(scores) != len(good):
        raise SettingError(f"{len(scores)} scores and {len(good)} labels: expected one label for each score.")
    points = []
    for least in sorted(set(scores)):
        given = [right for score, right in zip(scores, good, strict=True) if score >= least]
        points.append(Point(least, len(given) / len(scores), sum(not right for right in given) / len(given)))
    return points
