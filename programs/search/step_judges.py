"""Judges of a step, given the steps before it: is it right, how far does it lead, which of its siblings is best?

Each judges the task of writing the next step (`next_step_of`), so it can be measured (`trust`) and tuned like any judge.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import AnswerError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rating import Rating
from selftaught.programs.judge.step_pairs import NEXT, PREFIX, next_step_of
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.signatures import Task, Verdict, derived

TEMPERATURE = 0.7
MOST_VOTED = 9
"""Candidates of one vote: their number has one digit."""


class StepCheck(Judge):
    """Score a step with the chance that it is right.

    Args:
        task: what the steps lead to an answer of.
        samples: verdicts whose yeses are counted where the model gives no log-probabilities.
        odds: read the model's log-probabilities where it gives them.
    """

    def __init__(self, task: str | Task, *, samples: int = 1, odds: bool = True) -> None:
        super().__init__(next_step_of(task))
        self.samples = at_least("samples", samples, 1)
        given = {**_before(), "step": (str, dspy.InputField(desc="its next step"))}
        asked = {"correct": (bool, dspy.OutputField(desc="the next step is true and leads on"))}
        self.check = Step(derived(task, "CheckStep", CHECK_THE_STEP, given, asked), odds="correct" if odds else None)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Score one step."""
        asked = {**inputs, "step": outputs[NEXT]}
        found = await self.check.acall(**asked)
        said = [found]
        if not found.get("odds") and self.samples > 1:
            with contextlib.suppress(AnswerError):  # where no further one is readable, the first is what there is
                said += await draw(self.check, asked, self.samples - 1, TEMPERATURE)
        score = found.odds["true"] if found.get("odds") else sum(bool(one.correct) for one in said) / len(said)
        return Verdict(score=score, passed=score > 0.5, confidence=abs(2 * score - 1))

    def cost(self) -> Calls:
        """Return the calls of one verdict: one where the model gives log-probabilities."""
        return Calls(1, self.samples)


class StepRating(Rating):
    """Score how close a step brings the answer, from 0 to 9.

    Args:
        task: what the steps lead to an answer of.
        samples: scores drawn and averaged.
    """

    def __init__(self, task: str | Task, *, samples: int = 1) -> None:
        super().__init__(
            next_step_of(task), levels=9, lowest=0, reasons=False, samples=samples, instruction=RATE_THE_STEP, ends=RATED
        )


class StepVotes(Judge):
    """Score candidate steps by votes for the best of them. Without siblings, a step has all votes.

    Args:
        task: what the steps lead to an answer of.
        samples: votes drawn.
    """

    def __init__(self, task: str | Task, *, samples: int = 3) -> None:
        super().__init__(next_step_of(task))
        self.samples = at_least("samples", samples, 1)
        given = {**_before(), "candidates": (list[str], dspy.InputField(desc="possible next steps"))}
        asked = {"best": (int, dspy.OutputField(desc="number of the best one", ge=1, le=MOST_VOTED))}
        self.vote = Step(derived(task, "VoteStep", NAME_THE_BEST_STEP, given, asked))

    async def among(self, inputs: dict[str, Any], before: Sequence[str], candidates: Sequence[str]) -> list[float | None]:
        """Return the share of votes of each candidate; votes for none of them do not count."""
        numbered = [f"{number}. {text}" for number, text in enumerate(candidates, 1)]
        with self.judging():
            asked = {**inputs, PREFIX: list(before), "candidates": numbered}
            drawn = await draw(self.vote, asked, self.samples, TEMPERATURE, own_first=True)
        votes = [number for one in drawn if (number := int(one.best)) <= len(candidates)]
        return [votes.count(number) / len(votes) if votes else None for number in range(1, len(candidates) + 1)]

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Say that one step alone has all votes."""
        return Verdict(score=1.0)

    def cost(self) -> Calls:
        """Return that one step alone takes no call."""
        return Calls(0, 0)


def _before() -> dict[str, Any]:
    return {PREFIX: (list[str], dspy.InputField(desc="the steps so far, taken as right"))}


CHECK_THE_STEP = (
    "The task is solved in steps. Decide whether the next step is right: true, and leading on toward the answer. "
    "Do its calculation yourself. A step that only repeats what is known is not right."
)
RATE_THE_STEP = "Rate how good the next step is: it must be true, and bring the answer closer. A wrong step scores lowest."
RATED = ("wrong or leading nowhere", "right and almost at the answer")
NAME_THE_BEST_STEP = "The task is solved in steps. Name the candidate that is the best next step: true, and leading furthest."
