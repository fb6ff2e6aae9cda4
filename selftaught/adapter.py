"""The compact adapter: little boilerplate, demonstrations as chat turns, the answer constrained to a JSON schema.

Small models follow examples better than markup. The system message is the instruction and one line that shows the JSON
shape of the answer; a demonstration is a user turn with the inputs and an assistant turn with the JSON that was right.
`benchmarks/adapters.py` compares it with DSPy's ChatAdapter and JSONAdapter.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from weakref import WeakKeyDictionary

import dspy
import json_repair
from dspy.adapters.utils import format_field_value, parse_value, serialize_for_json
from dspy.utils.exceptions import AdapterParseError
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

_known: WeakKeyDictionary[Any, dict[str, tuple[str | None, Any]]] = WeakKeyDictionary()


def once(signature: type[dspy.Signature], what: str, make: Callable[[Any], Any]) -> Any:
    """Return what is made from a signature, made anew only when its instruction was changed in place."""
    kept = _known.setdefault(signature, {})
    if what not in kept or kept[what][0] != signature.__doc__:
        kept[what] = signature.__doc__, make(signature)
    return kept[what][1]


INPUT_HEADING = "Inputs:"
OUTPUT_HEADING = "Answer with JSON:"


class CompactAdapter(dspy.JSONAdapter):
    """A DSPy adapter for small models. Any other DSPy adapter works in its place: `dspy.configure(adapter=...)`."""

    def __init__(self) -> None:
        super().__init__(use_native_function_calling=False)

    def _prepare_response_format(self, lm: dspy.BaseLM, lm_kwargs: dict[str, Any], signature: type[dspy.Signature]) -> None:
        if "response_format" in lm.supported_params and lm.supports_response_schema:
            schema = {"name": "answer", "strict": True, "schema": once(signature, "schema", answer_schema)}
            lm_kwargs["response_format"] = {"type": "json_schema", "json_schema": schema}

    def format_system_message(self, signature: type[dspy.Signature]) -> str:
        """Return the instruction, the inputs where they need explaining, and the shape of the answer."""
        return once(signature, "compact", self._system_message)

    def _system_message(self, signature: type[dspy.Signature]) -> str:
        parts = [signature.instructions.strip()]
        if described := _described_inputs(signature):
            parts.append("\n".join([INPUT_HEADING, *described]))
        shape = ", ".join(f'"{name}": {_shape(field)}' for name, field in signature.output_fields.items())
        parts.append(f"{OUTPUT_HEADING} {{{shape}}}")
        return "\n\n".join(part for part in parts if part)

    def format_user_message_content(
        self,
        signature: type[dspy.Signature],
        inputs: dict[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """Return one input as it is; several as `name: value`."""
        fields = {name: field for name, field in signature.input_fields.items() if name in inputs}
        values = {name: _text(field, inputs[name]) for name, field in fields.items()}
        if len(signature.input_fields) == 1 and values:
            body = next(iter(values.values()))
        else:
            body = "\n".join(f"{name}:\n{value}" if "\n" in value else f"{name}: {value}" for name, value in values.items())
        return "\n\n".join(part for part in (prefix, body, suffix) if part)

    def format_demos(self, signature: type[dspy.Signature], demos: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return demonstrations as pairs of chat turns. One without all its fields shows the ones it has."""
        turns: list[dict[str, Any]] = []
        for demo in demos:
            fields = dict(demo)
            if not any(name in fields for name in signature.output_fields):
                continue
            turns.append({"role": "user", "content": self.format_user_message_content(signature, fields)})
            turns.append({"role": "assistant", "content": self.format_assistant_message_content(signature, fields)})
        return turns

    def format_assistant_message_content(
        self, signature: type[dspy.Signature], outputs: dict[str, Any], missing_field_message: str | None = None
    ) -> str:
        """Return the answer as one line of JSON."""
        shown = {name: serialize_for_json(outputs[name]) for name in signature.output_fields if name in outputs}
        return json.dumps(shown, ensure_ascii=False)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """Return the typed output fields.

        Raises:
            AdapterParseError: no JSON object, a missing field, or a value of the wrong type.
        """
        found = _json_object(completion)
        if found is None:
            raise self._refusal(signature, completion, "there is no JSON object in the answer")
        values: dict[str, Any] = {}
        for name, field in signature.output_fields.items():
            if name not in found:
                raise self._refusal(signature, completion, f"the field {name!r} is missing")
            try:
                values[name] = _typed(found[name], field)
            except (ValueError, TypeError, RecursionError) as error:
                raise self._refusal(signature, completion, f"the field {name!r} does not fit: {error}") from error
        return values

    def _refusal(self, signature: type[dspy.Signature], completion: str, message: str) -> AdapterParseError:
        return AdapterParseError(adapter_name="CompactAdapter", signature=signature, lm_response=completion, message=message)


def answer_schema(signature: type[dspy.Signature]) -> dict[str, Any]:
    """Return the JSON schema of a signature's outputs: every field required, nothing else allowed, in order."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for name, field in signature.output_fields.items():
        schema = TypeAdapter(_annotated(field)).json_schema(ref_template="#/$defs/{model}")
        definitions.update(schema.pop("$defs", {}))
        properties[name] = schema
    closed = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return _close({**closed, **({"$defs": definitions} if definitions else {})})


def _annotated(field: FieldInfo) -> Any:
    return typing.Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _close(schema: Any) -> Any:
    """Require every property of every object; drop titles and defaults, which only cost tokens."""
    if isinstance(schema, list):
        return [_close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _close(value) if key != "properties" else {n: _close(v) for n, v in value.items()} for key, value in schema.items()
              if key not in ("title", "default") or not isinstance(value, str | int | float | bool | list | None)}  # fmt: skip
    if closed.get("type") == "object" and "properties" in closed:
        closed |= {"required": list(closed["properties"]), "additionalProperties": False}
    return closed


def _described_inputs(signature: type[dspy.Signature]) -> list[str]:
    return [f"{name}: {text}" for name, field in signature.input_fields.items() if (text := _description(name, field))]


def _text(field: FieldInfo, value: Any) -> str:
    return value if type(value) is str else str(format_field_value(field, value))


def _description(name: str, field: FieldInfo) -> str:
    text = str((field.json_schema_extra or {}).get("desc") or "")  # type: ignore[union-attr]
    return "" if text in ("", f"${{{name}}}") else text


def _shape(field: FieldInfo) -> str:
    text = _description("", field)
    shape = type_shape(field.annotation)
    return shape if not text or text.startswith("${") else f"{shape} ({text})"


def type_shape(annotation: Any) -> str:
    """Return how a value of a type is shown in the shape of an answer."""
    names = {str: "string", int: "integer", float: "number", bool: "true or false", type(None): "null"}
    if annotation in names:
        return names[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return type_shape(arguments[0])
    if origin is Literal:
        return " or ".join(json.dumps(choice) for choice in arguments)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(type_shape(one) for one in arguments))
    if origin is list and arguments:
        return f"[{type_shape(arguments[0])}, ...]"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (
            "{" + ", ".join(f'"{name}": {type_shape(field.annotation)}' for name, field in annotation.model_fields.items()) + "}"
        )
    return getattr(annotation, "__name__", str(annotation))


def _json_object(completion: str) -> dict[str, Any] | None:
    try:
        found = json.loads(completion)
    except (ValueError, RecursionError):
        start = completion.find("{")
        try:
            found = json_repair.loads(completion[start:]) if start >= 0 else None
        except (ValueError, RecursionError):
            return None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None


def _typed(value: Any, field: FieldInfo) -> Any:
    parsed = parse_value(value, field.annotation)
    return TypeAdapter(_annotated(field)).validate_python(parsed) if field.metadata else parsed
