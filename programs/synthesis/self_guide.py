"""SELF-GUIDE (029; Zhao et al., 2024): one task and a few solved examples become a training set, with the student as its own teacher.

For one narrow task, a small model that may be tuned, and no teacher. Much of the gain is learning the form of answers: compare with a
few demonstrations and a constrained form first.

1. Make inputs: show the task and some inputs, given and made; ask for another one. A classification draws a label and asks for an
   input that would have it; then the label is forgotten.
2. Filter inputs: left-over words of the prompt, refusals, repetition without end; what is an example, or nearly one that is there.
3. Make outputs: answer each input with all examples as demonstrations, as the model answers by default.
4. Filter rows: the same noise in the outputs; inputs and outputs far longer or shorter than those of the examples.

Departures: (1) Length is counted in words, and two deviations from the mean are allowed; with a few examples the deviation says little,
so half the mean is allowed at least. (2) The labels are the values of the task's only output, where it is a Literal or a bool, or
`labels`. (3) The temperature of step 1 is ours, one for all tasks; step 3 is not warmed. (4) The words that count as noise are ours.
(5) The step that makes inputs is shown each example as a new one beside the others, which a small model needs.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.normalise import normalise
from selftaught.programs.odds import choices_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.noise import LengthRange, noise
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Novel, Source
from selftaught.registry import method
from selftaught.signatures import Task, as_task, copied, input_names, output_names, render

SHOTS = 3
"""Other inputs in a demonstration."""
LONGEST = 800
"""Characters of a text that is made as an input."""


class InputDraws(Source):
    """Begins inputs: some that are shown, given and made ones, and a label where there are some."""

    name, learns = "examples", True

    def __init__(self, task: Task, given: Sequence[Row], labels: Sequence[str], shown: int, batch: int) -> None:
        self.task, self.labels = task, list(labels)
        self.given = [self.told(row) for row in given]
        self.shown, self.batch = at_least("shown", shown, 1), at_least("batch", batch, 1)

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Draw what the rows of a round show."""
        made = {self.told(row): row.id for row in accepted}
        rows = []
        for place in range(self.batch):
            draws = random.Random(f"{seed} {number} {place}")
            known = [*self.given, *sorted(made)]
            shown = draws.sample(known, min(self.shown, len(known)))
            label = {"label": draws.choice(self.labels)} if self.labels else {}
            parents = tuple(made[one] for one in shown if one in made)
            rows.append(Row({"examples": shown, **label}, Origin(self.name, number, (place,), parents)))
        return rows

    def told(self, row: Row) -> str:
        """Return the inputs of a row as text."""
        return render(input_names(self.task), row.values)


@method(29, "self-guide", family="synthesis", missing="training")
class SelfGuide(Pipeline):
    """Make new inputs to one task and answer them, from a few solved examples.

    Rows hold the task's inputs and outputs under their own names: `found.examples(task)` is a training set.

    Args:
        examples: solved examples of the task, about three; dictionaries or `dspy.Example`.
        task: what the examples are of.
        labels: the outputs that there are, for a classification whose output is a plain text.
        filters: drop noise, and what is far longer or shorter than the examples.
        shown: inputs shown when another one is asked for.
        batch: inputs asked for a round.
        temperature: of the inputs.
        novelty: the highest ROUGE-L F with an earlier input.
        deviations: by how many standard deviations a length may differ from the examples' mean.
        generate: answers the task, such as a program of the catalogue; a step with all examples as demonstrations by default.

    Raises:
        SettingError: no examples, or one lacks a field of the task. TaskError: the task has an input `examples` or `label`.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any] | dspy.Example], *, task: str | Task, labels: Sequence[str] = (),
        filters: bool = True, shown: int = 3, batch: int = 16, temperature: float = 1.0, novelty: float = 0.9,
        deviations: float = 2.0, generate: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        self.task = as_task(task)
        known = _solved(self.task, examples)
        given, asked = input_names(self.task), output_names(self.task)
        self.labels = [str(one) for one in labels] or (list(choices_of(self.task, asked[0]) or ()) if len(asked) == 1 else [])
        if generate is None:
            generate = Step(self.task)
            generate.demos = [dspy.Example(**row.values) for row in known]
        checks = [
            Keep(lambda row: noise([row[name] for name in asked]), "output noise"),
            LengthRange(known, given, deviations, "input length"),
            *([] if self.labels else [LengthRange(known, asked, deviations, "output length")]),
        ]  # fmt: skip
        super().__init__(
            InputDraws(self.task, known, self.labels, shown, batch),
            [
                Made(maker(self.task, known, self.labels), temperature=temperature, name="input"),  # 1
                Change(lambda row: row.without("examples", "label"), "forget"),
                *([Keep(lambda row: noise([row[name] for name in given]), "input noise")] if filters else []),  # 2
                Distinct(*given), *([Novel(lambda row: render(given, row.values), novelty, unicode=True)] if filters else []),
                Made(generate, name="output"),  # 3
                *([Keep(self.mislabelled, "labels")] if self.labels else []), *(checks if filters else []),  # 4
            ],
            seeds=known,
        )  # fmt: skip

    def mislabelled(self, row: Row) -> str:
        """Return why an output is dropped, or an empty text."""
        known = {normalise(one) for one in self.labels}
        return "" if normalise(str(row[output_names(self.task)[0]])) in known else "no label of the task"


def maker(task: Task, known: Sequence[Row], labels: Sequence[str]) -> Step:
    """Return the step that makes an input, shown on the examples what is meant: each is a new one beside the others."""
    step = Step(making(task, bool(labels)))
    given = input_names(task)
    for place, row in enumerate(known if len(known) > 1 else ()):
        others = [render(given, one.values) for one in (*known[:place], *known[place + 1 :])]
        label = {"label": str(row[output_names(task)[0]])} if labels else {}
        step.demos.append(dspy.Example(examples=others[:SHOTS], **label, **{name: row[name] for name in given}))
    return step


def making(task: Task, labelled: bool) -> Task:
    """Return the signature that makes an input: `examples` (and `label`) -> the task's inputs.

    Raises:
        SettingError: the task has a field of one of these names.
    """
    shown: dict[str, Any] = {"examples": (list[str], dspy.InputField(desc="inputs that there are"))}
    if labelled:
        shown["label"] = (str, dspy.InputField(desc="what the right answer to the new input must be"))
    if taken := sorted(shown.keys() & task.fields.keys()):
        raise SettingError(f"The task has a field named {taken[0]!r}, which making inputs needs for itself. Rename the field.")
    made: dict[str, Any] = {}
    for name, field in task.input_fields.items():
        made[name] = (field.annotation, deepcopy(copied(field, dspy.OutputField)))
        if field.annotation is str and not field.metadata:
            made[name] = (str, dspy.OutputField(desc=(field.json_schema_extra or {}).get("desc", ""), max_length=LONGEST))
    text = f"{NEW_INPUT}{WITH_LABEL if labelled else ''}\n\nThe task: {task.instructions}"
    return dspy.make_signature({**shown, **made}, text, "Input")


def _solved(task: Task, examples: Sequence[Any]) -> list[Row]:
    rows = [Row(dict(one.items())) for one in listed("examples", examples, (Mapping, dspy.Example), "solved examples")]
    if not rows:
        raise SettingError("examples=[]: expected at least one solved example of the task.")
    for number, row in enumerate(rows):
        if missing := [name for name in task.fields if name not in row.values]:
            raise SettingError(f"examples[{number}] lacks {missing[0]!r}. It has {sorted(row.values)}.")
    return [Row({name: row[name] for name in task.fields}) for row in rows]


NEW_INPUT = "Inputs to a task are shown. Write another input, different from them in what it says. Do not carry out the task."
WITH_LABEL = " The right answer to it must be the given label. Do not name the label in it."
