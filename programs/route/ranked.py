"""Ranked instructions (021; Zhang et al., 2023): for each input the instruction that suits it, then one answer.

For a task whose inputs want different treatment, when several good instructions are at hand. For a task where one of them is
best everywhere, that one costs less. The ranker here is the prompted model, not a trained one: measure it before you trust it.

1. The instructions: the task's own, and those given; equal ones count once.
2. Ask of each whether it suits the input; the chance of yes is its score, where the model gives probabilities.
3. Where it gives none, ask once which of them suits best, listed in alphabetical order.
4. Answer the input with the chosen instruction.

Departures: (1) the paper trains its ranker; ours is asked, and may have demonstrations. (2) It is shown no solved examples. (3) Ties, and a ranker that
says nothing readable, leave the choice to the alphabet, so that the order in which instructions were given never matters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

MOST = 9
"""Instructions: the choice among them is one digit."""


@method(None, "ranked-instructions", family="route")
class RankedInstructions(Program):
    """Choose the instruction that suits an input, then answer with it.

    The prediction also holds `instruction`, the chosen one, and `suits`, the chance of each that it suits; None where
    the model gave no probabilities.

    Each instruction is that of a step of its own (`answers[0]` has the task's), so an optimizer may change it, and the ranker
    then reads the new one. The ranker sees the input and the instruction: no right answer, and no answer of the model.

    Args:
        task: what to do.
        instructions: to choose from, besides the task's own; with it at most 9.
        odds: rank by the model's probabilities where it gives them; False asks for a choice at once, in one call.

    Raises:
        SettingError: an empty instruction, or too many of them.
    """

    def __init__(self, task: str | Task, instructions: Sequence[str] = (), *, odds: bool = True) -> None:
        super().__init__(task)
        if isinstance(instructions, str) or not all(isinstance(text, str) and text.strip() for text in instructions):
            raise SettingError(f"instructions={instructions!r}: expected a list of texts, none of them empty.")
        if len(instructions) >= MOST:
            raise SettingError(f"{len(instructions)} instructions: expected at most {MOST - 1} besides the task's own.")
        self.answers = [Step(self.task.with_instructions(text)) for text in [self.task.instructions, *instructions]]  # 1
        self.odds = odds
        if odds:
            self.rank = Step(_suits(self.task), odds="suits", retries=0)
        self.choose = Step(_choice(self.task), retries=0)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Choose an instruction for one input, and follow it."""
        steps = {step.signature.instructions: step for step in reversed(self.answers)}
        texts = sorted(steps)
        scores = await self._scores(inputs, texts) if self.odds and len(texts) > 1 else None  # 2
        if scores is not None:
            chosen = max(texts, key=lambda text: scores[text])  # the first of equals
        else:
            chosen = await self._choice(inputs, texts) if len(texts) > 1 else texts[0]  # 3
        return self.answer(await steps[chosen].acall(**inputs), instruction=chosen, suits=scores)  # 4

    async def _scores(self, inputs: dict[str, Any], texts: list[str]) -> dict[str, float] | None:
        asked = (self.rank.acall(**inputs, instruction=text) for text in texts)
        found = await asyncio.gather(*asked, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, AnswerError):
                raise one
        odds = {text: one.odds for text, one in zip(texts, found, strict=True) if isinstance(one, dspy.Prediction) and one.odds}
        return {text: odds[text]["yes"] if text in odds else 0.0 for text in texts} if odds else None

    async def _choice(self, inputs: dict[str, Any], texts: list[str]) -> str:
        listed = "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
        try:
            number = int((await self.choose.acall(**inputs, choices=listed)).number)
        except AnswerError:
            return texts[0]
        return texts[number - 1] if number <= len(texts) else texts[0]

    def cost(self) -> Calls:
        """Return the calls of one input."""
        texts = len({step.signature.instructions for step in self.answers})
        if texts == 1:
            return Calls(1, 1)
        return Calls(1 + texts, 2 + texts) if self.odds else Calls(2, 2)


def _suits(task: Task) -> Task:
    given = {"instruction": (str, dspy.InputField(desc="an instruction for inputs of this kind"))}
    asked = {"suits": (Literal["yes", "no"], dspy.OutputField(desc="following it leads to the right answer to this input"))}
    return derived(task, "Suits", DOES_IT_SUIT, given, asked)


def _choice(task: Task) -> Task:
    given = {"choices": (str, dspy.InputField(desc="instructions for inputs of this kind, with numbers"))}
    number = dspy.OutputField(desc="number of the instruction that suits this input best", ge=1, le=MOST)
    return derived(task, "Choose", WHICH_SUITS, given, {"number": (int, number)})


DOES_IT_SUIT = (
    "Do not answer the input. Look at the input and at the instruction. "
    "Decide whether somebody who follows the instruction gets the right answer to this input."
)
WHICH_SUITS = "Do not answer the input. Pick the instruction whose follower is the surest to get the right answer to this input."
