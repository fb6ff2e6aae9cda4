"""The base of compositions: values flow from stage to stage, each takes what it needs by name.

1. What the caller gives is known.
2. Each stage takes its inputs from what is known, and what it writes is known to the stages after it; the newest value counts.
3. `draft`, where a stage takes it and nothing gives it, is the text of the newest answer: of the fields that the last stage
   wrote which takes no draft itself.
4. The composition's outputs are those of its last stage; everything else that was written is in the prediction too.

Fields are checked when the composition is built: one that two stages know by the same name must have the same type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.errors import TaskError
from selftaught.programs.base import Program
from selftaught.programs.compose.diagram import Arrows, Diagram
from selftaught.programs.compose.fields import DRAFT, Wires, stage_of
from selftaught.signatures import Task, copied, output_names, render


@dataclass(slots=True)
class Values:
    """What is known while a composition runs. `drafted`: the fields whose newest values are the draft."""

    known: dict[str, Any]
    drafted: tuple[str, ...] = ()
    written: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> Values:
        """Return values that a branch may change on its own."""
        return Values(dict(self.known), self.drafted)

    def shown(self) -> dict[str, Any]:
        """Return the known values, with the newest answer as `draft` where nothing else is called so."""
        return ({DRAFT: render(list(self.drafted), self.known)} if self.drafted else {}) | self.known

    def write(self, values: Mapping[str, Any], *, drafts: bool) -> None:
        """Add what a stage wrote."""
        self.known |= values
        self.written |= values
        if drafts:
            self.drafted = tuple(values)


class Flow(Program):
    """Base of compositions: a subclass says how it wires its parts, runs them, and draws itself.

    A composition is a program: it can be called, evaluated, tuned and saved. It may be a stage of another one.
    """

    def __init__(self) -> None:
        dspy.Module.__init__(self)
        self.wires()  # refuses fields that do not fit, before anything runs

    def wire(self, wires: Wires) -> dict[str, Any]:
        """Check this composition against what is known; returns its outputs and their types.

        Raises:
            TaskError: a field has another type than the one a stage takes.
        """
        raise NotImplementedError

    async def flow(self, values: Values) -> None:
        """Run on what is known, and add to it."""
        raise NotImplementedError

    def draw(self, diagram: Diagram, entries: Arrows) -> Arrows:
        """Draw this composition after what leads to it; returns what leads on, as nodes and labels of arrows."""
        raise NotImplementedError

    def wires(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the caller must give, as fields, and the outputs with their types."""
        wires = Wires()
        outputs = self.wire(wires)
        return wires.needed, outputs

    @property
    def task(self) -> Task:  # type: ignore[override]  # made from the stages, so that there is one place for what they take and give
        """The signature of the whole.

        Raises:
            TaskError: an output is an input too, since a stage that writes it may be skipped. Put the stage that first writes it
            before this one.
        """
        if "_task" in self.__dict__:
            return self.__dict__["_task"]
        needed, outputs = self.wires()
        for name in outputs.keys() & needed.keys():
            raise TaskError(
                f"{type(self).__name__} both needs and gives {name!r}. Put a stage that writes it first, as in Chain([generate, ...])."
            )
        fields: dict[str, tuple[Any, Any]] = {
            name: (one.annotation, copied(one, dspy.InputField)) for name, one in needed.items()
        }
        fields |= {name: (kind, self._output(name)) for name, kind in outputs.items()}
        self._task = dspy.make_signature(fields, self._instructions(), type(self).__name__)
        return self._task

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Run the composition on one input."""
        values = Values(dict(inputs))
        await self.flow(values)
        names = output_names(self.task)
        return self.answer(values.written, **{name: value for name, value in values.written.items() if name not in names})

    def diagram(self) -> str:
        """Return a picture of the composition as a Mermaid flowchart."""
        needed, outputs = self.wires()
        diagram = Diagram()
        ends = self.draw(diagram, [(diagram.terminal(", ".join(needed)), "")])
        diagram.lead(ends, diagram.terminal(", ".join(outputs)))
        return diagram.text()

    def _instructions(self) -> str:
        return next((step.signature.instructions for step in self.predictors()), "")

    def _output(self, name: str) -> Any:
        """Return an output field with the description that the last stage to write it gives."""
        for step in reversed(self.predictors()):
            if name in step.signature.output_fields:
                return copied(step.signature.output_fields[name], dspy.OutputField)
        return dspy.OutputField()


def wired(module: dspy.Module, wires: Wires) -> dict[str, Any]:
    """Wire a part; returns its outputs."""
    if isinstance(module, Flow):
        return module.wire(wires)
    part = stage_of(module)
    if shared := sorted(part.takes.keys() & part.gives.keys()):
        raise TaskError(
            f"{part.name} takes and gives {shared[0]!r}, so what it gives would replace the answer that it is about. Rename the field."
        )
    for name, one in part.takes.items():
        if one.is_required() or name in wires.types:
            wires.take(name, one, part.name)
    wires.write(part.gives, part.name, drafts=part.drafts)
    return part.gives


async def ran(module: dspy.Module, values: Values) -> None:
    """Run a part on what is known."""
    if isinstance(module, Flow):
        await module.flow(values)
    else:
        part = stage_of(module)
        values.write(await part.run(values.shown()), drafts=part.drafts)


def drawn(module: dspy.Module, diagram: Diagram, entries: Arrows) -> Arrows:
    """Draw a part."""
    if isinstance(module, Flow):
        return module.draw(diagram, entries)
    part = stage_of(module)
    return diagram.box(part.name, ", ".join(part.gives), entries)
