"""Meta-judging (054; Wu et al., 2024): which of several judgements of one answer is the most accurate?

For a judge whose verdicts vary from sample to sample. A meta-judge favours a place and high marks: watch both.

1. Draw several judgements of the answer: reasons and a score each.
2. Show the meta-judge two of them at a time, every pair in both orders; a judgement never meets itself or its equal.
3. Weigh what was won in the first place by the second place's share of all wins, and the other way round: what a place
   wins too often counts for less, and wins in one place only count for nothing.
4. Strengths by Bradley and Terry's model (the Elo of the paper) on the weighted wins; the strongest judgement is the verdict.

Departures: (1) the weights of step 3 come from the comparisons of one answer (the paper does not say over what it
counts); `order_weights` takes those of many. (2) Where no judgement stands out, the one with the median score is
returned. (3) The meta-judge gets no reference answer, even where the judge has one. (4) With probabilities, the likelier
place wins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import permutations
from typing import Any, Literal

import dspy
import numpy as np

from selftaught import scope
from selftaught.errors import AnswerError, InputError
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.base import REFERENCE, Judge
from selftaught.programs.judge.ranking import Ranking, bradley_terry
from selftaught.programs.judge.rating import SAMPLE_TEMPERATURE, Rating
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, derived, output_names, render


class MetaJudge(Program):
    """Rank judgements of one answer.

    Called with a task's inputs and outputs and `judgements` (texts), it returns `best` and `worst` (indices, None where no
    judgement stands out) and `ranking`.

    Args:
        task: what the judged answers are answers to.
        rubric: by what they were judged.
        reason: think for a sentence before each comparison.
        odds: compare by the model's probabilities where it gives them.
    """

    def __init__(self, task: str | Task, *, rubric: str = "", reason: bool = False, odds: bool = True) -> None:
        super().__init__(task)
        given = {
            "draft": "the answer that was judged",
            "first_judgement": "one judgement",
            "second_judgement": "another judgement",
        }
        asked: dict[str, Any] = {"reason": (str, dspy.OutputField(desc="one sentence"))} if reason else {}
        asked["better"] = (Literal["first", "second"], dspy.OutputField(desc="the more accurate judgement"))
        instruction = f"{JUDGED_TWICE} {WORK_IT_OUT} {NAME_THE_TRUER}" if reason else f"{JUDGED_TWICE} {NAME_THE_TRUER}"
        instruction += f"\nWhat answers were judged by: {rubric}" if rubric else ""
        fields = {name: (str, dspy.InputField(desc=text)) for name, text in given.items()}
        self.choose = Step(derived(self.task, "MetaJudge", instruction, fields, asked), odds="better" if odds else None)

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Rank judgements of one answer."""
        judgements = fields.pop("judgements")
        if not judgements:
            raise InputError("judgements=[]: there is nothing to rank. Draw at least one judgement of the answer.")
        outputs = self.outputs(fields)
        inputs = {name: value for name, value in fields.items() if name not in outputs}
        with scope.scoped(purpose="judge"):
            found = await self.rank(inputs, outputs, judgements)
        order = found.order if found.determined else (None,)
        return dspy.Prediction(best=order[0], worst=order[-1], ranking=found)

    async def rank(self, inputs: dict[str, Any], outputs: dict[str, Any], judgements: Sequence[str]) -> Ranking:
        """Return the judgements in order, most accurate first."""
        said, asked, failed = await self._compared({**inputs, "draft": render(output_names(self.task), outputs)}, judgements)
        found = bradley_terry(battle_matrix(said, order_weights([said])))
        strengths = tuple(round(strength, 9) for strength in found)  # the fit is exact to less than that
        order = tuple(sorted(range(len(judgements)), key=lambda i: (-strengths[i], i)))
        return Ranking(order, strengths, asked, int(np.abs(said).sum()), failed)

    async def _compared(self, asked: dict[str, Any], judgements: Sequence[str]) -> tuple[np.ndarray, int, int]:
        """Return what was said of each ordered pair (1: the first is better, -1: the second, 0: nothing), asked and failed."""
        pairs = [(i, j) for i, j in permutations(range(len(judgements)), 2) if judgements[i] != judgements[j]]
        found = await asyncio.gather(
            *(self.choose.acall(**asked, first_judgement=judgements[i], second_judgement=judgements[j]) for i, j in pairs),
            return_exceptions=True,
        )
        said = np.zeros((len(judgements), len(judgements)), dtype=int)
        for pair, one in zip(pairs, found, strict=True):
            said[pair] = _winner(one)
        return said, len(pairs), sum(isinstance(one, AnswerError) for one in found)

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs and outputs, and the judgements."""
        return {**super().accepts(), **dict.fromkeys(output_names(self.task), True), "judgements": True}

    def cost_of_ranking(self, judgements: int) -> Calls:
        """Return the calls of ranking so many judgements; equal ones take none."""
        return Calls(0, judgements * (judgements - 1))


@method(54, "meta-rewarding", family="judge", missing="training on the pairs")
class MetaJudged(Judge):
    """Judge several times and return the judgement that a meta-judge finds the most accurate.

    Args:
        task: what the answers are answers to.
        judge: draws the judgements; a score with reasons by default. Any judge whose verdicts say why.
        samples: judgements drawn.
        temperature: at which they are drawn.
        rubric: by what the judge judges, shown to the meta-judge.
        odds: compare judgements by the model's probabilities where it gives them.
    """

    def __init__(
        self,
        task: str | Task,
        judge: Judge | None = None,
        *,
        samples: int = 3,
        temperature: float = SAMPLE_TEMPERATURE,
        rubric: str = "",
        odds: bool = True,
    ) -> None:
        super().__init__(task)
        self.judge = judge or Rating(task, expect=False)
        self.meta = MetaJudge(task, rubric=rubric, odds=odds)
        self.samples, self.temperature = at_least("samples", samples, 1), temperature
        self.read_reference(self.judge.reads_reference)

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Judge one answer."""
        drawn = await draw(self.judge, {**inputs, **outputs}, self.samples, self.temperature)  # 1
        verdicts = [one.verdict for one in drawn if one.verdict.score is not None]
        if not verdicts:
            return Verdict(score=None, reasons="None of the judgements gave a score.")
        known = {name: value for name, value in inputs.items() if name != REFERENCE}
        found = await self.meta.rank(known, outputs, [judgement_text(verdict) for verdict in verdicts])  # 2, 3, 4
        by_score = sorted(range(len(verdicts)), key=lambda i: verdicts[i].score)
        return verdicts[found.order[0] if found.determined else by_score[len(by_score) // 2]]

    def cost(self) -> Calls:
        """Return the calls of one verdict."""
        return self.judge.cost_of_many(self.samples) + self.meta.cost_of_ranking(self.samples)


def order_weights(said: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the weights of a win in the first and in the second place: each the other place's share of all wins.

    Args:
        said: for each answer, a square matrix of what was said of each ordered pair: 1, -1 or 0.
    """
    first = sum(int(np.sum(matrix == 1)) for matrix in said)
    second = sum(int(np.sum(matrix == -1)) for matrix in said)
    return (second / (first + second), first / (first + second)) if first + second else (0.5, 0.5)


def battle_matrix(said: np.ndarray, weights: tuple[float, float]) -> np.ndarray:
    """Return the weighted wins of row over column, from what was said of each ordered pair (054)."""
    return weights[0] * (said == 1) + weights[1] * (said.T == -1)


def judgement_text(verdict: Verdict) -> str:
    """Return a verdict as the text that a meta-judge reads."""
    said = {True: "yes", False: "no", None: "undetermined"}
    listed = [f"{criterion.name}: {said[criterion.passed]}" for criterion in verdict.criteria]
    score = "none" if verdict.score is None else f"{100 * verdict.score:.0f} of 100"
    return "\n".join(part for part in (verdict.reasons, *listed, f"Score: {score}") if part)


def _winner(found: dspy.Prediction | BaseException) -> int:
    if isinstance(found, AnswerError):
        return 0
    if isinstance(found, BaseException):
        raise found
    odds = found.get("odds")
    if odds:
        return int(np.sign(odds["first"] - odds["second"]))
    return 1 if found.better == "first" else -1


JUDGED_TWICE = "An answer to the task was judged twice."
WORK_IT_OUT = "Work out yourself what is right and wrong in the answer."
NAME_THE_TRUER = (
    "Name the judgement whose reasons are true and whose score fits them, whatever its length, its place and how high it scores."
)
