"""Pairwise: which of two answers is better, asked in both orders (051, 054, 055, 159).

1. Ask which of two answers is better, as first and second.
2. Ask again with the two swapped. A model that prefers a place prefers it in both orders, and so cancels itself.
3. With the model's probabilities: the chance that the first is better is the mean of both orders; closer to one half than
   `margin`, or called a tie in both, it is a tie. With words alone: a verdict that changes with the order is a tie.

As a judge of one answer it compares with the answer of `against`, or with the example's labelled answer: 1 for better,
0.5 for a tie, 0 for worse; with probabilities, the chance of being better.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import dspy

from selftaught.errors import AnswerError, SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Comparison, Criterion, Task, Verdict, compare_of, output_names, render

Drafts = tuple[str, str]
Better = Literal["first", "second", "tie"]


@method(None, "pairwise", family="judge")
class Pairwise(Judge):
    """Compare answers two at a time.

    Args:
        task: what the answers are answers to.
        against: the program whose answers the judged ones are compared with; by default the example's labelled answer.
        both_orders: ask in both orders, which doubles the calls and exposes a judge that prefers a place.
        reason: think for a sentence before the verdict.
        odds: use the model's probabilities where it gives them; otherwise its words.
        ties: the judge may call it a tie.
        margin: with probabilities, how far from one half the chance must be.
    """

    def __init__(
        self,
        task: str | Task,
        against: dspy.Module | None = None,
        *,
        both_orders: bool = True,
        reason: bool = False,
        odds: bool = True,
        ties: bool = False,
        margin: float = 0.0,
    ) -> None:
        super().__init__(task)
        if against is not None and not isinstance(against, dspy.Module):
            raise SettingError(f"against={against!r}: expected a program, or None for the labelled answer.")
        self.both_orders, self.margin = both_orders, margin
        self.choose = Step(compare_of(self.task, reason=reason, ties=ties), odds="better" if odds else None)
        if against is not None:
            self.against = against
            _check_outputs(against, self.task)
        self.read_reference("needed" if against is None else "no")

    async def prefer(self, inputs: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> Comparison:
        """Say which of two answers is better.

        Raises:
            AnswerError: no order gave a readable answer.
        """
        names = output_names(self.task)
        with self.judging():
            return await self._compared(inputs, (render(names, first), render(names, second)))

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer by comparing it with another."""
        known = {name: value for name, value in inputs.items() if name in self.task.input_fields}
        names = output_names(self.task)
        other = inputs[REFERENCE] if self.reads_reference == "needed" else render(names, await self.against.acall(**known))
        found = await self._compared(known, (render(names, outputs), other))
        score = found.chance if found.chance is not None else {"first": 1.0, "tie": 0.5, "second": 0.0}[found.better]
        criterion = Criterion(name=BETTER, passed=found.better == "first" if found.consistent else None, score=score)
        return Verdict(score=score, passed=found.better == "first", criteria=(criterion,), confidence=abs(2 * score - 1))

    async def _compared(self, inputs: dict[str, Any], drafts: Drafts) -> Comparison:
        if drafts[0] == drafts[1]:
            return Comparison(better="tie", chance=0.5)
        inputs = {name: value for name, value in inputs.items() if name in self.task.input_fields}
        orders = [drafts, drafts[::-1]] if self.both_orders else [drafts]
        asked = [{**inputs, "first_draft": one, "second_draft": other} for one, other in orders]
        found = await asyncio.gather(*(self.choose.acall(**fields) for fields in asked), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, AnswerError):
                raise one
        readable = [(one, number == 1) for number, one in enumerate(found) if isinstance(one, dspy.Prediction)]
        if not readable:
            raise next(one for one in found if isinstance(one, BaseException))
        return self._together([_said(*one) for one in readable], len(orders))

    def _together(self, said: list[tuple[Better, float | None]], asked: int) -> Comparison:
        words = {word for word, _ in said}
        consistent = len(words) == 1 and len(said) == asked
        chances = [chance for _, chance in said if chance is not None]
        if len(chances) == asked:
            chance = sum(chances) / len(chances)
            even = abs(chance - 0.5) <= self.margin + ROUNDING or (consistent and words == {"tie"})
            better: Better = "tie" if even else "first" if chance > 0.5 else "second"
            return Comparison(better=better, consistent=consistent, chance=chance)
        return Comparison(better=said[0][0] if consistent else "tie", consistent=consistent)

    def cost_of_preference(self) -> Calls:
        """Return the calls of one comparison; equal answers take none."""
        return Calls(0, 2 if self.both_orders else 1)

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        other = Calls(0, 0) if self.reads_reference == "needed" else cost_of(self.against)
        return other + self.cost_of_preference()


def _said(found: dspy.Prediction, swapped: bool) -> tuple[Any, float | None]:
    """Return the verdict and the chance that the first answer is better, in the caller's order."""
    word, odds = str(found.better), found.get("odds")
    chance = None if not odds else odds["first"] + odds.get("tie", 0.0) / 2
    if not swapped:
        return word, chance
    return {"first": "second", "second": "first"}.get(word, word), None if chance is None else 1.0 - chance


def _check_outputs(against: dspy.Module, task: Task) -> None:
    theirs = getattr(against, "task", None)
    if theirs is not None and output_names(theirs) != output_names(task):
        raise SettingError(
            f"against: its answers have the fields {output_names(theirs)}, the judged ones {output_names(task)}. "
            "Give a program for the same task."
        )


ROUNDING = 1e-9
BETTER = "better than the other answer"
"""The criterion of a verdict."""
