"""What a model is told of the form of its answer: a shape in words, and a JSON schema."""

from __future__ import annotations

import enum
import inspect
import json
import types
from typing import Any, Literal, Union, get_args, get_origin

from selftaught.export.bundle.runtime.kinds import Field, Limit, Model, WithJsonSchema, fields_of, unwrapped

NAMES = {str: "string", int: "integer", float: "number", bool: "true or false", type(None): "null"}
JSON_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"}, type(None): {"type": "null"},
    list: {"items": {}, "type": "array"}, dict: {"additionalProperties": True, "type": "object"}, Any: {},
}  # fmt: skip
KEYWORDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum", "multiple_of": "multipleOf"}


def shape_of(annotation: Any) -> str:
    """Return a type in words that a small model can follow."""
    annotation, _ = unwrapped(annotation)
    if annotation in NAMES:
        return NAMES[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(json.dumps(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(shape_of(one) for one in arguments))
    if origin is list and arguments:
        return f"[{shape_of(arguments[0])}, ...]"
    if isinstance(annotation, type) and issubclass(annotation, Model):
        parts = ", ".join(f'"{name}": {shape_of(field.annotation)}' for name, field in fields_of(annotation).items())
        return f"{{{parts}}}"
    return str(getattr(annotation, "__name__", str(annotation)))


def answer_schema(outputs: dict[str, Field]) -> dict[str, Any]:
    """Return the JSON schema of an answer: every field required, nothing else allowed, in order."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for name, field in outputs.items():
        own: dict[str, Any] = {}
        schema = dict(schema_of(field.rebuild_annotation(), own, outermost=True))
        definitions.update(schema.pop("$defs", {}))
        definitions.update(sorted(own.items()))
        properties[name] = schema
    closed = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {**closed, **({"$defs": definitions} if definitions else {})}


def schema_of(annotation: Any, definitions: dict[str, Any], *, outermost: bool = False) -> dict[str, Any]:
    """Return the JSON schema of a type; those of the value types inside it are put into `definitions`."""
    kind, limits = unwrapped(annotation)
    fixed = next((one.json_schema for one in reversed(limits) if isinstance(one, WithJsonSchema)), None)
    if fixed is not None:
        return fixed if "properties" in fixed else {name: fixed[name] for name in sorted(fixed)}
    found = dict(_schema(kind, definitions, outermost=outermost))
    for limit in limits:
        if isinstance(limit, Limit):
            found |= _limited(kind, vars(limit))
    return found if "properties" in found else {name: found[name] for name in sorted(found)}


def _schema(kind: Any, definitions: dict[str, Any], *, outermost: bool) -> dict[str, Any]:
    if isinstance(kind, type) and not get_args(kind) and issubclass(kind, Model | enum.Enum):
        whole = _enum_schema(kind) if issubclass(kind, enum.Enum) else _model_schema(kind, definitions)
        if outermost:
            return whole
        definitions[kind.__name__] = whole
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if kind in JSON_TYPES:
        return JSON_TYPES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _literal_schema(arguments)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one, definitions) for one in arguments]}
    if origin is list:
        return {"items": schema_of(arguments[0], definitions), "type": "array"}
    if origin is set:
        return {"items": schema_of(arguments[0], definitions), "type": "array", "uniqueItems": True}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"items": schema_of(arguments[0], definitions), "type": "array"}
    if origin is tuple:
        parts = [schema_of(one, definitions) for one in arguments]
        return {"maxItems": len(parts), "minItems": len(parts), "prefixItems": parts, "type": "array"}
    if origin is dict:
        inner = schema_of(arguments[1], definitions)
        return {"additionalProperties": inner or True, "type": "object"}
    raise TypeError(f"the type {kind!r} has no JSON schema here")


def _model_schema(model: type[Model], definitions: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, field in fields_of(model).items():
        found = schema_of(field.rebuild_annotation(), definitions)
        if field.description:
            found = dict(sorted({**found, "description": field.description}.items()))
        properties[name] = found
    about = {"description": inspect.cleandoc(model.__doc__ or "")} if model.__dict__.get("__doc__") else {}
    required = {"required": list(properties)}
    if any(field.is_required() for field in fields_of(model).values()):
        return {**about, "properties": properties, **required, "type": "object", "additionalProperties": False}
    return {**about, "properties": properties, "type": "object", **required, "additionalProperties": False}


def _enum_schema(kind: type[enum.Enum]) -> dict[str, Any]:
    about = {"description": inspect.cleandoc(kind.__doc__)} if kind.__doc__ and kind.__dict__.get("__doc__") else {}
    return {**about, **_literal_schema(tuple(one.value for one in kind))}


def _literal_schema(choices: tuple[Any, ...]) -> dict[str, Any]:
    named = {str: "string", bool: "boolean", int: "integer", float: "number"}
    kinds = {named.get(type(one), "") for one in choices}
    typed = {"type": kinds.pop()} if len(kinds) == 1 and "" not in kinds else {}
    return {"const": choices[0], **typed} if len(choices) == 1 else {"enum": list(choices), **typed}


def _limited(kind: Any, limits: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(kind) or kind
    ends = {str: ("minLength", "maxLength"), dict: ("minProperties", "maxProperties")}.get(origin, ("minItems", "maxItems"))
    words = {**KEYWORDS, "min_length": ends[0], "max_length": ends[1]}
    return {words[name]: value for name, value in limits.items() if name in words}
