"""Reading what a model answered: JSON out of a text, and values of the asked types out of JSON."""

from __future__ import annotations

import ast
import enum
import json
import re
import types
from typing import Any, Literal, Union, get_args, get_origin

from selftaught.export.bundle.runtime.fitting import fitted
from selftaught.export.bundle.runtime.kinds import Field


def json_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object in an answer, or None. Text around it, and a comma too many, do not matter."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _object_within(text[text.find("{") :]) if "{" in text else None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None


def _object_within(text: str) -> Any:
    for tried in (text, re.sub(r",\s*([}\]])", r"\1", text)):
        try:
            return json.JSONDecoder(strict=False).raw_decode(tried)[0]
        except (ValueError, RecursionError):
            continue
    try:
        return ast.literal_eval(text[: text.rfind("}") + 1])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def answer_values(outputs: dict[str, Field], text: str) -> dict[str, Any]:
    """Return the typed fields of an answer.

    Raises:
        ValueError: there is no JSON object, a field is missing, or a value does not fit.
    """
    found = json_object(text)
    if found is None:
        raise ValueError("there is no JSON object in the answer")
    values: dict[str, Any] = {}
    for name, field in outputs.items():
        if name not in found:
            raise ValueError(f"the field {name!r} is missing")
        try:
            parsed = read(found[name], field.annotation)
            values[name] = fitted(parsed, field.rebuild_annotation()) if field.metadata else parsed
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"the field {name!r} does not fit: {error}") from error
    return values


def read(value: Any, annotation: Any) -> Any:
    """Return a value of a type from what a model wrote; a text may hold the value as JSON."""
    if annotation is str:
        return str(value)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _member(value, annotation)
    if get_origin(annotation) is Literal:
        if value in get_args(annotation):
            return value
        value = _bare(value)
        if isinstance(value, str) and value in get_args(annotation):
            return value
    if not isinstance(value, str) or _may_be_text_or_none(annotation):
        return fitted(value, annotation)
    return fitted(_said(value), annotation)


def _bare(value: Any) -> Any:
    """Return a choice without the quotes and brackets that a model put around it."""
    if not isinstance(value, str):
        return value
    bare = value.strip()
    if bare.startswith(("Literal[", "str[")) and bare.endswith("]"):
        bare = bare[bare.find("[") + 1 : -1]
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'" else bare


def _member(value: Any, kind: type[enum.Enum]) -> Any:
    for one in kind:
        if one.value == value:
            return one
    if value in kind.__members__:
        return kind[value]
    raise ValueError(f"{value!r} is none of {[one.value for one in kind]}")


def _may_be_text_or_none(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType) and {str, type(None)} <= set(get_args(annotation))


def _said(text: str) -> Any:
    for reader in (json.loads, ast.literal_eval):
        try:
            return reader(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


class TypeAdapter:
    """Checks values against a type."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation

    def validate_python(self, value: Any) -> Any:
        """Return a value as one of the type."""
        return fitted(value, self.annotation)
