"""The focus core: select, transform, answer.

1. Select what matters: in the context that came with the input, or in texts of the program's own.
2. Transform: mark it, keep it alone, shorten it, or lay it beside the input.
3. Answer with what came out, in the same step that would have answered without. Nothing selected leaves everything as it was.

Papers that are this with another selection or transformation register themselves on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import dspy

from selftaught.errors import SettingError, TaskError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.step import Step
from selftaught.signatures import Task, instructed

Given = tuple[tuple[str, str], ...]
"""Lists of texts that a step is given besides the task's inputs: name and description of each."""


@dataclass(frozen=True, slots=True)
class Focused:
    """What the answering step gets.

    Attributes:
        inputs: the task's, with the context in its new form, and a value for each of `given`.
        note: what the step is told about it; nothing where it is the input as it came.
        given: see `Given`.
        more: what the prediction tells of the selection.
    """

    inputs: dict[str, Any]
    note: str = ""
    given: Given = ()
    more: dict[str, Any] = field(default_factory=dict)


class Focus(Program):
    """Base of programs that answer on a focused context. A subclass writes `focus` and `cost_of_focus`.

    Args:
        task: what to do.
        generate: answers; a step on the task by default.
        predictor: `generate` must be one, because it is told about the context.

    Raises:
        SettingError: `generate` is no predictor where one is needed.
    """

    def __init__(self, task: str | Task, *, generate: dspy.Module | None = None, predictor: bool = False) -> None:
        super().__init__(task)
        if predictor and generate is not None and not isinstance(generate, dspy.Predict):
            raise SettingError(f"generate={generate!r}: expected a predictor, such as st.Predict(task), since it is told about the context.")  # fmt: skip
        self.generate = generate or Step(self.task)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        found = await self.focus(inputs)  # 1, 2
        said = await answered(self.generate, found)  # 3
        outputs = self.outputs(said)
        return self.answer(self.cleaned(outputs) if found.note else outputs, **found.more)

    async def focus(self, inputs: dict[str, Any]) -> Focused:
        """Select and transform."""
        raise NotImplementedError

    def cleaned(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """Return an answer without what only the transformation brought in."""
        return outputs

    def cost_of_focus(self) -> Calls:
        """Return the calls of selecting and transforming."""
        raise NotImplementedError

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return self.cost_of_focus() + cost_of(self.generate)


async def answered(generate: dspy.Module, found: Focused) -> dspy.Prediction:
    """Return the answer of a step that is told about its input for this one call; where nothing is to be told, plainly."""
    if not found.note:
        return await generate.acall(**found.inputs)
    signature = told(generate.signature, generate.signature.instructions, found.note, found.given)
    return await generate.acall(**found.inputs, signature=signature)


def told(signature: Task, instructions: str, note: str, given: Given = ()) -> Task:
    """Return a signature with a sentence after its instructions, and with more inputs.

    Raises:
        TaskError: it has a field of that name already.
    """
    kept: Any = _told  # a class can be a key, which its type does not say
    return kept(signature, instructions, note, given)


@lru_cache(maxsize=512)
def _told(signature: Task, instructions: str, note: str, given: Given) -> Task:
    grown = signature
    for name, description in given:
        if name in signature.fields:
            raise TaskError(f"The task {signature.__name__} has a field named {name!r}, under which it is given {description}. Rename the field.")  # fmt: skip
        grown = grown.append(name, dspy.InputField(desc=description), list[str])
    return instructed(grown, f"{instructions}\n\n{note}")
