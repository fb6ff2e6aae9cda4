"""Proposing new inputs of a task: what is shown, what is asked for, and the step that writes them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Annotated, Any

import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import Field, TypeAdapter, ValidationError, create_model

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.odds import choices_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.row import Origin, Rejected, Row
from selftaught.programs.synthesis.stages import Out, Source, Stage, resampled
from selftaught.signatures import Task, input_names, render

EXAMPLES, WANTED, PROPOSALS = "examples", "wanted", "proposals"
LONGEST, MOST_CHOICES = 600, 12
"""Characters of a text where the task sets no limit; values of an output up to which inputs are asked for each."""


class InputDraws(Source):
    """Begins each row with examples to show, new inputs among them, and the value that the next inputs should lead to.

    Args:
        task: whose examples they are.
        examples: plain values.
        shown: examples shown at a time.
        machine: new inputs shown beside them at most.
        batch: rows a round.
    """

    name, learns = "draw", True

    def __init__(
        self, task: Task, examples: Sequence[Mapping[str, Any]], *, shown: int = 5, machine: int = 2, batch: int = 2
    ) -> None:
        self.task, self.examples = task, list(examples)
        self.shown, self.machine = at_least("shown", shown, 1), at_least("machine", machine, 0)
        self.batch, self.output = at_least("batch", batch, 1), steered(task)
        self.choices = choices_of(task, self.output) if self.output else ()

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Draw what the rows of a round show."""
        counts = Counter(said(row.values[self.output]) for row in accepted if self.output)
        rows = []
        for place in range(self.batch):
            draws = random.Random(f"{seed} {number} {place}")
            wanted = min(self.choices, key=lambda one: (counts[one], draws.random())) if self.output else ""
            counts[wanted] += 1
            own = self.drawn(draws, [row for row in accepted if self.fits(row.values, wanted)], self.machine)
            shown = self.drawn(draws, [one for one in self.examples if self.fits(one, wanted)] or self.examples, self.shown)
            lines = [render(input_names(self.task), one) for one in [*shown, *(row.values for row in own)]]
            values = {EXAMPLES: lines, **({WANTED: f"{self.output}: {wanted}"} if self.output else {})}
            rows.append(Row(values, Origin(self.name, number, (place,), tuple(row.id for row in own))))
        return rows

    def fits(self, values: Mapping[str, Any], wanted: str) -> bool:
        """True for what has the wanted value, or where none is wanted."""
        return not wanted or (self.output in values and said(values[self.output]) == wanted)

    @staticmethod
    def drawn(draws: random.Random, several: Sequence[Any], most: int) -> list[Any]:
        """Return so many, or all, in random order."""
        return draws.sample(list(several), min(most, len(several)))


class Inputs(Stage):
    """Turns what is shown into rows with the task's inputs.

    Args:
        task: whose inputs are written.
        count: inputs asked for at a time.
        temperature: each row is another sample at it.
        examples: plain values, from which our step is shown what is asked of it.
        propose: asked in place of our step.
    """

    name = "propose"

    def __init__(
        self,
        task: Task,
        count: int,
        temperature: float,
        examples: Sequence[Mapping[str, Any]],
        propose: dspy.Module | None = None,
    ) -> None:
        super().__init__()
        self.names, self.temperature = input_names(task), temperature
        step = Step(inputs_like(task, at_least("proposals", count, 1)))
        step.demos = demonstrations(task, examples, count)
        self.propose = propose or step

    async def run(self, row: Row) -> Sequence[Out]:
        """Ask for new inputs."""
        with resampled(row, self.temperature):
            found = await self.propose.acall(**row.values)
        out: list[Out] = []
        for number, one in enumerate(found[PROPOSALS]):
            values = {self.names[0]: plain(one)} if len(self.names) == 1 else plain(one)
            made = row.split(number, values)
            blank = not render(self.names, values).strip()
            out.append(Rejected(made, self.name, "empty") if blank else made)
        return out or [Rejected(row, self.name, "no proposal")]

    def cost(self) -> Calls:
        """Return the calls of one proposal."""
        return cost_of(self.propose)


def inputs_like(task: Task, count: int) -> Task:
    """Return the signature of a proposal: `examples` (and the `wanted` value) -> so many `proposals`, inputs of the task."""
    kinds: dict[str, Any] = {name: (limited(field), ...) for name, field in task.input_fields.items()}
    one = next(iter(kinds.values()))[0] if len(kinds) == 1 else create_model("Input", **kinds)
    given: dict[str, tuple[Any, Any]] = {EXAMPLES: (list[str], dspy.InputField(desc="inputs that are there already"))}
    said = NEW_INPUTS
    if steered(task):
        given[WANTED] = (str, dspy.InputField(desc="what the right answer to each new input must be"))
        said = f"{NEW_INPUTS} {WITH_THE_ANSWER}"
    asked = dspy.OutputField(desc=f"{count} new inputs", min_length=1, max_length=count)
    text = f"{said}\n\nThe task: {task.instructions}"
    return dspy.make_signature({**given, PROPOSALS: (GenericAlias(list, (one,)), asked)}, text, "ProposeInputs")


def demonstrations(task: Task, examples: Sequence[Mapping[str, Any]], count: int) -> list[dspy.Example]:
    """Return what shows how to propose: without, a small model repeats what it is shown, or answers it.

    Where an input is one text, inputs of a task of our own; otherwise the examples, some as if they had been proposed from others.
    """
    names, output = input_names(task), steered(task)
    if len(names) == 1 and task.input_fields[names[0]].annotation is str:
        given = {EXAMPLES: list(SHOWN), **({WANTED: SHOWN_ANSWER} if output else {})}
        return [dspy.Example(**given, **{PROPOSALS: list(PROPOSED[:count])})]
    first, *rest = examples
    if output:
        rest = [one for one in rest if output in one and output in first and one[output] == first[output]]
    if not rest:
        return []
    given = {EXAMPLES: [render(names, first)], **({WANTED: f"{output}: {said(first[output])}"} if output else {})}
    proposed = [one[names[0]] if len(names) == 1 else {name: one[name] for name in names} for one in rest[:count]]
    return [dspy.Example(**given, **{PROPOSALS: proposed})]


def limited(field: Any) -> Any:
    """Return the type of a field with its limits; a text without one gets ours."""
    limits = list(field.metadata) or ([Field(max_length=LONGEST)] if field.annotation is str else [])
    return Annotated[(field.annotation, *limits)] if limits else field.annotation


def steered(task: Task) -> str:
    """Return the first output with a few fixed values, for each of which inputs are asked for; empty where there is none."""
    return next((name for name in task.output_fields if 2 <= len(choices_of(task, name)) <= MOST_CHOICES), "")


def said(value: Any) -> str:
    """Return a value as a choice is written."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return serialize_for_json(value)


def typed(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values as the types of the task's fields.

    Raises:
        SettingError: a value does not fit its field.
    """
    found = {}
    for name, value in values.items():
        if name in task.fields:
            try:
                found[name] = TypeAdapter(task.fields[name].annotation).validate_python(value)
            except ValidationError as error:
                raise SettingError(
                    f"{name}={value!r} is no {task.fields[name].annotation}: {error.errors()[0]['msg']}."
                ) from error
    return found


NEW_INPUTS = "Write new inputs for the task: of the same kind as the examples, but about other things. Do not answer them."
WITH_THE_ANSWER = "The right answer to each is the wanted one."
SHOWN = ("The bus was late again this morning.", "My key does not fit the new door.")
SHOWN_ANSWER = "kind: complaint"
PROPOSED = (
    "The lift has been out of order since Monday.",
    "Nobody answered when I called the office twice.",
    "The parcel came with a broken lid.",
    "Our street has had no light for a week.",
)
"""A task of our own, which shows a proposer what new inputs of the same kind are."""
