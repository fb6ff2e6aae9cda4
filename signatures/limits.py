"""A limit that is asked for and not checked: where an answer is constrained to a schema, a text ends there."""

from __future__ import annotations

from typing import Any

from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo


def ending_after(field: Any, longest: int) -> Any:
    """Return a field for text whose answer ends after so many characters where it is constrained; a longer one is taken as it is."""
    field.metadata.append(WithJsonSchema({"type": "string", "maxLength": longest}))
    return field


def ends_after(field: FieldInfo) -> int | None:
    """Return after how many characters a field's answer is to end; None where it has no such limit."""
    for item in field.metadata:
        if isinstance(item, WithJsonSchema) and item.json_schema is not None:
            return item.json_schema.get("maxLength")
    return None
