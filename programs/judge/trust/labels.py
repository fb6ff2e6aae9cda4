"""Labelled data for measuring a judge: graded answers, or pairs of answers; their fields tell which.

Graded: the task's inputs and outputs and `good`: true or false, a number on the scale, or a list of numbers by several people.
Pairs: the task's inputs, `first` and `second` (text, or the outputs by name) and `better`: first, second or tie (1, 2, 0).
Optional: `reference`, and for graded answers `source` (the model that wrote the answer) and its `family`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dspy
import numpy as np

from selftaught.errors import DataError, InputError, SettingError, nearest
from selftaught.signatures import Task, output_names

LABEL = "good"
BETTER = "better"
SOURCE = "source"
FAMILY = "family"
CORRUPTION = "corruption"
FIRST, SECOND = "first", "second"
Form = Literal["graded", "pairs"]
WINNERS = {"first": "first", "second": "second", "tie": "tie", 1: "first", 2: "second", 0: "tie"}


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of graded answers: truth values, or means of ratings in [0, 1]; `people`: one row a person, NaN where missing."""

    values: np.ndarray
    people: np.ndarray | None = None


def form_of(rows: Sequence[dspy.Example], task: Task) -> Form:
    """Return which form labelled data have.

    Raises:
        DataError: there are none. SettingError: a row has no label, or both forms are mixed, or a label's name is a task's.
    """
    for number, row in enumerate(rows):
        if not isinstance(row, dspy.Example):
            raise DataError(f"Labelled answer {number} is a {type(row).__name__}, not a dspy.Example.")
    if not rows:
        raise DataError("There are no labelled answers to measure the judge on.")
    pairs = BETTER in rows[0] and LABEL not in rows[0]
    wanted = BETTER if pairs else LABEL
    for name in (FIRST, SECOND, BETTER) if pairs else (LABEL,):
        if name in task.fields:
            raise SettingError(f"The task has a field {name!r}, which labelled data need for themselves. Rename the field.")
    for number, row in enumerate(rows):
        if wanted not in row:
            hint = "(first, second or tie)" if pairs else f"(true or false), nor is it a pair with a field {BETTER!r}"
            raise SettingError(f"Labelled answer {number} has no field {wanted!r} {hint}. It has {sorted(row.keys())}.")
    return "pairs" if pairs else "graded"


def labels_of(rows: Sequence[dspy.Example], scale: tuple[float, float]) -> Labels:
    """Return the labels of graded answers; numbers are moved from `scale` to [0, 1].

    Raises:
        SettingError: a label is no truth value, no number, or outside the scale.
    """
    lowest, highest = scale
    if not lowest < highest:
        raise SettingError(f"scale={scale}: the worst rating comes first, the best second.")
    found = [_ratings(row[LABEL], number, scale) for number, row in enumerate(rows)]
    most = max(len(ratings) for ratings in found)
    table = np.full((most, len(found)), np.nan)
    for column, ratings in enumerate(found):
        table[: len(ratings), column] = ratings
    means = np.nanmean(table, axis=0)
    if most == 1 and set(means.tolist()) <= {0.0, 1.0}:
        return Labels(means == 1.0)
    return Labels(means, table if most > 1 else None)


def _ratings(label: Any, number: int, scale: tuple[float, float]) -> list[float]:
    if isinstance(label, bool):
        return [float(label)]
    given = list(label) if isinstance(label, list | tuple) else [label]
    ratings = []
    for one in given:
        if one is None and len(given) > 1:
            ratings.append(np.nan)
            continue
        if not isinstance(one, bool | int | float) or not (isinstance(one, bool) or scale[0] <= one <= scale[1]):
            raise SettingError(
                f"Labelled answer {number} has good={label!r}: expected true, false, or numbers from {scale[0]:g} to {scale[1]:g}. "
                "For ratings on another scale pass it, such as scale=(1, 5)."
            )
        ratings.append(float(one) if isinstance(one, bool) else (float(one) - scale[0]) / (scale[1] - scale[0]))
    if not ratings or np.isnan(ratings).all():
        raise SettingError(f"Labelled answer {number} has good={label!r}: at least one rating is needed.")
    return ratings


def winners_of(rows: Sequence[dspy.Example]) -> list[str]:
    """Return which answer of each pair is better: first, second or tie.

    Raises:
        SettingError: a label says something else.
    """
    found = []
    for number, row in enumerate(rows):
        label = row[BETTER]
        if isinstance(label, bool) or not isinstance(label, int | str) or label not in WINNERS:
            raise SettingError(f"Pair {number} has better={label!r}: expected 'first', 'second' or 'tie' (or 1, 2, 0).")
        found.append(WINNERS[label])
    return found


def outputs_of(answer: Any, task: Task, number: int) -> dict[str, Any]:
    """Return an answer of a pair as the task's outputs.

    Raises:
        InputError: an output is missing, or a text is given for a task with several.
    """
    names = output_names(task)
    if isinstance(answer, dict):
        for name in names:
            if name not in answer:
                raise InputError(f"Pair {number}: an answer lacks {name!r}{nearest(name, answer)}. It has {sorted(answer)}.")
        return {name: answer[name] for name in names}
    if len(names) > 1:
        raise InputError(f"Pair {number}: the task has the outputs {names}, so each answer must be an object with these names.")
    return {names[0]: answer}
