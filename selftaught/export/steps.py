"""What a step sends, taken apart: the turns that never change, the inputs that fill the last one, the form of the answer.

The parts come from `CompactAdapter` itself, so what is exported is what is sent.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, get_args

import dspy
from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from selftaught.adapter import CompactAdapter, answer_schema
from selftaught.artifact_format import SETTINGS
from selftaught.errors import ExportError


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a step. `labelled`: its value stands behind its name. `text`: values are texts; others are sent as JSON."""

    name: str
    labelled: bool
    text: bool
    schema: dict[str, Any]
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class ChatStep:
    """A step. `turns`: role and text of the system message and of the demonstrations. `settings`: how to decode."""

    name: str
    signature: str
    instruction: str
    turns: list[tuple[str, str]]
    inputs: list[Input]
    outputs: list[str]
    answer: dict[str, Any]
    settings: dict[str, Any]
    retries: int


def steps_of(program: dspy.Module) -> list[ChatStep]:
    """Return the steps of a program, in the order in which it holds them.

    Raises:
        ExportError: there are none, or one sends something else than text.
    """
    found = [_step(name, predictor) for name, predictor in program.named_predictors()]
    if not found:
        raise ExportError(f"A {type(program).__name__} has no step that asks a model, so there is nothing to export.")
    return found


def _step(name: str, predictor: Any) -> ChatStep:
    signature = predictor.signature
    for field_name, field in signature.fields.items():
        if (kind := _content_type(field.annotation)) is not None:
            raise ExportError(f"The field {field_name!r} of step {name!r} is a {kind}, which has no form as text.")
    adapter = CompactAdapter()
    turns = [{"role": "system", "content": adapter.format_system_message(signature)}]
    turns += adapter.format_demos(signature, predictor.demos)
    alone = len(signature.input_fields) == 1
    return ChatStep(
        name=name, signature=signature.__name__, instruction=signature.instructions,
        turns=[(turn["role"], turn["content"]) for turn in turns],
        inputs=[_input(one, field, labelled=not alone) for one, field in signature.input_fields.items()],
        outputs=list(signature.output_fields), answer=answer_schema(signature), settings=_settings(predictor),
        retries=int(getattr(predictor, "retries", 0)),
    )  # fmt: skip


def _content_type(annotation: Any) -> str | None:
    """Return the name of a type of DSPy's own (image, history, tool ...) in an annotation; such fields are more than text."""
    if isinstance(annotation, type) and issubclass(annotation, dspy.Type | dspy.History):
        return annotation.__name__
    return next((found for part in get_args(annotation) if (found := _content_type(part)) is not None), None)


def _settings(predictor: Any) -> dict[str, Any]:
    """Return how to decode; what says where a request goes, or with which key, is never exported."""
    return {
        name: copy.deepcopy(value) for name, value in predictor.config.items() if name in SETTINGS and name != "response_format"
    }


def _input(name: str, field: Any, *, labelled: bool) -> Input:
    try:
        schema = TypeAdapter(field.annotation).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise ExportError(f"The type of the input {name!r} has no JSON schema.") from error
    required = field.is_required()
    default = None if required else field.get_default(call_default_factory=True)
    return Input(name, labelled, field.annotation is str, schema, required, default)
