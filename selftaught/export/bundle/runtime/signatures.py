"""Signatures: an instruction, and the typed fields of what goes in and what is asked for."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from selftaught.export.bundle.runtime.kinds import NOTHING, Field, Shape, WithJsonSchema, unwrapped

Fields = dict[str, Any]


def _field(role: str, settings: dict[str, Any]) -> Field:
    description, schema, shape = (settings.pop(name, None) for name in ("desc", "schema", "shape"))
    made = Field(settings.pop("default", NOTHING), **settings)
    made.json_schema_extra = {"__dspy_field_type": role, **({} if description is None else {"desc": description})}
    made.metadata += [WithJsonSchema(schema)] if schema is not None else []
    made.metadata += [Shape(shape)] if shape is not None else []
    return made


def InputField(**settings: Any) -> Field:
    """Return a field of what goes in."""
    return _field("input", settings)


def OutputField(**settings: Any) -> Field:
    """Return a field of what is asked for; `schema` and `shape` say its form instead of its type."""
    return _field("output", settings)


class Signature:
    """An instruction and typed fields.

    Args:
        fields: name -> `(type, field)`, or a field that has its type.
        instructions: what to do.
        name: shown in errors.
    """

    def __init__(self, fields: Fields, instructions: str = "", name: str = "StringSignature") -> None:
        self.__name__ = name
        self.instructions = inspect.cleandoc(instructions)
        self.input_fields: dict[str, Field] = {}
        self.output_fields: dict[str, Field] = {}
        for part, given in fields.items():
            kind, field = given if isinstance(given, tuple) else (given.annotation or str, given)
            made = _typed(field, kind)
            made.json_schema_extra.setdefault("desc", f"${{{part}}}")
            role = self.input_fields if made.json_schema_extra["__dspy_field_type"] == "input" else self.output_fields
            role[part] = made

    @property
    def fields(self) -> dict[str, Field]:
        """All fields, those of what goes in first."""
        return {**self.input_fields, **self.output_fields}

    def with_instructions(self, instructions: str) -> Signature:
        """Return the same fields with another instruction."""
        return Signature(self.fields, instructions)

    def insert(self, place: int, name: str, field: Field, type_: Any = None) -> Signature:
        """Return a signature with one more field, at a place among the fields of its role."""
        roles = list(self.input_fields.items()), list(self.output_fields.items())
        chosen: list[Any] = roles[field.json_schema_extra["__dspy_field_type"] != "input"]
        at = place + len(chosen) + 1 if place < 0 else place
        if not 0 <= at <= len(chosen):
            raise ValueError(f"there is no place {place} among {len(chosen)} fields")
        chosen.insert(at, (name, (type_ or field.annotation or str, field)))
        return Signature(dict(roles[0] + roles[1]), self.instructions)

    def append(self, name: str, field: Field, type_: Any = None) -> Signature:
        """Return a signature with one more field, the last of its role."""
        return self.insert(-1, name, field, type_)

    def prepend(self, name: str, field: Field, type_: Any = None) -> Signature:
        """Return a signature with one more field, the first of its role."""
        return self.insert(0, name, field, type_)

    def delete(self, name: str) -> Signature:
        """Return a signature without a field."""
        return Signature({part: field for part, field in self.fields.items() if part != name}, self.instructions)


def _typed(field: Field, kind: Any) -> Field:
    made = copy.copy(field)
    made.annotation, limits = unwrapped(kind)
    made.metadata = [*limits, *field.metadata]
    made.json_schema_extra = dict(field.json_schema_extra)
    return made


def make_signature(fields: Fields, instructions: str = "", signature_name: str = "StringSignature") -> Signature:
    """Return a signature; see `Signature`."""
    return Signature(fields, instructions, signature_name)


def as_task(task: Signature) -> Signature:
    """Return a task, which is a signature here already."""
    return task


def instructed(task: Signature, instruction: str) -> Signature:
    """Return a task with another instruction and the same name."""
    changed = task.with_instructions(instruction)
    changed.__name__ = task.__name__
    return changed
