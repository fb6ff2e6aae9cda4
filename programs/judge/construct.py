"""Pairs labelled by construction (159 Self-Taught Evaluator; T. Wang et al., 2024): wrong answers that read well.

For measuring and tuning a pairwise judge without labels. The wrong answers are off target, and a judge that sees this may
still miss a subtle error: what it reaches here is a lower bound of the difficulty of your task.

1. Take a good answer to an input: the example's own, or one that the model writes.
2. Let the model write a closely related but different input, and a good answer to that one.
3. This answer is the bad one for the first input. The label comes from the construction and from no judge.
4. Where the new input is the old one, or the new answer the good one, write it again, and drop it in the end. Small models
   copy often: some examples give no pair.
5. Show each pair in both orders, so that the labels are balanced.

`rejection_sampled` draws a judge's verdicts on such pairs and keeps the right ones.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import AnswerError, CallError, DataError
from selftaught.loop import run_sync
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, example_lines, example_of, input_names, output_names

RETRY_TEMPERATURE = 1.0


@method(159, "self-taught-evaluator", family="judge", missing="selecting instructions; training the judge")
class Corrupt(Program):
    """Write a bad answer to an input: a good answer to a related but different one.

    Called with a task's inputs and, where known, its outputs (a good answer), it returns the bad answer as the task's outputs,
    `good` (the good answer) and `other` (the input that the bad answer answers).

    Args:
        task: what the answers are answers to.
        generate: writes the good answer where none is given; a step on the task by default.
        attempts: how often a corruption that changes nothing is written again.

    Raises:
        AnswerError: every attempt repeated the input or the good answer.
    """

    def __init__(self, task: str | Task, *, generate: dspy.Module | None = None, attempts: int = 3) -> None:
        super().__init__(task)
        self.attempts = at_least("attempts", attempts, 1)
        self.generate = generate or Step(self.task)
        self.corrupt = Step(example_of(self.task, WRITE_A_NEIGHBOUR))

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Write a bad answer to one input."""
        inputs = {name: fields[name] for name in input_names(self.task) if name in fields}
        good = await self._good(inputs, fields)  # 1
        shown = example_lines(self.task, {**inputs, **good})
        found: dict[str, Any] = {}
        for attempt in range(self.attempts):
            with scope.resampled(f"corruption{attempt}", RETRY_TEMPERATURE) if attempt else contextlib.nullcontext():
                found = dict((await self.corrupt.acall(examples=shown)).items())  # 2
            if self._differs(found, inputs, input_names(self.task)) and self._differs(found, good, output_names(self.task)):
                return self.answer(found, good=good, other={name: found[name] for name in inputs})  # 3
        raise AnswerError(  # 4
            "The model did not write another input with another answer, only the one that it was shown.", raw=str(found)
        )

    async def _good(self, inputs: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        names = output_names(self.task)
        return self.outputs(fields if all(name in fields for name in names) else await self.generate.acall(**inputs))

    def _differs(self, found: dict[str, Any], known: dict[str, Any], names: list[str]) -> bool:
        return answer_key(found, [name for name in names if name in known]) != answer_key(known, names)

    def accepts(self) -> dict[str, bool]:
        """Return the task's inputs, and its outputs, which may be left out."""
        return {**super().accepts(), **dict.fromkeys(output_names(self.task), False)}

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return cost_of(self.generate).optional() + Calls(1, self.attempts)


def construct_pairs(
    task: str | Task, examples: Sequence[dspy.Example], lm: Any = None, *, corrupt: Corrupt | None = None
) -> list[dspy.Example]:
    """Return labelled pairs of answers, each in both orders: task inputs, `first`, `second`, and `better` ("first" or "second").

    Args:
        task: what the answers are answers to.
        examples: with the task's inputs, and its outputs where a good answer is known.
        lm: writes the bad answers; the configured model by default.
        corrupt: how they are written.

    An answer is its bare value for a task with one output, else a dictionary. A row also has `other`, the input that the bad
    answer answers. Examples for which no bad answer was written are left out.

    Raises:
        DataError: no examples, or no bad answer for any.
    """
    if not examples:
        raise DataError("There are no examples to make pairs from.")
    writer = corrupt or Corrupt(task)
    with dspy.context(lm=lm) if lm is not None else contextlib.nullcontext():
        found = run_sync(lambda: _corrupted(writer, examples))
    made = [
        pair for example, one in zip(examples, found, strict=True) if one is not None for pair in _pairs(writer, example, one)
    ]
    if not made:
        raise DataError(
            "No bad answer was written for any example. Try a stronger model, or `label_by_construction`, which needs none."
        )
    return made


async def _corrupted(writer: Corrupt, examples: Sequence[dspy.Example]) -> list[dspy.Prediction | None]:
    async def one(example: dspy.Example) -> dspy.Prediction | None:
        try:
            return await writer.acall(**{name: example[name] for name in writer.accepts() if name in example})
        except CallError:
            return None

    return list(await asyncio.gather(*map(one, examples)))


def _pairs(writer: Corrupt, example: dspy.Example, found: dspy.Prediction) -> list[dspy.Example]:
    """Return one pair in both orders."""
    names = output_names(writer.task)
    good, bad = ({name: source[name] for name in names} if len(names) > 1 else source[names[0]] for source in (found.good, found))
    inputs = {name: example[name] for name in input_names(writer.task) if name in example}
    orders = (("first", good, bad), ("second", bad, good))
    return [
        dspy.Example(**inputs, first=first, second=second, better=better, other=found.other).with_inputs(
            *inputs, "first", "second"
        )
        for better, first, second in orders
    ]


WRITE_A_NEIGHBOUR = (
    "An example of the task is given. Change its input so that it asks for something else on the same subject: another quantity, "
    "person, form or purpose. Then write a good answer to the changed input, one that would be wrong for the given input."
)
