"""CREST (181; Lee, Sakaguchi and Bak, 2025): rationales that lead to the right choice, told apart by follow-up questions.

For multiple-choice questions, where a right choice lets lucky rationales through. A free question has no options to follow up on.

1. Sample rationales; the choice is a call of its own, from question and rationale.
2. Right or wrong: the choice is compared with the label.
3. Follow up on each right one: given question, rationale and one option, is that option right? Its consistency is the number of
   options for which that is answered as the label says.
4. Pairs of right over wrong, and of right ones over those less consistent, weighed 1 - `mix` and `mix`. Or, for supervised
   training, the right rationales of which at most `tolerance` follow-ups were answered wrongly.

Departures: (1) a follow-up is answered with yes or no, not with a text that is searched for "not". (2) Most options are wrong,
so "wrong"
to everything scores all but one: `follow_ups` of a row holds what was said of each option.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import dspy

from selftaught.errors import DataError, SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.reason import REASONING
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, Candidate, Sampled, candidates_of, examples_of, with_candidates
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, labelled
from selftaught.programs.synthesis.keeping import Facts, Kept, facts_of
from selftaught.programs.synthesis.pair_choice import CHOICES, Pair, Pool
from selftaught.programs.synthesis.pairs import Paired
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import Task, as_task, copied, derived

CHOICE = "question, options: list[str] -> answer"
CONSISTENCY, SAID = "consistency", "follow_ups"
LONGEST_RATIONALE = 800
"""Characters."""


class RationaleFirst(Program):
    """Write a rationale in one call, and choose in another that reads it.

    Args:
        task: what to do.
    """

    def __init__(self, task: str | Task) -> None:
        super().__init__(task)
        text = {REASONING: (str, dspy.OutputField(desc="short steps, without the final choice", max_length=LONGEST_RATIONALE))}
        self.explain = Step(derived(self.task, "Explain", EXPLAIN, {}, text))
        outputs = {name: (one.annotation, copied(one, dspy.OutputField)) for name, one in self.task.output_fields.items()}
        given = {REASONING: (str, dspy.InputField(desc="thoughts about the task"))}
        self.choose = Step(derived(self.task, "Choose", CHOOSE, given, outputs), temperature=0.0)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        reasoning = (await self.explain.acall(**inputs)).reasoning
        return self.answer(await self.choose.acall(**inputs, reasoning=reasoning), reasoning=reasoning)

    def cost(self) -> Calls:
        """Return that one input takes two calls."""
        return Calls(2, 2)


@method(181, "crest", family="self-training", missing="training")
@method(181, "crest-rows", family="self-training", missing="training", rows="right")
class Crest(Pipeline):
    """Pair rationales by whether they are right, and by how consistent they are.

    A pair holds what `PairBuilder` says, `source` (`z` for right over wrong, or `consistency`) and `consistency_chosen`. With
    `rows="right"` a row holds what `SampleVerifyKeep` says, `consistency` and `follow_ups`.

    Args:
        examples: dictionaries or examples with the task's inputs, its output, and the options.
        task: what is answered; one output.
        options: the input that lists the options; the label is one of them.
        samples: rationales of each question.
        temperature: of them.
        mix: the weight of pairs by consistency, from 0 to 1; with 0 there are none, with 1 only these.
        rows: `"pairs"`, or `"right"`.
        tolerance: follow-ups that may be answered wrongly, for `rows="right"`; None keeps every right rationale.
        batch: questions a round.

    Raises:
        SettingError: no such input, several outputs, or a setting that is none.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = CHOICE, *, options: str = "options", samples: int = 16,
        temperature: float = 0.8, mix: float = 0.6, rows: str = "pairs", tolerance: int | None = 1, batch: int = 64,
    ) -> None:  # fmt: skip
        task, source = as_task(task), examples_of(task, examples, batch)
        if options not in task.input_fields or len(task.output_fields) != 1 or rows not in ("pairs", "right"):
            raise SettingError(
                f"options={options!r}, rows={rows!r}: expected an input of the task, whose output is one; and 'pairs' or 'right'."
            )
        check = Check(task, GOLD)
        labelled(check, source.rows)
        optioned(source.rows, options)
        last = ConsistentPairs(task, mix) if rows == "pairs" else ConsistentRows(task, options, tolerance)
        super().__init__(
            source,
            [
                Sampled(task, RationaleFirst(task), samples=samples, temperature=temperature),  # 1
                Checked(check, samples),  # 2
                FollowUps(task, options, samples),  # 3
                last,  # 4
            ],
        )


class FollowUps(Stage):
    """Asks of each right candidate, for every option, whether it is right; `shown` then holds the consistency."""

    def __init__(self, task: Task, options: str, samples: int) -> None:
        super().__init__()
        self.answers, self.options, self.samples, self.name = Answers(task), options, samples, "follow up"
        given = {
            REASONING: (str, dspy.InputField(desc="thoughts about the task")),
            "option": (str, dspy.InputField(desc="a possible answer")),
        }
        asked = {"correct": (bool, dspy.OutputField(desc="the option is the right answer"))}
        self.ask = Step(derived(task, "FollowUp", FOLLOW_UP, given, asked), temperature=0.0)

    async def run(self, row: Row) -> Sequence[Out]:
        """Follow up on the candidates of one row; one whose follow-ups fail is neither right nor wrong."""
        before = candidates_of(row)
        right = [one for one in before if one.right]
        found = iter(await survivors(self._followed(row, one) for one in right)) if right else iter(())
        after = [(next(found) or replace(one, right=None)) if one.right else one for one in before]
        return [with_candidates(row, after)]

    async def _followed(self, row: Row, one: Candidate) -> Candidate:
        options, given = [str(option) for option in row[self.options]], self.answers.given(row)
        calls = (self.ask.acall(**given, reasoning=one.said[REASONING], option=option) for option in options)
        said = [None if found is None else bool(found.correct) for found in await survivors(calls)]
        label = normalise(next(iter((self.answers.labels(row) or {}).values())))
        agreed = sum(word == (normalise(option) == label) for word, option in zip(said, options, strict=True) if word is not None)
        return replace(one, shown={CONSISTENCY: agreed, SAID: said})

    def cost(self) -> Calls:
        """Return the calls of one row; how many options there are depends on it, and ten are the most that are counted."""
        return (cost_of(self.ask) * 10 * self.samples).optional()


class ConsistentPairs(Paired):
    """Pairs right with wrong candidates, and right ones with less consistent ones."""

    def __init__(self, task: Task, mix: float) -> None:
        super().__init__(task, "mixed")
        self.mix = share("mix", mix)

    async def run(self, row: Row) -> Sequence[Out]:
        """Pair the candidates of one row."""
        pool = Pool(self.answers, candidates_of(row))
        sets = {"z": (CHOICES["mixed"](pool), 1.0 - self.mix), CONSISTENCY: (_by_consistency(pool), self.mix)}
        told = [
            (pair, {"source": source, "weight": weight, "consistency_chosen": pair[0].shown[CONSISTENCY]})
            for source, (pairs, weight) in sets.items()
            for pair in pairs
            if weight
        ]
        if not told:
            return [Rejected(row, self.name, "no two answers of different worth")]
        facts = facts_of(self.answers, pool.candidates)
        return [row.split(number, {**self.values(row, pair, facts), **more}) for number, (pair, more) in enumerate(told)]


class ConsistentRows(Kept):
    """Turns right candidates that are consistent enough into rows."""

    def __init__(self, task: Task, options: str, tolerance: int | None) -> None:
        super().__init__(task)
        self.options, self.tolerance = options, None if tolerance is None else at_least("tolerance", tolerance, 0)

    def selected(self, candidates: Sequence[Candidate], facts: Facts) -> list[Candidate]:
        """Return the candidates that are right and consistent."""
        fit = super().selected(candidates, facts)
        return [one for one in fit if self.tolerance is None or one.shown[CONSISTENCY] >= len(one.shown[SAID]) - self.tolerance]

    def values(self, row: Row, one: Candidate, facts: Facts) -> dict[str, Any]:
        """Return what a row holds."""
        return {**one.shown, **super().values(row, one, facts)}


def optioned(rows: Sequence[Mapping[str, Any]], options: str) -> None:
    """Refuse rows whose options are no list.

    Raises:
        DataError: one is something else.
    """
    for number, row in enumerate(rows):
        if not isinstance(row[options], list | tuple) or len(row[options]) < 2:
            raise DataError(f"examples[{number}] has {row[options]!r} as its {options!r}: expected a list of at least two.")


def _by_consistency(pool: Pool) -> list[Pair]:
    right = pool.right
    return [(one, other) for one in right for other in right if one.shown[CONSISTENCY] > other.shown[CONSISTENCY]]


EXPLAIN = "Think about the task in short steps that lead to its answer. Do not choose yet."
CHOOSE = "Thoughts about the task are given. Give the answer that follows from them."
FOLLOW_UP = "Thoughts about the task and a possible answer are given. Judging by the thoughts, say whether that answer is right."
