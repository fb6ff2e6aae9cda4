"""What a source, a stage or a gate was set to, as plain data: a run is continued only by a pipeline that is set alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import dspy
from pydantic import BaseModel

from selftaught.signatures import task_to_json

DEEPEST = 8


def knobs_of(value: Any, depth: int = 0) -> Any:
    """Return a value as plain data: settings by name, steps by what they are asked with, functions by their names.

    What starts with an underscore is state and not a setting. What has no plain form is told by its class.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if depth > DEEPEST:
        return type(value).__qualname__
    if isinstance(value, Mapping):
        return {str(name): knobs_of(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [knobs_of(one, depth + 1) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(str(knobs_of(one, depth + 1)) for one in value)
    if isinstance(value, re.Pattern):
        return value.pattern
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, type):
        return task_to_json(value) if issubclass(value, dspy.Signature) else value.__qualname__
    if callable(value) and not isinstance(value, dspy.Module):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return {"class": type(value).__qualname__, **_settings(value, depth)}


def _settings(value: Any, depth: int) -> dict[str, Any]:
    if isinstance(value, dspy.Predict):
        return {"asked": knobs_of([value.signature.instructions, [dict(demo) for demo in value.demos], value.config], depth + 1)}
    names = vars(value) if hasattr(value, "__dict__") else getattr(type(value), "__slots__", ())
    told = {name: getattr(value, name, None) for name in names if not name.startswith("_") and name not in BOOKKEEPING}
    return {name: knobs_of(one, depth + 1) for name, one in sorted(told.items())}


BOOKKEEPING = ("arguments", "callbacks", "history", "lm", "trusted")
"""Attributes that are no settings of a part."""
