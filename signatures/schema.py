"""Tasks as JSON and back: what an artifact keeps of a task.

Types that JSON can name (str, int, float, bool, list, dict, optional, Literal) come back as they were; a pydantic model
comes back as a model of the same fields, built from its JSON schema.
"""

from __future__ import annotations

import json
import re
import types
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import BaseModel, Field, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from selftaught.errors import TaskError
from selftaught.signatures.limits import ending_after, ends_after
from selftaught.signatures.task import Task

_NAMES: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, "any": Any, "none": type(None), "...": Ellipsis}
_SOFT = "ends_after"
_CONSTRAINTS = ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of")
_NUMBERS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
_LIMITS = {
    "string": {"minLength": "min_length", "maxLength": "max_length"},
    "array": {"minItems": "min_length", "maxItems": "max_length"},
    "integer": _NUMBERS,
    "number": _NUMBERS,
}
"""The limits of a JSON schema, by type, as pydantic calls them."""


def task_to_json(task: Task) -> dict[str, Any]:
    """Return a task as plain data."""
    fields = [_field_to_json(name, field, "input") for name, field in task.input_fields.items()]
    fields += [_field_to_json(name, field, "output") for name, field in task.output_fields.items()]
    return {"name": task.__name__, "instruction": task.instructions, "fields": fields}


def task_from_json(data: dict[str, Any]) -> Task:
    """Return the task that `task_to_json` described.

    Raises:
        TaskError: the data describe no task.
    """
    try:
        fields = {field["name"]: (_type_from_json(field["type"]), _field_from_json(field)) for field in data["fields"]}
        return dspy.make_signature(fields, data["instruction"], data["name"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TaskError(f"The saved task cannot be read: {type(error).__name__}: {error}.") from error


def differences(saved: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return in words how the fields of two tasks differ. Instructions may differ: they are what tuning changes."""
    before = {field["name"]: field for field in saved["fields"]}
    after = {field["name"]: field for field in now["fields"]}
    found = [f"the {field['role']} field {name!r} was saved and is gone" for name, field in before.items() if name not in after]
    found += [f"the {field['role']} field {name!r} is new" for name, field in after.items() if name not in before]
    for name in before.keys() & after.keys():
        for part in ("role", "type"):
            if _bare(before[name][part]) != _bare(after[name][part]):
                found.append(f"the {part} of {name!r} was {before[name][part]!r}, now {after[name][part]!r}")
    return sorted(found)


def _bare(described: Any) -> Any:
    """Leave out what does not change which values a type takes."""
    if isinstance(described, list):
        return [_bare(item) for item in described]
    if not isinstance(described, dict):
        return described
    return {
        name: {n: _bare(v) for n, v in value.items()} if name == "properties" else _bare(value)
        for name, value in described.items()
        if name not in ("title", "description", "default")
    }


def _field_to_json(name: str, field: FieldInfo, role: str) -> dict[str, Any]:
    description = str((field.json_schema_extra or {}).get("desc") or "")  # type: ignore[union-attr]
    data = {"name": name, "role": role, "type": _type_to_json(field.annotation)}
    if description and not description.startswith("${"):
        data["description"] = description
    if not field.is_required():
        data["default"] = serialize_for_json(field.get_default(call_default_factory=True))
    if limits := _constraints(field):
        data["constraints"] = limits
    return data


def _constraints(field: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in field.metadata:
        parts = item if isinstance(item, annotated_types.GroupedMetadata) else [item]
        for part in parts:
            found |= {name: getattr(part, name) for name in _CONSTRAINTS if getattr(part, name, None) is not None}
    longest = ends_after(field)
    return found if longest is None else {**found, _SOFT: longest}


def _field_from_json(data: dict[str, Any]) -> Any:
    make = {"input": dspy.InputField, "output": dspy.OutputField}[data["role"]]
    description = {"desc": data["description"]} if "description" in data else {}
    if "default" in data:
        description["default"] = data["default"]
    limits = data.get("constraints", {})
    field = make(**description, **{name: value for name, value in limits.items() if name in _CONSTRAINTS})
    return ending_after(field, limits[_SOFT]) if _SOFT in limits else field


def _type_to_json(annotation: Any) -> Any:
    for name, kind in _NAMES.items():
        if annotation is kind:
            return name
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"literal": list(arguments)}
    if origin in (list, tuple, set, dict):
        return {origin.__name__: ["..." if argument is Ellipsis else _type_to_json(argument) for argument in arguments]}
    if origin in (Union, types.UnionType):
        return {"union": [_type_to_json(argument) for argument in arguments]}
    if annotation in (list, dict, tuple, set):
        return {annotation.__name__: []}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"model": annotation.__name__, "schema": annotation.model_json_schema()}
    return {"schema": _schema_of(annotation)}


def _schema_of(annotation: Any) -> Any:
    try:
        return TypeAdapter(annotation).json_schema()
    except Exception as error:
        raise TaskError(f"The type {annotation!r} has no JSON form, so a task with it cannot be saved.") from error


def _type_from_json(data: Any) -> Any:
    if isinstance(data, str):
        return _NAMES[data]
    ((kind, value),) = [(key, item) for key, item in data.items() if key != "schema"] or [("schema", None)]
    if kind == "literal":
        return Literal[tuple(value)]
    if kind == "union":
        return Union[tuple(_type_from_json(item) for item in value)]  # noqa: UP007
    if kind in ("list", "tuple", "set", "dict"):
        container = {"list": list, "tuple": tuple, "set": set, "dict": dict}[kind]
        return container[tuple(_type_from_json(item) for item in value)] if value else container  # type: ignore[index]
    schema = data["schema"]
    return _from_schema(schema, schema.get("$defs", {}), value or schema.get("title", "Value"))


def _from_schema(schema: dict[str, Any], known: dict[str, Any], name: str) -> Any:
    """Build a type from a JSON schema of the shapes that pydantic writes for models of plain fields."""
    if "$ref" in schema:
        target = schema["$ref"].rsplit("/", 1)[-1]
        return _from_schema(known[target], known, target)
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    if "const" in schema:
        return Literal[schema["const"]]
    if "anyOf" in schema:
        return Union[tuple(_from_schema(option, known, name) for option in schema["anyOf"])]  # noqa: UP007
    kind = schema.get("type")
    if kind == "array":
        items: Any = list[_from_schema(schema["items"], known, name + "Item")] if "items" in schema else list  # type: ignore[misc]
        return _limited(items, schema)
    if kind == "object" and "properties" in schema:
        return _model(json.dumps([name, schema, _needed(schema, known)]))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return dict[str, _from_schema(schema["additionalProperties"], known, name + "Value")]  # type: ignore[misc]
    plain = {"string": str, "integer": int, "number": float, "boolean": bool, "null": type(None), "object": dict}
    return _limited(plain.get(str(kind), Any), schema)


def _limited(kind: Any, schema: dict[str, Any]) -> Any:
    """Return a type with the limits that its schema states; without them a small model writes on."""
    limits = {
        limit: schema[name]
        for name, limit in _LIMITS.get(str(schema.get("type")), {}).items()
        if isinstance(schema.get(name), int | float if limit in ("ge", "gt", "le", "lt") else int)
    }
    return Annotated[kind, Field(**limits)] if limits else kind


@lru_cache(maxsize=512)
def _model(described: str) -> type[BaseModel]:
    """Return the model of a name, its schema and those it refers to, as JSON: always the same one, so that tasks can share it."""
    name, schema, known = json.loads(described)
    return create_model(name, **_model_fields(schema, known))


def _needed(schema: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas that a schema refers to, and those that they refer to."""
    found: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(waiting.pop())):
            if name not in found and name in known:
                found[name] = known[name]
                waiting.append(known[name])
    return {name: known[name] for name in sorted(found)}


def _model_fields(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    required = set(schema.get("required", ()))
    fields = {}
    for name, part in schema["properties"].items():
        default = ... if name in required else part.get("default")
        fields[name] = (
            _from_schema(part, known, name.title().replace("_", "")),
            Field(default, description=part.get("description")),
        )
    return fields
