"""Types as source, beside what the runtime makes of them, so that the two can be compared."""

from __future__ import annotations

import enum
import functools
import keyword
import operator
import sys
import types
import typing
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import dspy
from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from selftaught.errors import ExportError
from selftaught.export.bundle.layout import Group, Named, Node, atom
from selftaught.export.bundle.provided import RUNTIME
from selftaught.export.bundle.reach import Reach
from selftaught.export.bundle.runtime import kinds
from selftaught.export.bundle.sources import OURS

PLAIN: dict[Any, str] = {str: "str", int: "int", float: "float", bool: "bool", type(None): "None", list: "list", dict: "dict", tuple: "tuple", set: "set", bytes: "bytes", Ellipsis: "..."}  # fmt: skip
LIMITS = {
    annotated_types.Gt: "gt", annotated_types.Ge: "ge", annotated_types.Lt: "lt", annotated_types.Le: "le",
    annotated_types.MinLen: "min_length", annotated_types.MaxLen: "max_length", annotated_types.MultipleOf: "multiple_of",
}  # fmt: skip
Pair = tuple[Node, Any]


class Types:
    """Writes types; value types of the user's own are written as classes.

    Attributes:
        classes: name -> the type and its source, in the order in which they are needed.
    """

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.classes: dict[str, tuple[Any, list[tuple[str, Node]], str]] = {}
        self._made: dict[Any, Any] = {}

    def kind(self, annotation: Any, where: str) -> Pair:
        """Return a type as source, and as a type of the runtime.

        Raises:
            ExportError: it has no form in a file.
        """
        if annotation is Any:
            self.reach.take("typing:Any")
            return Named("typing:Any"), Any
        if annotation is None or (isinstance(annotation, typing.Hashable) and annotation in PLAIN):
            return PLAIN[type(None) if annotation is None else annotation], annotation
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(arguments, where)
        if origin is Literal:
            self.reach.take("typing:Literal")
            return Group([Named("typing:Literal"), "["], "]", [("", atom(one)) for one in arguments]), annotation
        if origin in (Union, types.UnionType):
            pairs = [self.kind(one, where) for one in arguments]
            joined: list[Any] = [pairs[0][0]]
            for node, _ in pairs[1:]:
                joined += [" | ", node]
            return Group(joined, ""), functools.reduce(operator.or_, (one for _, one in pairs))
        if origin in (list, dict, tuple, set, frozenset):
            pairs = [self.kind(one, where) for one in arguments]
            return Group([origin.__name__, "["], "]", [("", node) for node, _ in pairs]), origin[tuple(one for _, one in pairs)]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel | enum.Enum):
            return self._class(annotation, where)
        raise ExportError(f"{where} has the type {annotation!r}, which has no form in a file.")

    def _annotated(self, arguments: tuple[Any, ...], where: str) -> Pair:
        node, made = self.kind(arguments[0], where)
        marks = [part for one in arguments[1:] for part in (one.metadata if isinstance(one, FieldInfo) else [one])]
        fixed = [one.json_schema for one in marks if isinstance(one, WithJsonSchema)]
        limits = self.limits([one for one in marks if not isinstance(one, WithJsonSchema)], where)
        self.reach.take("typing:Annotated")
        parts: list[tuple[str, Node]] = [("", node)]
        if limits:
            self.reach.take(f"{RUNTIME}.kinds:Field")
            parts.append(
                (
                    "",
                    Group([Named(f"{RUNTIME}.kinds:Field"), "("], ")", [(f"{name}=", atom(one)) for name, one in limits.items()]),
                )
            )
        for one in fixed:  # each is a schema
            self.reach.take("pydantic:WithJsonSchema")
            parts.append(("", Group([Named("pydantic:WithJsonSchema"), "("], ")", [("", atom(one))])))
        made_marks = (*([kinds.Field(**limits)] if limits else []), *(kinds.WithJsonSchema(one or {}) for one in fixed))
        return Group([Named("typing:Annotated"), "["], "]", parts), Annotated[(made, *made_marks)]

    def limits(self, metadata: list[Any], where: str) -> dict[str, Any]:
        """Return constraints by name."""
        found: dict[str, Any] = {}
        for item in metadata:
            for part in item if isinstance(item, annotated_types.GroupedMetadata) else [item]:
                name = LIMITS.get(type(part))
                if name is None:
                    raise ExportError(f"{where} has the constraint {part!r}, which has no form in a file.")
                found[name] = getattr(part, name)
        return found

    def _class(self, kind: Any, where: str) -> Pair:
        symbol = f"{kind.__module__}:{kind.__qualname__}"
        if kind is dspy.History:
            self.reach.take("dspy:History", "value", where)
            return Named("dspy:History"), kinds.History
        if kind.__module__.partition(".")[0] == "dspy":
            raise ExportError(f"{where} is a {kind.__name__}, which has no form as text.")
        ours = kind.__module__.partition(".")[0] == OURS and ".testing" not in kind.__module__
        if ours and vars(sys.modules[kind.__module__]).get(kind.__qualname__) is kind:
            self.reach.take(symbol, "value", where)
            return Named(symbol), self._runtime_model(kind, where)
        if kind.__name__ in self.classes and self.classes[kind.__name__][0] is not kind:
            raise ExportError(f"{where}: two types are named {kind.__name__!r}. Rename one.")
        parts = kind.__members__ if issubclass(kind, enum.Enum) else kind.model_fields
        for name in (kind.__name__, *parts):
            if not name.isidentifier() or keyword.iskeyword(name):
                raise ExportError(f"{where}: {name!r} is no name in Python, so its type has no form in a file.")
        made = self._runtime_model(kind, where)
        if kind.__name__ not in self.classes:
            self.classes[kind.__name__] = kind, *self._body(kind, where)
        return Named(f"class:{kind.__name__}"), made

    def _runtime_model(self, kind: Any, where: str) -> Any:
        if issubclass(kind, enum.Enum):
            return kind
        if kind not in self._made:
            decorators = kind.__pydantic_decorators__
            own = [
                name
                for part in (
                    "validators",
                    "field_validators",
                    "root_validators",
                    "field_serializers",
                    "model_serializers",
                    "model_validators",
                    "computed_fields",
                )
                for name in getattr(decorators, part)
            ]
            if own:
                raise ExportError(
                    f"{where}: the type {kind.__name__} has code of its own ({own[0]}), which has no form in a file."
                )
            parts = {
                name: (self.kind(_whole(field), where)[1], self._field(field, where)) for name, field in kind.model_fields.items()
            }
            made = kinds.create_model(kind.__name__, **parts)
            made.__doc__ = kind.__doc__ if "__doc__" in kind.__dict__ else None
            self._made[kind] = made
        return self._made[kind]

    def _field(self, field: FieldInfo, where: str) -> kinds.Field:
        if field.alias or field.validation_alias or field.serialization_alias:
            raise ExportError(f"{where}: a field with an alias ({field.alias}) has no form in a file.")
        default = {} if field.is_required() else {"default": field.get_default(call_default_factory=True)}
        return kinds.Field(**default, description=field.description)

    def _body(self, kind: Any, where: str) -> tuple[list[tuple[str, Node]], str]:
        if issubclass(kind, enum.Enum):
            self.reach.take("enum:Enum")
            return [(f"{one.name} = ", atom(one.value)) for one in kind], "enum:Enum"
        self.reach.take(f"{RUNTIME}.kinds:Model")
        lines: list[tuple[str, Node]] = []
        for name, field in kind.model_fields.items():
            node = Group([self.kind(_whole(field), where)[0], *self._default(field)], "")
            lines.append((f"{name}: ", node))
        return lines, f"{RUNTIME}.kinds:Model"

    def _default(self, field: FieldInfo) -> list[Any]:
        parts = [] if field.is_required() else [("default=", atom(field.get_default(call_default_factory=True)))]
        parts += [("description=", atom(field.description))] if field.description else []
        if not parts:
            return []
        self.reach.take(f"{RUNTIME}.kinds:Field")
        return [" = ", Group([Named(f"{RUNTIME}.kinds:Field"), "("], ")", parts)]


def _whole(field: FieldInfo) -> Any:
    """Return the type of a field with its constraints."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
