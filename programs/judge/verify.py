"""Verify: is the answer right? (185 SIRLC's correctness form; 055's verifiers.)

1. Ask whether the answer is right; read the chance of yes from the model's own probabilities where it gives them.
2. Ask also whether it is wrong (`both_ways`): a model that says yes to everything says yes to both.
3. The score is the mean of the chance of "right" and of "not wrong"; a contradiction leaves the verdict undetermined
   where only words are known, and in the middle where probabilities are.

Departures from 185: its judge is asked once and trains along with the student; ours is a prompt.
"""

from __future__ import annotations

import asyncio
from typing import Any

import dspy

from selftaught.errors import AnswerError
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Criterion, Task, Verdict, output_names, refute_of, render, verify_of


@method(185, "sirlc", family="judge", missing="training on the reward")
class Verify(Judge):
    """Decide whether an answer is right.

    Args:
        task: what the answers are answers to.
        reason: think for a sentence before the verdict.
        both_ways: ask also whether it is wrong, which doubles the calls.
        odds: score with the model's probabilities where it gives them; otherwise with its words.
        reference: also show a right answer, taken from the example's labels.
    """

    def __init__(
        self, task: str | Task, *, reason: bool = False, both_ways: bool = True, odds: bool = True, reference: bool = False
    ) -> None:
        super().__init__(task)
        self.read_reference("needed" if reference else "no")
        self.both_ways = both_ways
        self.verify = Step(verify_of(self.task, reason=reason, reference=reference), odds="correct" if odds else None)
        if both_ways:
            self.refute = Step(refute_of(self.task, reason=reason, reference=reference), odds="wrong" if odds else None)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        asked = {**inputs, "draft": render(output_names(self.task), outputs)}
        steps = [self.verify, self.refute] if self.both_ways else [self.verify]
        found = await asyncio.gather(*(step.acall(**asked) for step in steps), return_exceptions=True)
        belief = belief_of(found[0], "correct", good_if=True)
        if self.both_ways:
            belief = together(belief, belief_of(found[1], "wrong", good_if=False))
        readable = all(isinstance(one, dspy.Prediction) for one in found)
        return _verdict(criterion_of("Is the answer right?", belief, readable=readable), _reason(found[0]))

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return Calls(2, 2) if self.both_ways else Calls(1, 1)


Belief = tuple[bool | None, float | None]
"""What was said of one criterion: fulfilled or not (None: unreadable or contradictory), and its chance where known."""

UNREADABLE: Belief = (None, None)


def belief_of(found: dspy.Prediction | BaseException, field: str, *, good_if: bool) -> Belief:
    """Return what a yes/no answer says. An unreadable one says nothing; any other error is raised, it is no answer at all."""
    if isinstance(found, AnswerError):
        return UNREADABLE
    if isinstance(found, BaseException):
        raise found
    yes = str(found[field]).lower() in ("true", "yes")
    odds = found.get("odds")
    chance = None if not odds else odds.get("true", odds.get("yes", 0.0))
    return yes == good_if, chance if good_if or chance is None else 1.0 - chance


def together(one: Belief, other: Belief) -> Belief:
    """Return what two opposite questions say together. Words that contradict each other say nothing; chances are averaged."""
    passed = one[0] if one[0] == other[0] else None
    if one[1] is None or other[1] is None:
        return passed, None
    return passed, (one[1] + other[1]) / 2


def criterion_of(name: str, belief: Belief, *, readable: bool) -> Criterion:
    """Return a belief as a criterion of a verdict."""
    reason = "" if belief[0] is not None else CONTRADICTS if readable else "no readable answer"
    score = belief[1] if belief[1] is not None else None if belief[0] is None else float(belief[0])
    return Criterion(name=name, passed=belief[0], score=score, reason=reason)


CONTRADICTS = "contradicts itself when asked the other way round"


def _verdict(criterion: Criterion, reasons: str) -> Verdict:
    known = criterion.score is not None
    passed = criterion.passed if criterion.passed is not None or criterion.score is None else criterion.score >= 0.5
    confidence = abs(2 * criterion.score - 1) if criterion.score is not None else None
    return Verdict(
        score=criterion.score if known else None, passed=passed, reasons=reasons, criteria=(criterion,), confidence=confidence
    )


def _reason(found: Any) -> str:
    return str(found.get("reason", "")) if isinstance(found, dspy.Prediction) else ""
