"""The base of every program: written once, asynchronous; synchronous use, trace and saving come with it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self

import dspy

from selftaught.errors import InputError, nearest
from selftaught.loop import run_sync
from selftaught.signatures import Task, as_task, output_names
from selftaught.trace import STEPS, StepRecord


@dataclass(frozen=True, slots=True)
class Calls:
    """How many language-model calls one input takes, before anything runs."""

    at_least: int
    at_most: int

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.at_least + other.at_least, self.at_most + other.at_most)

    def __mul__(self, times: int) -> Calls:
        return Calls(self.at_least * times, self.at_most * times)

    def optional(self) -> Calls:
        """Return the same calls where they may not be made at all."""
        return Calls(0, self.at_most)


class Arguments:
    """The constructor arguments of a program, kept so that it can be built again from data."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __deepcopy__(self, memo: dict[int, Any]) -> Arguments:
        return self  # what a program was built with does not change when a copy of it is tuned


class Rebuildable:
    """Remembers the constructor arguments of what is built, so that an artifact can build it again."""

    arguments: Arguments

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        built = super().__new__(cls)
        if args or kwargs:
            signature = inspect.signature(cls.__init__)
            values = dict(list(signature.bind_partial(built, *args, **kwargs).arguments.items())[1:])
            for name, parameter in signature.parameters.items():
                if parameter.kind is parameter.VAR_KEYWORD and name in values:
                    values |= values.pop(name)
            built.__dict__["arguments"] = Arguments(values)
        return built


class Composable:
    """Gives modules the `>>` that puts another stage after them."""

    def __rshift__(self, after: Any) -> Any:
        """Return a chain of this and what comes after it; see `Chain`."""
        from selftaught.programs.compose import Chain

        before = list(self.stages) if isinstance(self, Chain) and self.names is None else [self]
        return Chain([*before, after])


_records: ContextVar[list[StepRecord] | None] = ContextVar("selftaught_steps", default=None)


class Program(Composable, Rebuildable, dspy.Module):
    """Base of programs: a task's inputs in, the task's outputs out, some method in between.

    A method is written as `async def aforward(self, **inputs)`. `forward` runs it on the background loop with the caller's
    context, so that `dspy.Evaluate`, DSPy's optimizers, callbacks and trace work. Inputs are checked before any call.

    Args:
        task: a `dspy.Signature` class or DSPy's string form.

    Raises:
        TaskError: the task cannot be read.
    """

    def __init__(self, task: str | Task) -> None:
        super().__init__()
        self.task = as_task(task)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Carry out the method on one input."""
        raise NotImplementedError

    def cost(self) -> Calls:
        """Return how many calls one input takes."""
        raise NotImplementedError

    def forward(self, **inputs: Any) -> dspy.Prediction:
        """Carry out the method from synchronous code."""
        return run_sync(lambda: self._recorded(inputs))

    def __call__(self, *args: Any, **inputs: Any) -> dspy.Prediction:
        """Answer one input from synchronous code.

        Raises:
            InputError: an input is missing or unknown.
        """
        self._check(args, inputs)
        return super().__call__(**inputs)

    async def acall(self, *args: Any, **inputs: Any) -> dspy.Prediction:
        """Answer one input from asynchronous code.

        Raises:
            InputError: an input is missing or unknown.
        """
        self._check(args, inputs)
        records: list[StepRecord] = []
        token = _records.set(records)
        try:
            prediction = await super().acall(**inputs)
        finally:
            _records.reset(token)
        return self._with_steps(prediction, records)

    async def _recorded(self, inputs: dict[str, Any]) -> dspy.Prediction:
        records: list[StepRecord] = []
        _records.set(records)
        return self._with_steps(await self.aforward(**inputs), records)

    def _with_steps(self, prediction: dspy.Prediction, records: list[StepRecord]) -> dspy.Prediction:
        """Return a prediction with what its steps saw and said as `steps`, unless the task has an output of this name."""
        if isinstance(prediction, dspy.Prediction):
            outer = _records.get()
            if outer is not None and outer is not records:
                outer.extend(records)
            if STEPS not in self.task.output_fields:
                prediction[STEPS] = list(records)
        return prediction

    def _check(self, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> None:
        fields = self.accepts()
        if args:
            raise InputError(f"{type(self).__name__} takes its inputs by name: {', '.join(f'{name}=...' for name in fields)}.")
        for name, required in fields.items():
            if required and name not in inputs:
                raise InputError(
                    f"The input {name!r} is missing. {type(self).__name__} was given {sorted(inputs)}, it needs {sorted(fields)}."
                )
        for name in inputs:
            if name not in fields:
                raise InputError(
                    f"The input {name!r} is unknown{nearest(name, fields)}. {type(self).__name__} takes {sorted(fields)}."
                )

    def accepts(self) -> dict[str, bool]:
        """Return the names of the inputs, and whether each is required."""
        return {name: field.is_required() for name, field in self.task.input_fields.items()}

    def answer(self, source: Mapping[str, Any] | dspy.Prediction, /, **more: Any) -> dspy.Prediction:
        """Return a prediction with the task's outputs taken from `source`, and what else the method tells.

        Where a task has an output of a name under which the method tells something, the task's output is what stays.
        """
        return dspy.Prediction(**{**more, **self.outputs(source)})

    def diagram(self) -> str:
        """Return a picture of the program as a Mermaid flowchart: what goes in, its steps, what comes out."""
        from selftaught.programs.compose.diagram import program_chart

        return program_chart(self)

    def outputs(self, source: Mapping[str, Any] | dspy.Prediction) -> dict[str, Any]:
        """Return the task's outputs of a prediction as a dictionary."""
        return {name: source[name] for name in output_names(self.task)}


def cost_of(module: dspy.Module) -> Calls:
    """Return the calls of a module; one for each predictor of a module that does not say."""
    if hasattr(module, "cost"):
        return module.cost()
    predictors = len(module.predictors())
    return Calls(predictors, predictors)


def record(step: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Write down what a step saw and said, for `prediction.steps`."""
    records = _records.get()
    if records is not None:
        records.append(StepRecord(step, inputs, outputs))
