"""A judge as a program that can be tuned: it names the better of two answers, and the label says which one is (159)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import DataError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge import Judge, Pairwise, label_by_construction
from selftaught.programs.judge.gold import Gold
from selftaught.programs.judge.trust.labels import BETTER, CORRUPTION, FIRST, LABEL, SECOND, form_of, outputs_of, winners_of
from selftaught.signatures import Task, input_names, output_names

SIDES = (FIRST, SECOND)


class Preferring(Program):
    """Names the better of two answers, as a judge finds: the form in which a judge is tuned.

    Called with the inputs of the judge's task and `first` and `second` (the task's outputs, by name).

    Args:
        judge: any judge; its steps are this program's.

    Raises:
        SettingError: it is no judge, or it reads a right answer, so that there is nothing to find out.
    """

    def __init__(self, judge: Judge) -> None:
        if not isinstance(judge, Judge):
            raise SettingError(f"{type(judge).__name__} is no judge. Expected one such as st.judges.Rating(task).")
        if judge.reads_reference == "needed" and not isinstance(judge, Pairwise):
            raise SettingError(
                f"This {type(judge).__name__} reads the right answer. Tune a judge that does without (reference=False)."
            )
        super().__init__(_task_of(judge.task))
        self.judge = judge

    async def aforward(self, **fields: Any) -> dspy.Prediction:
        """Compare two answers to one input."""
        inputs = {name: fields[name] for name in input_names(self.judge.task) if name in fields}
        found = await self.judge.prefer(inputs, fields[FIRST], fields[SECOND])
        return dspy.Prediction(better=found.better, chance=found.chance)

    def cost(self) -> Calls:
        """Return the calls of one comparison."""
        return self.judge.cost_of_preference()


class Agrees(Gold):
    """1 if the judge names the answer that the label names, 0.5 if it calls it a tie."""

    name = "agreement with known labels"

    def compare(self, given: Any, wanted: Any) -> float:
        """Compare two verdicts."""
        return 0.5 if given == "tie" else float(given == wanted)


def pairs_of(task: Task, rows: Sequence[dspy.Example], kinds: Sequence[str] = ("swapped",), seed: int = 0) -> list[dspy.Example]:
    """Return labelled pairs of answers: task inputs, `first`, `second`, and `better`. Each pair once, sides in turn.

    Args:
        task: what the answers are answers to.
        rows: pairs with a label, as `construct_pairs` makes them (both orders count as one pair); or solved examples, whose
            own answers are the good ones, and those with a mechanical fault the bad ones (`label_by_construction`).
        kinds: faults; each example gets one of them, in turn.
        seed: of the faults.

    Raises:
        DataError: there are no rows, an example without an answer, or none for which a bad answer can be made.
        SettingError: an unknown kind, or rows in another form.
    """
    if not rows:
        raise DataError("There are no examples to make pairs of.")
    names = output_names(task)
    if BETTER in rows[0]:
        form_of(rows, task)
        return _sided(task, _given(task, rows))
    for number, row in enumerate(rows):
        if not isinstance(row, dspy.Example) or any(name not in row for name in names):
            raise DataError(f"Example {number} has no answer {names}, so no pair can be made of it.")
    return _sided(task, _made(task, label_by_construction(task, rows, kinds, seed)))


Pair = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""Inputs, the good answer and the bad one."""


def _given(task: Task, rows: Sequence[dspy.Example]) -> list[Pair]:
    found: dict[str, Pair] = {}
    for number, (row, better) in enumerate(zip(rows, winners_of(rows), strict=True)):
        if better == "tie":
            continue
        answers = {side: outputs_of(row[side], task, number) for side in SIDES}
        inputs = {name: row[name] for name in input_names(task) if name in row}
        pair = inputs, answers[better], answers[other(better)]
        found.setdefault(json.dumps(serialize_for_json(list(pair)), sort_keys=True), pair)
    if not found:
        raise DataError("Every pair is labelled a tie, so there is nothing to agree with.")
    return list(found.values())


def _made(task: Task, labelled: Sequence[dspy.Example]) -> list[Pair]:
    found: list[Pair] = []
    groups: list[list[dspy.Example]] = []
    for row in labelled:  # a good answer, then the bad ones made of it
        groups.append([row]) if row[LABEL] else groups[-1].append(row)
    for number, (good, *bad) in enumerate(groups):
        if bad:
            chosen = sorted(bad, key=lambda row: str(row[CORRUPTION]))[number % len(bad)]
            inputs = {name: good[name] for name in input_names(task) if name in good}
            right, wrong = ({name: row[name] for name in output_names(task)} for row in (good, chosen))
            found.append((inputs, right, wrong))
    return found


def _sided(task: Task, pairs: Sequence[Pair]) -> list[dspy.Example]:
    return [example_of(inputs, good, bad, SIDES[number % 2]) for number, (inputs, good, bad) in enumerate(pairs)]


def example_of(inputs: dict[str, Any], good: dict[str, Any], bad: dict[str, Any], better: str) -> dspy.Example:
    """Return a labelled pair with the good answer on one side."""
    answers = {better: good, other(better): bad}
    return dspy.Example(**inputs, first=answers[FIRST], second=answers[SECOND], better=better).with_inputs(*inputs, *SIDES)


def turned_round(pair: dspy.Example) -> dspy.Example:
    """Return a pair in the other order."""
    return example_of(inputs_of(pair), pair[pair.better], pair[other(pair.better)], other(pair.better))


def inputs_of(pair: dspy.Example) -> dict[str, Any]:
    """Return the inputs of the task of a pair."""
    return {name: value for name, value in dict(pair.inputs()).items() if name not in SIDES}


def other(side: str) -> str:
    """Return the other side."""
    return SECOND if side == FIRST else FIRST


def _task_of(task: Task) -> Task:
    inputs: dict[str, Any] = {name: (field.annotation, dspy.InputField()) for name, field in task.input_fields.items()}
    for name in (*SIDES, BETTER):
        if name in task.fields:
            raise SettingError(f"The task has a field {name!r}, which pairs of answers need for themselves. Rename the field.")
    inputs |= {side: (dict[str, Any], dspy.InputField(desc="an answer")) for side in SIDES}
    asked = {BETTER: (Literal["first", "second", "tie"], dspy.OutputField(desc="the better answer"))}
    return dspy.make_signature({**inputs, **asked}, WHICH_IS_BETTER, "Prefer")


WHICH_IS_BETTER = "Name the better of two answers."
