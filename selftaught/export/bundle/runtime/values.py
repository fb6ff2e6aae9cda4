"""What goes in and comes out: examples, predictions, and any value as plain data."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Iterator, Mapping
from typing import Any


class Example:
    """Named values, reached by attribute or by key."""

    def __init__(self, base: Mapping[str, Any] | None = None, /, **values: Any) -> None:
        self._store = {**(dict(base) if base else {}), **values}
        self._input_keys: set[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._store:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        return self._store[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self._store[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._store[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._store[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self._store

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._store))

    def __len__(self) -> int:
        return len(self._store)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Example) and self._store == other._store

    def __hash__(self) -> int:
        return hash(frozenset(self._store.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._store.items())})"

    def keys(self) -> list[str]:
        """Return the names."""
        return list(self._store)

    def values(self) -> list[Any]:
        """Return the values."""
        return list(self._store.values())

    def items(self) -> list[tuple[str, Any]]:
        """Return names and values."""
        return list(self._store.items())

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return self._store.get(name, default)

    def copy(self, **values: Any) -> Any:
        """Return a copy with some values changed."""
        made = type(self)(self._store, **values)
        made._input_keys = self._input_keys
        return made

    def with_inputs(self, *names: str) -> Any:
        """Return a copy that knows which of its values are inputs."""
        made = self.copy()
        made._input_keys = set(names)
        return made

    def inputs(self) -> Example:
        """Return the inputs."""
        return Example({name: value for name, value in self.items() if name in (self._input_keys or ())})

    def labels(self) -> Example:
        """Return what is no input."""
        return Example({name: value for name, value in self.items() if name not in (self._input_keys or ())})


class Prediction(Example):
    """What a program answers: the outputs of its task, and what else its method tells."""


def as_data(value: Any) -> Any:
    """Return a value as data for JSON; what has no such form as text."""
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, Mapping):
        return {name if isinstance(name, str) else str(as_data(name)): as_data(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_data(one) for one in value]
    if hasattr(value, "model_dump"):
        return as_data(value.model_dump())
    if isinstance(value, enum.Enum):
        return as_data(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_data(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value.isoformat() if isinstance(value, datetime.date | datetime.datetime | datetime.time) else str(value)
