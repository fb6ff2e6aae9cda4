"""Values of the asked types: what fits is taken as the type, such as a whole number for a text of digits; the rest is refused."""

from __future__ import annotations

import enum
import math
import types
from typing import Any, Literal, Union, get_args, get_origin

from selftaught.export.bundle.runtime.kinds import Limit, Model, fields_of, unwrapped

TRUE = ("true", "t", "yes", "y", "on", "1")
FALSE = ("false", "f", "no", "n", "off", "0")


def fitted(value: Any, annotation: Any) -> Any:
    """Return a value as one of a type, with its constraints.

    Raises:
        ValueError: it does not fit.
    """
    kind, limits = unwrapped(annotation)
    found = _of_kind(value, kind)
    for limit in limits:
        if isinstance(limit, Limit) and found is not None:
            _check(found, vars(limit))
    return found


def _of_kind(value: Any, kind: Any) -> Any:
    if kind is Any:
        return value
    if kind in READERS:
        return READERS[kind](value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        for one in arguments:
            if value == one and (type(value) is type(one) or (isinstance(value, bool) and type(one) is int)):
                return one
        raise ValueError(f"{value!r} is none of {list(arguments)}")
    if origin in (Union, types.UnionType):
        return _one_of(value, arguments)
    if origin in (list, tuple, set, frozenset, dict) or kind in (list, tuple, set, frozenset, dict):
        return _collected(value, origin or kind, arguments)
    if isinstance(kind, type) and issubclass(kind, Model):
        return value if isinstance(value, kind) else kind(**_mapping(value))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return value if isinstance(value, kind) else kind(value)
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    raise ValueError(f"{value!r} is no {kind}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, str):
        value = float(value) if "." in value else int(value)
    if not isinstance(value, int | float) or not math.isfinite(value) or value != int(value):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def _number(value: Any) -> float:
    if not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE + FALSE:
        return value.lower() in TRUE
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise ValueError(f"{value!r} is neither true nor false")


def _none(value: Any) -> None:
    if value is not None:
        raise ValueError(f"{value!r} is not null")


READERS: dict[Any, Any] = {str: _text, int: _whole, float: _number, bool: _truth, type(None): _none}


def _one_of(value: Any, kinds: tuple[Any, ...]) -> Any:
    """Return a value as the kind that it is of already, or else as the first that it fits."""
    for kind in kinds:
        bare, _ = unwrapped(kind)
        if type(value) is (get_origin(bare) or bare):
            try:
                return fitted(value, kind)
            except ValueError:
                continue
    for kind in kinds:
        try:
            return fitted(value, kind)
        except ValueError:
            continue
    raise ValueError(f"{value!r} is none of {kinds}")


def _collected(value: Any, kind: Any, arguments: tuple[Any, ...]) -> Any:
    if kind is dict:
        names, values = arguments or (Any, Any)
        return {fitted(name, names): fitted(one, values) for name, one in _mapping(value).items()}
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueError(f"{value!r} is no list")
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise ValueError(f"{value!r} has not {len(arguments)} parts")
        return tuple(fitted(one, part) for one, part in zip(value, arguments, strict=True))
    return kind(fitted(one, arguments[0] if arguments else Any) for one in value)


def _mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no object")
    return value


def _check(value: Any, limits: dict[str, Any]) -> None:
    for name, limit in limits.items():
        fits = {
            "gt": lambda v, n: v > n, "ge": lambda v, n: v >= n, "lt": lambda v, n: v < n, "le": lambda v, n: v <= n,
            "multiple_of": lambda v, n: v % n == 0, "min_length": lambda v, n: len(v) >= n, "max_length": lambda v, n: len(v) <= n,
        }[name]  # fmt: skip
        if not fits(value, limit):
            raise ValueError(f"{value!r} breaks {name}={limit}")


def fitted_parts(model: type[Model], parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a value type, each of its type.

    Raises:
        ValueError: one is missing, unknown, or does not fit.
    """
    fields = fields_of(model)
    if unknown := [name for name in parts if name not in fields] if model.model_config.get("extra") == "forbid" else []:
        raise ValueError(f"{model.__name__} has no {unknown[0]!r}")
    found = {}
    for name, field in fields.items():
        if name in parts:
            found[name] = fitted(parts[name], field.rebuild_annotation())
        elif field.is_required():
            raise ValueError(f"{model.__name__} lacks {name!r}")
        else:
            found[name] = field.get_default()
    return found
