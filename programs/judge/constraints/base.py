"""Constraints: instructions that a program can check, without a model (IFEval's idea; 184 applies it to reasoning).

A kind is one function `(text, arguments) -> what is wrong, or nothing`, registered with `@kind` (`registry`): its parameters are the
arguments, typed, and its sentence is what a prompt says. So the check, the explanation and the description cannot
disagree.

1. `constraint(kind, ...)` finds the kind and validates the arguments.
2. `describe` fills the kind's sentence; `explain` calls the function; `check` is true where there is nothing to explain.
3. A blank text satisfies no constraint.

Kinds and their arguments are named as in the published data sets, so that their rows can be used as they are.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.judge.constraints.registry import kind_named
from selftaught.programs.judge.constraints.text import counted

LONGEST_EXPLANATION = 500
"""Characters; longer ones, of texts that repeat themselves without end, are cut."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One checkable instruction. Build it with `constraint`; it compares, prints and saves as data.

    Attributes:
        kind: the published name, such as `length_constraints:number_words`.
        given: the arguments, sorted by name.
    """

    kind: str
    given: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        valid = kind_named(self.kind).validated(dict(self.given))
        object.__setattr__(self, "given", tuple(sorted(valid.items())))

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments by name, defaults included."""
        return dict(self.given)

    def describe(self) -> str:
        """Return the instruction in words, for a prompt."""
        asks = kind_named(self.kind).asks
        return asks(**self.arguments) if callable(asks) else _Sentence().format(asks, **self.arguments)

    def check(self, text: str) -> bool:
        """Return whether a text satisfies it."""
        return not self.explain(text)

    def explain(self, text: str) -> str:
        """Return what is wrong with a text, in a sentence for who has to mend it; empty when nothing is."""
        said = kind_named(self.kind).problem(text, **self.arguments) if text.strip() else "The text is empty."
        return said if len(said) <= LONGEST_EXPLANATION else said[:LONGEST_EXPLANATION] + "..."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `constraint(**data)` reads."""
        return {"kind": self.kind, **{name: list(v) if isinstance(v, tuple) else v for name, v in self.given}}


def constraint(kind: str, **arguments: Any) -> Constraint:
    """Return a constraint.

    Args:
        kind: one of `kinds()`.
        arguments: as the kind takes them.

    Raises:
        SettingError: an unknown kind; an argument that is unknown, missing, of the wrong type or out of range.
    """
    return Constraint(kind, tuple(arguments.items()))


def as_constraint(given: Constraint | Mapping[str, Any]) -> Constraint:
    """Return a constraint from one, or from a dictionary with its `kind` and arguments.

    Raises:
        SettingError: it is neither, or makes no sense.
    """
    if isinstance(given, Constraint):
        return given
    if not isinstance(given, Mapping) or "kind" not in given:
        raise SettingError(
            f"{given!r} is no constraint. Expected constraint(kind, ...) or a dictionary with its kind and arguments."
        )
    return constraint(given["kind"], **{name: value for name, value in given.items() if name != "kind"})


class _Sentence(string.Formatter):
    """Fills in `{count:word}` as `3 words`, and lists and texts in quotation marks."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, tuple):
            return ", ".join(f'"{item}"' for item in value)
        return counted(value, format_spec) if format_spec else f"{value:g}" if isinstance(value, float) else str(value)
