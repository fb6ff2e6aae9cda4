"""Nearest demonstrations: for each input, the labelled examples that are most like it (kNN prompting; Liu et al., 2022).

For a task with a few dozen labelled examples or more, whose inputs differ: a fixed set fits only some of them. It costs no
call, only longer prompts that share no prefix. Where all inputs are alike, a random fixed set does as well.

1. Embed the inputs of all examples, once.
2. Embed the input and order the examples by cosine; equal ones in the order given. Leave out the input itself. Hashed features
   that few examples have weigh more.
3. Answer with the `shots` nearest as demonstrations, the nearest last (`order="last"`), where a model heeds them most.

Departures: (1) hashed n-grams instead of a trained encoder, unless one is given. (2) An example whose inputs are those of the
question is never shown: what is asked is the model's answer, not the label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import dspy
import numpy as np
from dspy.adapters.utils import serialize_for_json

from selftaught.embedding import Encoder, embed, rarity, similarities, text_of, weighted
from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, input_names

Order = Literal["last", "first"]


@method(None, "nearest-demonstrations", family="demonstrations")
class NearestDemonstrations(Program):
    """Answer each input with the labelled examples nearest to it as demonstrations.

    The prediction also holds `shown`, the numbers of the examples shown, in order. Demonstrations that an optimizer gave the
    step come before them. With an encoder of your own it cannot be saved as an artifact.

    Args:
        task: what to do.
        examples: labelled ones, as `dspy.Example` or dictionaries.
        shots: demonstrations shown; 0 is plain answering.
        order: where the nearest stands.
        generate: the predictor that answers; a step on the task by default.
        encoder: see `selftaught.embedding`.

    Raises:
        SettingError: no example, one that lacks a field, or a setting that is none.
    """

    def __init__(
        self, task: str | Task, examples: Sequence[Mapping[str, Any]], *, shots: int = 8, order: Order = "last",
        generate: dspy.Predict | None = None, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task)
        if order not in ("last", "first"):
            raise SettingError(f"order={order!r}: expected 'last' or 'first', where the nearest example stands.")
        if generate is not None and not isinstance(generate, dspy.Predict):
            raise SettingError(f"generate={generate!r}: expected a predictor, such as st.Predict(task), since demonstrations are given to it.")  # fmt: skip
        self.shots, self.order = at_least("shots", shots, 0), order
        self.generate = generate or Step(self.task)
        signature = self.generate.signature
        self.neighbours = Neighbours(signature, plain_examples(signature, examples), encoder)
        self.arguments.values["examples"] = self.neighbours.examples  # plain data, so that an artifact can hold them

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        shown = self.neighbours.nearest(inputs, self.shots)  # 1, 2
        if self.order == "last":
            shown = shown[::-1]
        demos = [*self.generate.demos, *(dspy.Example(**self.neighbours.examples[number]) for number in shown)]
        return self.answer(await self.generate.acall(**inputs, demos=demos), shown=shown)  # 3

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


class Neighbours:
    """Examples by likeness of their inputs. It never changes, so copies of a program share it."""

    def __init__(self, task: Task, examples: list[dict[str, Any]], encoder: Encoder | None = None) -> None:
        self.task, self.examples, self.encoder = task, examples, encoder

    def __deepcopy__(self, memo: dict[int, Any]) -> Neighbours:
        return self

    def nearest(self, inputs: Mapping[str, Any], count: int) -> list[int]:
        """Return the numbers of the examples nearest to an input, nearest first; never the input itself."""
        if not count:
            return []
        weights, rows = self._embedded
        (row,) = weighted(embed([text_of(self.task, inputs)], self.encoder), weights)
        given = _inputs_of(self.task, inputs)
        order = np.argsort(-similarities(row, rows).round(9), kind="stable").tolist()
        others = (number for number in order if _inputs_of(self.task, self.examples[number]) != given)
        return list(islice(others, count))

    @cached_property
    def _embedded(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights of the features, and the examples embedded with them."""
        rows = embed([text_of(self.task, example) for example in self.examples], self.encoder)
        weights = rarity(rows) if self.encoder is None else np.ones(rows.shape[1])
        return weights, weighted(rows, weights)


def plain_examples(task: Task, examples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields of a task in each example, as plain data.

    Raises:
        SettingError: there is none, or one has no input or no output of the task.
    """
    rows = [dict(one) for one in listed("examples", examples, (dspy.Example, Mapping), "dspy.Example or dictionaries")]
    if not rows:
        raise SettingError("examples is empty: give labelled examples to choose from.")
    for number, row in enumerate(rows):
        missing = [name for name, field in task.input_fields.items() if name not in row and field.is_required()]
        if missing or not any(name in row for name in task.output_fields):
            lacks = f"the input {missing[0]!r}" if missing else "an answer"
            raise SettingError(f"examples[{number}] lacks {lacks}. It has {sorted(row)}.")
    return [{name: serialize_for_json(row[name]) for name in task.fields if name in row} for row in rows]


def _inputs_of(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: serialize_for_json(values[name]) for name in input_names(task) if name in values}
