"""What a constraint claims of a text, so that contradictions are found before a model is asked for the impossible.

A claim is about one quantity (`words`, `case`, `beginning` ...). Two claims about the same quantity meet when some value
satisfies both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Relation = Literal["less than", "at most", "exactly", "at least", "more than"]


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number between two bounds, both included."""

    low: float = 0
    high: float = math.inf

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    def meets(self, other: Any) -> bool:
        """True when some number lies in both."""
        return max(self.low, other.low) <= min(self.high, other.high)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few values."""

    values: frozenset[str]

    def meets(self, other: Any) -> bool:
        """True when some value is in both."""
        return bool(self.values & other.values)


@dataclass(frozen=True, slots=True)
class Edge:
    """The text begins (or, for endings, ends) with one of these, in any case."""

    options: tuple[str, ...]
    at_end: bool = False

    def meets(self, other: Any) -> bool:
        """True when one can be a part of the other."""
        mine, others = ([self._read(option) for option in edge.options] for edge in (self, other))
        return any(one.startswith(two) or two.startswith(one) for one in mine for two in others)

    def _read(self, option: str) -> str:
        plain = " ".join(option.lower().split())
        return plain[::-1] if self.at_end else plain


Claim = Range | OneOf | Edge
Claims = dict[str, Claim]


def span(relation: Relation, number: int) -> Range:
    """Return the numbers that stand in a relation to a number."""
    return {
        "less than": Range(0, number - 1),
        "at most": Range(0, number),
        "exactly": Range(number, number),
        "at least": Range(number),
        "more than": Range(number + 1),
    }[relation]


def one_of(*values: str) -> OneOf:
    """Return the claim of one of these values."""
    return OneOf(frozenset(values))
