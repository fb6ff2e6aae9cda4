"""Reading and writing examples: JSON Lines in, `dspy.Example` out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import dspy

from selftaught.errors import DataError, InputError, nearest
from selftaught.signatures import Task, input_names, output_names


def read_examples(path: str | Path, task: Task) -> list[dspy.Example]:
    """Return the examples of a JSON Lines file: one object a line, its keys the task's fields (others are kept as labels).

    A line without the task's outputs is an unlabelled example.

    Raises:
        DataError: the file is missing, empty, or a line is no JSON object. InputError: a line lacks an input.
    """
    source = Path(path)
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The data file {source} cannot be read: {error}.") from error
    rows = [_row(line, number, source) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise DataError(f"The data file {source} holds no example.")
    return [_example(row, number, source, task) for number, row in rows]


def _row(line: str, number: int, source: Path) -> tuple[int, dict[str, Any]]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(f"{source}, line {number} is no JSON: {error}.") from error
    if not isinstance(row, dict):
        raise DataError(f"{source}, line {number} is a JSON {type(row).__name__}, expected an object with the task's fields.")
    return number, row


def _example(row: dict[str, Any], number: int, source: Path, task: Task) -> dspy.Example:
    for name in input_names(task):
        if name not in row and task.input_fields[name].is_required():
            raise InputError(f"{source}, line {number} lacks the input {name!r}{nearest(name, row)}. It has {sorted(row)}.")
    return dspy.Example(**row).with_inputs(*(name for name in input_names(task) if name in row))


def unlabelled(examples: Iterable[dspy.Example]) -> list[dspy.Example]:
    """Return the same examples without their labels."""
    return [example.inputs() for example in examples]


def bundled(name: str, task: Task) -> list[dspy.Example]:
    """Return the examples of a small task that ships with selftaught: its first input and first output field filled.

    Raises:
        DataError: there is no such task.
    """
    given, wanted = input_names(task)[0], output_names(task)[0]
    rows = [
        json.loads(line) for line in files("selftaught.bundled").joinpath("tasks.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    found = [row for row in rows if row["task"] == name]
    if not found:
        raise DataError(f"No task {name!r} ships with selftaught{nearest(name, {row['task'] for row in rows})}.")
    return [dspy.Example(**{given: row["input"], wanted: row["output"]}).with_inputs(given) for row in found]
