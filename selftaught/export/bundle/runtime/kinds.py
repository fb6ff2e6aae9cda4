"""Types of values: constraints on a field, and value types with named parts."""

from __future__ import annotations

import typing
from typing import Annotated, Any, ClassVar

LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length")
NOTHING: Any = type("Nothing", (), {"__repr__": lambda self: "NOTHING", "__bool__": lambda self: False})()
"""Stands where a field has no default."""


class Limit:
    """One constraint of a field, under its name: `ge`, `max_length` and so on."""

    def __init__(self, **limit: Any) -> None:
        self.__dict__.update(limit)


class WithJsonSchema:
    """Says which JSON schema the model is given for a field, whatever its type is."""

    def __init__(self, json_schema: dict[str, Any]) -> None:
        self.json_schema = json_schema


class Shape:
    """Says in which words the model is told the form of a field, whatever its type is."""

    def __init__(self, words: str) -> None:
        self.words = words


class Field:
    """A field of a signature or of a value type: type, description, default and constraints."""

    def __init__(
        self, default: Any = NOTHING, *, default_factory: Any = None, description: str | None = None, **limits: Any
    ) -> None:
        self.annotation: Any = None
        self.default = NOTHING if default is ... else default
        self.default_factory = default_factory
        self.description = description
        self.metadata: list[Any] = [
            Limit(**{name: limits[name]}) for name in limits if name in LIMITS and limits[name] is not None
        ]
        self.json_schema_extra: dict[str, Any] = {}

    def is_required(self) -> bool:
        """True for a field without a default."""
        return self.default is NOTHING and self.default_factory is None

    def get_default(self, *, call_default_factory: bool = True) -> Any:
        """Return the default."""
        return self.default_factory() if self.default_factory is not None else self.default

    def rebuild_annotation(self) -> Any:
        """Return the type with the constraints."""
        return Annotated[(self.annotation, *self.metadata)] if self.metadata else self.annotation


def ConfigDict(**settings: Any) -> dict[str, Any]:
    """Return the settings of a value type."""
    return settings


def unwrapped(annotation: Any) -> tuple[Any, list[Any]]:
    """Return a type without its constraints, and these."""
    found: list[Any] = []
    while typing.get_origin(annotation) is Annotated:
        annotation, *more = typing.get_args(annotation)
        found = [*(part for one in more for part in (one.metadata if isinstance(one, Field) else [one])), *found]
    return annotation, found


class Model:
    """Base of value types: named parts with types. Two with the same parts are equal."""

    model_config: ClassVar[dict[str, Any]] = {}
    model_fields: ClassVar[dict[str, Field]] = {}

    def __init__(self, /, **parts: Any) -> None:
        from selftaught.export.bundle.runtime.fitting import fitted_parts

        self.__dict__.update(fitted_parts(type(self), parts))

    def __setattr__(self, name: str, value: Any) -> None:
        if self.model_config.get("frozen"):
            raise AttributeError(f"{type(self).__name__} cannot be changed: {name!r}")
        super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def model_dump(self, **settings: Any) -> dict[str, Any]:
        """Return the parts as a dictionary, value types inside it too."""
        return {name: _dumped(value) for name, value in self.__dict__.items()}

    def model_copy(self, *, update: dict[str, Any] | None = None) -> Any:
        """Return a copy with some parts changed."""
        made = object.__new__(type(self))
        made.__dict__.update({**self.__dict__, **(update or {})})
        return made


class History(Model):
    """Turns of a conversation before the one that is asked for: the fields of each."""

    messages: list[dict[str, Any]]


def _dumped(value: Any) -> Any:
    if isinstance(value, Model):
        return value.model_dump()
    if isinstance(value, list | tuple):
        return type(value)(_dumped(one) for one in value)
    return {name: _dumped(one) for name, one in value.items()} if isinstance(value, dict) else value


def fields_of(model: type[Model]) -> dict[str, Field]:
    """Return the fields of a value type, with their types."""
    if "model_fields" not in model.__dict__:
        found: dict[str, Field] = {}
        for name, annotation in typing.get_type_hints(model, include_extras=True).items():
            if typing.get_origin(annotation) is not ClassVar:
                found[name] = field_of(annotation, getattr(model, name, NOTHING))
        model.model_fields = found
    return model.model_fields


def field_of(annotation: Any, given: Any) -> Field:
    """Return a field from what stands in a class: a type, and a field or a default."""
    made = Field(default=given) if not isinstance(given, Field) else Field(given.default, default_factory=given.default_factory)
    made.annotation, limits = unwrapped(annotation)
    made.metadata = [*limits, *(given.metadata if isinstance(given, Field) else [])]
    made.description = given.description if isinstance(given, Field) else None
    return made


def create_model(name: str, /, **parts: Any) -> type[Model]:
    """Return a value type made from names and `(type, default or field)`; `...` is no default."""
    given = {part: one if isinstance(one, tuple) else (one, ...) for part, one in parts.items() if not part.startswith("__")}
    fields = {part: field_of(kind, NOTHING if default is ... else default) for part, (kind, default) in given.items()}
    made: type[Model] = type(name, (Model,), {"model_config": parts.get("__config__") or {}, "__annotations__": {}})
    made.model_fields = fields
    return made
