"""Chat templates as JSON: each step's turns with named placeholders, the form of its answer, how to decode, and what calls what.

A text is in the form of Python's `str.format`: `{name}` stands for an input, `{{` and `}}` for braces. A value is put in as it is and
never looked at again, so it cannot be a template. `rendered` is the reference: it needs nothing but the JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught import __version__
from selftaught.artifact import describe
from selftaught.errors import ArtifactError, ExportError, InputError
from selftaught.export.steps import ChatStep, Input, steps_of
from selftaught.signatures import task_to_json

VERSION = 1
HOW_TO_READ = (
    "A step's messages are sent in order. In their texts {name} stands for an input, {{ and }} for one brace. Build the last message "
    "from `user`: for each input that is given, in order, `text`, or `text_of_several_lines` where the value holds a line break; join "
    "them with `joined_by`; leave the message out where nothing is left. A value that is no text is sent as compact JSON with a blank "
    "after each comma and colon, a number or truth value as Python writes it. Constrain the answer with `response_format` where the model can. An answer that does not fit the "
    "schema is asked for again `retries` times at `retry_temperature`."
)
RETRY_TEMPERATURE = 0.7


def to_messages(program: dspy.Module) -> str:
    """Return a program as chat templates in JSON.

    Raises:
        ExportError: a step sends something else than text, or a value has no JSON form.
    """
    data = {
        "format": "selftaught.messages", "version": VERSION, "selftaught": __version__, "how_to_read": HOW_TO_READ,
        "program": program_card(program), "steps": {step.name: _template(step) for step in steps_of(program)},
    }  # fmt: skip
    try:
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False, default=serialize_for_json) + "\n"
    except (TypeError, ValueError) as error:
        raise ExportError(f"The program holds a value without a JSON form: {error}.") from error


def program_card(program: dspy.Module) -> dict[str, Any]:
    """Return what a program is: class, arguments, task, calls of one input, the modules in it, and a Mermaid chart."""
    steps = dict(program.named_predictors())
    names = {id(step): name for name, step in steps.items()}
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    calls = program.cost() if hasattr(program, "cost") else None
    try:
        arguments = describe(program)["arguments"]
    except ArtifactError:  # a module of the user's own
        arguments = None
    return {
        "class": f"{type(program).__module__}:{type(program).__qualname__}", "arguments": arguments,
        "task": task_to_json(task) if task is not None else None,
        "calls": {"at_least": getattr(calls, "at_least", len(steps)), "at_most": getattr(calls, "at_most", len(steps))},
        "modules": [
            {"name": name, "class": type(module).__name__, "steps": [names[id(one)] for one in module.predictors() if id(one) in names]}
            for name, module in program.named_sub_modules()
        ],
        "diagram": program.diagram() if hasattr(program, "diagram") else None,
    }  # fmt: skip


def _template(step: ChatStep) -> dict[str, Any]:
    lines = [_line(one) for one in step.inputs]
    fixed = [{"role": role, "content": escaped(text)} for role, text in step.turns]
    schema = {"name": "answer", "strict": True, "schema": step.answer}
    return {
        "signature": step.signature,
        "messages": [*fixed, {"role": "user", "content": "\n".join(line["text"] for line in lines)}],
        "user": {"lines": lines, "joined_by": "\n"},
        "inputs": {
            one.name: {"schema": one.schema, "required": one.required, **({} if one.required else {"default": serialize_for_json(one.default)})}
            for one in step.inputs
        },
        "outputs": step.outputs, "response_format": {"type": "json_schema", "json_schema": schema}, "settings": step.settings,
        "retries": step.retries, "retry_temperature": RETRY_TEMPERATURE,
    }  # fmt: skip


def _line(one: Input) -> dict[str, str]:
    here = f"{{{one.name}}}"
    if not one.labelled:
        return {"input": one.name, "text": here, "text_of_several_lines": here}
    return {"input": one.name, "text": f"{one.name}: {here}", "text_of_several_lines": f"{one.name}:\n{here}"}


def escaped(text: str) -> str:
    """Return a text in which no brace means anything to `str.format`."""
    return text.replace("{", "{{").replace("}", "}}")


def rendered(step: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the messages of an exported step for some inputs.

    Args:
        step: one of the `steps` of the JSON.
        inputs: a value for each input; defaults are filled in.

    Raises:
        InputError: an input is missing.
    """
    fixed = [
        {"role": one["role"], "content": one["content"].replace("{{", "{").replace("}}", "}")} for one in step["messages"][:-1]
    ]
    values = {}
    for name, about in step["inputs"].items():
        if name not in inputs and about["required"]:
            raise InputError(f"The input {name!r} is missing. The step needs {sorted(step['inputs'])}.")
        values[name] = _sent(inputs[name] if name in inputs else about["default"])
    parts = []
    for line in step["user"]["lines"]:
        value = values[line["input"]]
        before, _, after = line["text_of_several_lines" if "\n" in value else "text"].partition(f"{{{line['input']}}}")
        parts.append(f"{before}{value}{after}")
    content = step["user"]["joined_by"].join(parts)
    return [*fixed, {"role": "user", "content": content}] if content else fixed


def _sent(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
