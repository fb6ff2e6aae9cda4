"""Answers that are checked question by question: several to an instruction, all questions about each at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.sampling import draw
from selftaught.programs.step import Step
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Change, Out, Stage

MOST_CHECKS = 8


class Checked(Stage):
    """Adds `answers`: texts with `met`, whether each of the row's `checks` is fulfilled; None where that could not be read.

    Args:
        answer: a program from `instruction` to `output`.
        samples: answers.
        temperature: of the answers.
    """

    name = "checked"

    def __init__(self, answer: dspy.Module, samples: int, temperature: float) -> None:
        super().__init__()
        self.answer, self.samples, self.temperature = answer, samples, temperature
        self.check = Step(ANSWER_THE_CHECKS)

    async def run(self, row: Row) -> Sequence[Out]:
        """Answer and check one instruction."""
        drawn = await draw(self.answer, {"instruction": row["instruction"]}, self.samples, self.temperature)
        texts = list(dict.fromkeys(str(one.output) for one in drawn))
        met = await asyncio.gather(*(self._met(row, text) for text in texts))
        return [row.with_values(answers=[{"output": text, "met": one} for text, one in zip(texts, met, strict=True)])]

    async def _met(self, row: Row, text: str) -> list[bool] | None:
        """Return what was said of each check; None where it cannot be matched with them."""
        checks = row["checks"]
        if not checks:
            return []
        try:
            found = await self.check.acall(instruction=row["instruction"], output=text, checks=checks)
        except AnswerError:
            return None
        said = [str(one) == "yes" for one in found.fulfilled]
        return said if len(said) == len(checks) else None

    def cost(self) -> Calls:
        """Return the calls of one instruction."""
        answered = cost_of(self.answer) * self.samples
        return answered + Calls(0, self.samples)


def chosen() -> Stage:
    """Return the stage that keeps the first answer that fulfils all checks as `output`."""
    return _Formed("chosen", lambda good, bad: {"output": good[0]} if good else "no answer fulfils every check")


def preferred() -> Stage:
    """Return the stage that keeps an answer that fulfils all checks as `chosen`, and one that does not as `rejected`."""
    return _Formed(
        "preferred",
        lambda good, bad: (
            {"chosen": good[0], "rejected": bad[0]}
            if good and bad
            else "no answer fulfils every check"
            if bad
            else "no answer fails"
        ),
    )


class _Formed(Change):
    """Takes the answers of a row to its form, or says why there is none."""

    def __init__(self, name: str, form: Any) -> None:
        super().__init__(lambda row: row, name)
        self.form = form

    async def run(self, row: Row) -> Sequence[Out]:
        """Form one row."""
        readable = [one for one in row["answers"] if one["met"] is not None]
        good = [one["output"] for one in readable if all(one["met"])]
        found = self.form(good, [one["output"] for one in readable if not all(one["met"])])
        return [Rejected(row, self.name, found) if isinstance(found, str) else row.without("answers").with_values(**found)]


ANSWER_THE_CHECKS = dspy.make_signature(
    {
        "instruction": (str, dspy.InputField(desc="a request")), "output": (str, dspy.InputField(desc="an answer to it")),
        "checks": (list[str], dspy.InputField(desc="questions about the answer")),
        "explanation": (str, dspy.OutputField(desc="what in the answer decides each question", max_length=300)),
        "fulfilled": (list[Literal["yes", "no"]], dspy.OutputField(desc="one for each question, in order", max_length=MOST_CHECKS)),
    },
    "Answer each question about the answer with yes or no.", "Check",
)  # fmt: skip
