"""A program of one step as the source of a plain DSPy module: signature, instruction, demonstrations, settings."""

from __future__ import annotations

import json
import keyword
import pprint
import re
from typing import Any

from dspy.adapters.utils import serialize_for_json

from selftaught.artifact_format import SETTINGS
from selftaught.errors import ExportError
from selftaught.signatures import task_to_json

_PLAIN = {"str": "str", "int": "int", "float": "float", "bool": "bool", "any": "Any", "none": "None", "...": "..."}
_OF_SCHEMA = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "dict"}


def module_source(predictor: Any) -> str:
    """Return the source of a module that asks what a predictor asks, under any adapter of DSPy.

    Raises:
        ExportError: a name is no name in Python, or a type cannot be written down.
    """
    task, models = task_to_json(predictor.signature), _Models()
    fields = "\n".join(f"    {_field(one, models)}" for one in task["fields"])
    demos = [{key: serialize_for_json(value) for key, value in dict(demo).items()} for demo in predictor.demos]
    settings = {key: value for key, value in predictor.config.items() if key in SETTINGS}
    name = _name(re.sub(r"\W", "_", task["name"]) or "Task")
    return "\n".join(
        [
            '"""A step that was tuned with selftaught, as a plain DSPy module: `Program()(...)`."""', "",
            "from typing import Any, Literal, Optional, Union  # noqa: F401", "", "import dspy", "from pydantic import BaseModel, Field  # noqa: F401", "", "",
            *models.sources, f"class {name}(dspy.Signature):", fields, "", "",
            f"INSTRUCTION = {_shown(task['instruction'])}", f"DEMOS = {_shown(demos)}", f"SETTINGS = {_shown(settings)}", "", "",
            "class Program(dspy.Module):", '    """The step, with its instruction and demonstrations."""', "",
            "    def __init__(self):", "        super().__init__()",
            f"        self.answer = dspy.Predict({name}.with_instructions(INSTRUCTION), **SETTINGS)",
            "        self.answer.demos = [dspy.Example(demo) for demo in DEMOS]", "",
            "    def forward(self, **inputs):", "        return self.answer(**inputs)", "",
            "    async def aforward(self, **inputs):", "        return await self.answer.acall(**inputs)", "",
        ]
    )  # fmt: skip


def _field(one: dict[str, Any], models: _Models) -> str:
    given = {"desc": one["description"]} if "description" in one else {}
    given |= {"default": one["default"]} if "default" in one else {}
    given |= one.get("constraints", {})
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return f"{_name(one['name'])}: {models.type(one['type'])} = dspy.{one['role'].capitalize()}Field({arguments})"


def _name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise ExportError(f"{text!r} is no name in Python, so the source of a module cannot hold it. The state can.")
    return text


def _shown(value: Any) -> str:
    return pprint.pformat(json.loads(json.dumps(value, default=serialize_for_json)), width=110, sort_dicts=False)


class _Models:
    """Writes types as source; the pydantic models that they need become classes."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self._known: dict[str, str] = {}

    def type(self, data: Any) -> str:
        """Return a type of `task_to_json` as source."""
        if isinstance(data, str):
            return _PLAIN[data]
        if "literal" in data:
            return f"Literal[{', '.join(map(repr, data['literal']))}]"
        if "union" in data:
            return f"Union[{', '.join(map(self.type, data['union']))}]"
        for kind in ("list", "tuple", "set", "dict"):
            if kind in data:
                return f"{kind}[{', '.join(map(self.type, data[kind]))}]" if data[kind] else kind
        schema = data["schema"]
        return self._schema(schema, schema.get("$defs", {}), str(data.get("model") or schema.get("title") or "Value"))

    def _schema(self, schema: dict[str, Any], known: dict[str, Any], name: str) -> str:
        if "$ref" in schema:
            target = schema["$ref"].rsplit("/", 1)[-1]
            return self._schema(known[target], known, target)
        if "enum" in schema or "const" in schema:
            return f"Literal[{', '.join(map(repr, schema.get('enum', [schema.get('const')])))}]"
        if "anyOf" in schema:
            return f"Union[{', '.join(self._schema(one, known, name) for one in schema['anyOf'])}]"
        if schema.get("type") == "array":
            return f"list[{self._schema(schema['items'], known, name + 'Item')}]" if "items" in schema else "list"
        if schema.get("type") == "object" and "properties" in schema:
            return self._model(schema, known, name)
        if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
            return f"dict[str, {self._schema(schema['additionalProperties'], known, name + 'Value')}]"
        return _OF_SCHEMA.get(str(schema.get("type")), "Any")

    def _model(self, schema: dict[str, Any], known: dict[str, Any], name: str) -> str:
        key = json.dumps([name, schema], sort_keys=True)
        if key in self._known:
            return self._known[key]
        named = _name(re.sub(r"\W", "_", name))
        while named in self._known.values():
            named += "_"
        self._known[key] = named
        lines = [f"    {schema['description']!r}", ""] if "description" in schema else []
        for field, part in schema["properties"].items():
            kind = self._schema(part, known, field.title().replace("_", ""))
            lines.append(f"    {_name(field)}: {kind}{_default(part, required=field in schema.get('required', ()))}")
        self.sources += [f"class {named}(BaseModel):", *(lines or ["    pass"]), "", ""]
        return named


def _default(part: dict[str, Any], *, required: bool) -> str:
    if "description" in part:
        return f" = Field({'...' if required else repr(part.get('default'))}, description={part['description']!r})"
    return "" if required else f" = {part.get('default')!r}"
