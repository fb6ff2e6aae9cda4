"""Signatures as source: the prompts of a program, with the form of the answer where the runtime would write another one."""

from __future__ import annotations

import json
from typing import Annotated, Any

import dspy
from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo

from selftaught.adapter import answer_schema, type_shape
from selftaught.export.bundle.layout import Group, Named, Node, atom, quoted_line
from selftaught.export.bundle.provided import RUNTIME
from selftaught.export.bundle.runtime import kinds, schema
from selftaught.export.bundle.types import Types


class Prompts(Types):
    """Writes signatures and their fields."""

    def signature(self, signature: type[dspy.Signature], where: str) -> Node:
        """Return a signature as source."""
        fields = [
            (f"{quoted_line(name)}: ", self._signature_field(name, field, where, signature))
            for name, field in signature.fields.items()
        ]
        self.reach.take(f"{RUNTIME}.signatures:Signature", "value", where)
        parts = [("", Group(["{"], "}", fields)), ("", atom(signature.instructions)), ("", quoted_line(signature.__name__))]
        return Group([Named(f"{RUNTIME}.signatures:Signature"), "("], ")", parts)

    def maker(self, field: FieldInfo, where: str) -> Node:
        """Return a field of a signature, without its type, as source."""
        extra: dict[str, Any] = field.json_schema_extra or {}  # type: ignore[assignment]
        settings = {"desc": extra["desc"]} if extra.get("desc") else {}
        settings |= self.limits(field.metadata, where)
        name = f"{RUNTIME}.signatures:{'OutputField' if extra.get('__dspy_field_type') == 'output' else 'InputField'}"
        self.reach.take(name, "value", where)
        return Group([Named(name), "("], ")", [(f"{setting}=", atom(one)) for setting, one in settings.items()])

    def _signature_field(self, name: str, field: FieldInfo, where: str, signature: type[dspy.Signature]) -> Node:
        place = f"The field {name!r} of {where}"
        extra: dict[str, Any] = field.json_schema_extra or {}  # type: ignore[assignment]
        asked = extra.get("__dspy_field_type") == "output"
        node, made = self.kind(field.annotation, place)
        fixed = next((one.json_schema for one in field.metadata if isinstance(one, WithJsonSchema)), None)
        limits = self.limits([one for one in field.metadata if not isinstance(one, WithJsonSchema)], place)
        settings: dict[str, Any] = {} if extra.get("desc", f"${{{name}}}") == f"${{{name}}}" else {"desc": extra["desc"]}
        if not field.is_required():
            settings["default"] = field.get_default(call_default_factory=True)
        settings |= limits
        if asked and (found := fixed or self._other_schema(name, made, limits, signature)):
            settings["schema"] = found
        if asked and (words := type_shape(field.annotation)) != schema.shape_of(made):
            settings["shape"] = words
        maker = f"{RUNTIME}.signatures:{'OutputField' if asked else 'InputField'}"
        self.reach.take(maker, "value", where)
        parts = [(f"{setting}=", atom(one)) for setting, one in settings.items()]
        return Group(["("], ")", [("", node), ("", Group([Named(maker), "("], ")", parts))])

    def _other_schema(
        self, name: str, made: Any, limits: dict[str, Any], signature: type[dspy.Signature]
    ) -> dict[str, Any] | None:
        """Return the JSON schema of a field where the runtime would write another one."""
        whole = answer_schema(signature)
        definitions: dict[str, Any] = {}
        try:
            ours = schema.schema_of(Annotated[made, kinds.Field(**limits)], definitions, outermost=True)
        except TypeError:
            ours = {}
        wanted = whole["properties"][name]
        known = {one: whole["$defs"][one] for one in whole.get("$defs", {}) if f'"#/$defs/{one}"' in json.dumps(wanted)}
        if json.dumps(ours) == json.dumps(wanted) and all(
            json.dumps(definitions.get(one)) == json.dumps(known[one]) for one in known
        ):
            return None
        return {**wanted, **({"$defs": whole["$defs"]} if known else {})}
