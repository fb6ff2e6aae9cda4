"""The messages of a request: the instruction with the shape of the answer, demonstrations as chat turns, the input."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from selftaught.export.bundle.runtime.kinds import Field, History, Shape
from selftaught.export.bundle.runtime.schema import shape_of
from selftaught.export.bundle.runtime.signatures import Signature
from selftaught.export.bundle.runtime.values import as_data

Message = dict[str, str]


def messages_of(signature: Signature, demos: Iterable[Mapping[str, Any]], inputs: Mapping[str, Any]) -> list[Message]:
    """Return the messages that ask for one answer."""
    messages = [{"role": "system", "content": instruction_of(signature)}]
    for demo in demos:
        known = dict(demo)
        if any(name in known for name in signature.output_fields):
            messages.append({"role": "user", "content": input_text(signature, known)})
            messages.append({"role": "assistant", "content": answer_text(signature, known)})
    for name, field in signature.input_fields.items():
        if field.annotation is History:
            signature = signature.delete(name)
            messages += [turn for known in inputs[name].messages for turn in turns_of(signature, known)]
    if text := input_text(signature, inputs):
        messages.append({"role": "user", "content": text})
    return messages


def turns_of(signature: Signature, known: dict[str, Any]) -> list[Message]:
    """Return an earlier turn of a conversation."""
    turns = [{"role": "assistant", "content": answer_text(signature, known)}]
    return [{"role": "user", "content": text}, *turns] if (text := input_text(signature, known)) else turns


def answer_text(signature: Signature, known: Mapping[str, Any]) -> str:
    """Return the outputs among some values as one line of JSON."""
    return json.dumps({name: as_data(known[name]) for name in signature.output_fields if name in known}, ensure_ascii=False)


def instruction_of(signature: Signature) -> str:
    """Return the instruction, the inputs where they need explaining, and the shape of the answer."""
    about = [f"{name}: {text}" for name, field in signature.input_fields.items() if (text := description(name, field))]
    shapes = []
    for name, field in signature.output_fields.items():
        text = description("", field)
        shape = next((one.words for one in field.metadata if isinstance(one, Shape)), None) or shape_of(field.annotation)
        more = f" ({text})" if text and not text.startswith("${") else ""
        shapes.append(f'"{name}": {shape}{more}')
    parts = [
        signature.instructions.strip(),
        "\n".join(["Inputs:", *about]) if about else "",
        f"Answer with JSON: {{{', '.join(shapes)}}}",
    ]
    return "\n\n".join(part for part in parts if part)


def description(name: str, field: Field) -> str:
    """Return what a field says of itself."""
    text = str(field.json_schema_extra.get("desc") or "")
    return "" if text in ("", f"${{{name}}}") else text


def input_text(signature: Signature, inputs: Mapping[str, Any]) -> str:
    """Return one input as it is; several as `name: value`."""
    values = {name: shown(field, inputs[name]) for name, field in signature.input_fields.items() if name in inputs}
    if len(signature.input_fields) == 1 and values:
        return next(iter(values.values()))
    return "\n".join(f"{name}:\n{value}" if "\n" in value else f"{name}: {value}" for name, value in values.items())


def shown(field: Field, value: Any) -> str:
    """Return a value as text."""
    if type(value) is str:
        return value
    if isinstance(value, list) and field.annotation is str:
        return _numbered(value)
    data = as_data(value)
    return json.dumps(data, ensure_ascii=False) if isinstance(data, dict | list) else str(data)


def _numbered(texts: list[Any]) -> str:
    if not texts:
        return "N/A"
    quoted = [_quoted(text) for text in texts]
    return quoted[0] if len(quoted) == 1 else "\n".join(f"[{number}] {text}" for number, text in enumerate(quoted, 1))


def _quoted(text: str) -> str:
    if "\n" not in text and "«" not in text and "»" not in text:
        return f"«{text}»"
    indented = text.replace("\n", "\n    ")
    return f"«««\n    {indented}\n»»»"
