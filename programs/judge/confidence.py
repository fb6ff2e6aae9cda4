"""Confidence: how sure is the model of an answer? Three ways to ask, none of which needs a label.

`elicited` (033, 102): ask for a number from 0 to 9, read as its mean under the model's probabilities where it gives them.
`probability`: the model's chance that the answer is right, from its log-probabilities (`Verify`, asked one way).
`recurrence` (110, RLSC): the share of the model's own samples that give this answer, after normalisation: the chance that
it would say so itself. For short answers; a text that is never repeated has recurrence 0.

Departure from 110: its objective sharpens weights; here the same quantity scores answers.
"""

from __future__ import annotations

from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rating import Rating
from selftaught.programs.judge.verify import Verify
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, output_names

How = Literal["elicited", "probability", "recurrence"]


@method(110, "rlsc", family="judge", missing="training on the weights", how="recurrence")
class Confidence(Judge):
    """Score an answer with the model's confidence in it.

    Args:
        task: what the answers are answers to.
        how: the way to ask.
        samples: own answers drawn for `recurrence`.
        temperature: of these samples.
        generate: draws an answer; a step on the task by default.
        pass_at: the least confidence that counts as passed.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        how: How = "elicited",
        samples: int = 5,
        temperature: float = 0.8,
        generate: dspy.Module | None = None,
        pass_at: float = 0.5,
    ) -> None:
        super().__init__(task)
        if how not in ("elicited", "probability", "recurrence"):
            raise SettingError(f"how={how!r}: expected 'elicited', 'probability' or 'recurrence'.")
        self.how, self.temperature, self.pass_at = how, temperature, pass_at
        self.samples = at_least("samples", samples, 1)
        if how == "elicited":
            self.ask: Judge = Rating(task, levels=9, lowest=0, reasons=False, instruction=SAY_HOW_SURE, ends=SURE_ENDS)
        elif how == "probability":
            self.ask = Verify(task, both_ways=False)
        else:
            self.generate = generate or Step(self.task)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Score one answer."""
        if self.how != "recurrence":
            found = await self.ask.verdict(inputs, outputs)
            passed = None if found.score is None else found.score >= self.pass_at
            return found.model_copy(update={"passed": passed, "confidence": found.score})
        names = output_names(self.task)
        drawn = await draw(self.generate, inputs, self.samples, self.temperature)
        share = sum(answer_key(one, names) == answer_key(outputs, names) for one in drawn) / len(drawn)
        return Verdict(score=share, passed=share >= self.pass_at, confidence=share)

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return cost_of(self.generate) * self.samples if self.how == "recurrence" else self.ask.cost()

    def cost_of_many(self, drafts: int) -> Calls:
        """Return the calls of several verdicts on one input; identical samples are asked once where a run keeps them."""
        return self.cost() * drafts


SAY_HOW_SURE = "Say how sure you are that an answer to the task is right."
SURE_ENDS = ("certainly wrong", "certainly right")
