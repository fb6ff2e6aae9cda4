"""Showing values of a task as text: a draft to a critic, an example to a proposer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dspy.adapters.utils import serialize_for_json

from selftaught.signatures.task import Task


def render(names: list[str], values: Mapping[str, Any]) -> str:
    """Return fields as text: one field bare, several as `name: value` lines. The inverse does not matter; reading does."""
    shown = {name: _plain(values[name]) for name in names if name in values}
    if len(names) == 1:
        return next(iter(shown.values()), "")
    return "\n".join(f"{name}: {value}" for name, value in shown.items())


def example_lines(task: Task, example: Mapping[str, Any]) -> str:
    """Return one example as an input line and an output line."""
    given, wanted = list(task.input_fields), list(task.output_fields)
    return f"Input: {render(given, example)}\nOutput: {render(wanted, example)}"


def _plain(value: Any) -> str:
    plain = serialize_for_json(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
