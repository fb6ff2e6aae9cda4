"""The registry of kinds of constraints: one function each, whose parameters are the arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from selftaught.errors import SettingError, nearest
from selftaught.programs.judge.constraints.claims import Claims, Range

Problem = TypeVar("Problem", bound=Callable[..., str])


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of constraint.

    Attributes:
        name: the published name.
        asks: the instruction, with the arguments in braces (`{count:word}` is a number with its noun), or a function of them.
        problem: the function that says what is wrong with a text.
        arguments: the pydantic model of its arguments.
        claims: what it claims of a text, from its arguments.
        contains: what must stand in the text, in any case, from its arguments.
        every_part: whether every part of a text that satisfies it does so too (`no comma`), from its arguments.
    """

    name: str
    asks: str | Callable[..., str]
    problem: Callable[..., str]
    arguments: type[BaseModel]
    claims: Callable[..., Claims]
    contains: Callable[..., Sequence[str]]
    every_part: Callable[..., bool]

    def validated(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments in their types, defaults filled in.

        Raises:
            SettingError: one is unknown, missing, of the wrong type or out of range, or no text could satisfy them.
        """
        try:
            valid = dict(self.arguments(**given))
        except ValidationError as error:
            raise SettingError(self._refusal(error, given)) from error
        for quantity, claim in self.claims(**valid).items():
            if isinstance(claim, Range) and claim.low > claim.high:
                raise SettingError(
                    f"{self.name}: no text can have {quantity} from {claim.low:g} to {claim.high:g}; swap or mend them."
                )
        return valid

    def _refusal(self, error: ValidationError, given: dict[str, Any]) -> str:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        name, takes = str(first["loc"][0]), ", ".join(self.arguments.model_fields) or "no arguments"
        if first["type"] == "extra_forbidden":
            return f"{self.name} has no argument {name!r}{nearest(name, self.arguments.model_fields)}. It takes: {takes}."
        if first["type"] == "missing":
            return f"{self.name} needs the argument {name!r}. It takes: {takes}."
        return f"{self.name}: {name}={given.get(name)!r} is refused: {first['msg']}."


_kinds: dict[str, Kind] = {}


def kind(
    name: str,
    asks: str | Callable[..., str],
    *,
    claims: Callable[..., Claims] = lambda **_: {},
    contains: Callable[..., Sequence[str]] = lambda **_: (),
    every_part: bool | Callable[..., bool] = False,
) -> Callable[[Problem], Problem]:
    """Register a function `(text, ...) -> what is wrong` as a kind; see `Kind` for the arguments."""

    def register(problem: Problem) -> Problem:
        parameters = list(inspect.signature(problem, eval_str=True).parameters.values())[1:]
        fields: dict[str, Any] = {p.name: (p.annotation, ... if p.default is p.empty else p.default) for p in parameters}
        model = create_model("Arguments", __config__=ConfigDict(extra="forbid"), **fields)
        holds = every_part if callable(every_part) else (lambda **_: bool(every_part))
        _kinds[name] = Kind(name, asks, problem, model, claims, contains, holds)
        return problem

    return register


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds that can be checked, sorted."""
    return tuple(sorted(_kinds))


def kind_named(name: str) -> Kind:
    """Return a kind.

    Raises:
        SettingError: there is none of this name; the nearest is named.
    """
    if not isinstance(name, str) or name not in _kinds:
        raise SettingError(f"There is no constraint of kind {name!r}{nearest(str(name), _kinds)}; kinds() lists them.")
    return _kinds[name]
