"""Templates for other tools: a `.prompty` file (YAML and Jinja) or a `.jinja` template a step.

A Jinja template here renders the messages as JSON, so that no value can become a turn of its own. All fixed text is written as
string literals or as raw blocks: whatever an instruction or a demonstration holds, nothing of it is evaluated.
"""

from __future__ import annotations

import json
import re
from typing import Any

import dspy
import yaml
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import ExportError
from selftaught.export.steps import ChatStep, Input, steps_of
from selftaught.export.writing import step_file

_ROLE = re.compile(r"(?i)#?\s*(system|user|assistant|developer|tool|function|thread)\s*(\[.*\])?\s*:")

_OPTIONS = {
    "temperature": "temperature", "top_p": "topP", "top_k": "topK", "max_tokens": "maxOutputTokens", "seed": "seed", "stop": "stopSequences",
    "frequency_penalty": "frequencyPenalty", "presence_penalty": "presencePenalty",
}  # fmt: skip
"""How prompty calls settings."""


def to_prompty(program: dspy.Module) -> dict[str, str]:
    """Return a `.prompty` file (prompty 2) for each step. Its inputs are texts: a value of another type is given as JSON.

    Raises:
        ExportError: a text holds a line that prompty reads as a role, such as `user:`, or what it reads as a reference.
    """
    return {step_file(step.name, ".prompty"): _prompty(step) for step in steps_of(program)}


def _prompty(step: ChatStep) -> str:
    options = {_OPTIONS[name]: value for name, value in step.settings.items() if name in _OPTIONS}
    others = {name: value for name, value in step.settings.items() if name not in _OPTIONS}
    head = _plain({
        "name": step.name,
        "model": {"apiType": "chat", "options": {**options, "additionalProperties": {**others, "response_format": response_format(step)}}},
        "inputs": {one.name: {"kind": "string", "required": one.required} for one in step.inputs},
        "template": {"format": {"kind": "jinja2", "strict": True}, "parser": {"kind": "prompty"}},
    })  # fmt: skip
    if "${" in json.dumps(head):
        raise ExportError(
            f"The step {step.name!r} holds '${{' in its settings or answers, which prompty replaces by files or variables."
        )
    turns = [f"{role}:\n{_literal_text(_without_roles(step, text))}" for role, text in step.turns]
    turns.append("user:\n" + "\n".join(_prompty_line(one) for one in step.inputs))
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n" + "\n\n".join(turns) + "\n"


def _prompty_line(one: Input) -> str:
    if not one.labelled:
        return f"{{{{ {one.name} }}}}"
    return f'{one.name}:{{{{ "\\n" if "\\n" in ({one.name} | string) else " " }}}}{{{{ {one.name} }}}}'


def _without_roles(step: ChatStep, text: str) -> str:
    if found := next((line for line in text.splitlines() if _ROLE.fullmatch(line.strip())), None):
        raise ExportError(
            f"The step {step.name!r} holds the line {found.strip()!r}, which prompty reads as the beginning of a turn. "
            "Change it, or export to 'messages' or 'jinja'."
        )
    return text


def _literal_text(text: str) -> str:
    """Return fixed text as a Jinja template that renders to it."""
    if "{" not in text:
        return text
    return "{% raw %}" + text + "{% endraw %}" if "endraw" not in text else text.replace("{", "{{ '{' }}")


def to_jinja(program: dspy.Module) -> dict[str, str]:
    """Return a Jinja template for each step; rendered with the inputs, it is the JSON of the step's messages."""
    return {step_file(step.name, ".jinja"): _jinja(step) for step in steps_of(program)}


def _jinja(step: ChatStep) -> str:
    turns = [f'{{"role": {json.dumps(role)}, "content": {{{{ {literal(text)} | tojson }}}}}}' for role, text in step.turns]
    values = " ~ '\\n' ~ ".join(_jinja_value(one) for one in step.inputs)
    turns.append(f'{{"role": "user", "content": {{{{ ({values}) | tojson }}}}}}')
    return "[\n " + ",\n ".join(turns) + "\n]\n"


def _jinja_value(one: Input) -> str:
    value = f"({one.name} | string)"
    return f"'{one.name}:' ~ ('\\n' if '\\n' in {value} else ' ') ~ {value}" if one.labelled else value


def literal(text: str) -> str:
    """Return a text as a string literal of Jinja, in ASCII."""
    signs = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(signs.get(one) or (one if " " <= one <= "~" else f"\\U{ord(one):08x}") for one in text) + '"'


def response_format(step: ChatStep) -> dict[str, Any]:
    """Return the form of a step's answer as OpenAI-compatible services take it."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": _plain(step.answer)}}


def _plain(data: Any) -> Any:
    """Return data without shared parts and special classes, which YAML would write as anchors and tags."""
    return json.loads(json.dumps(data, default=serialize_for_json))
