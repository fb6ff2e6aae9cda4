"""The types of the arguments of constraints, and the sentences that several kinds share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from selftaught.programs.judge.constraints.claims import Relation, span
from selftaught.programs.judge.constraints.text import counted

LONGEST = 80
"""Characters of a text that an explanation quotes."""


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is expected")
    return value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("a text that is not blank is expected")
    return text.strip()


Count = Annotated[int, BeforeValidator(_number), Field(ge=1)]
"""A whole number from 1; the data sets write some as 4.0."""

Whole = Annotated[int, BeforeValidator(_number), Field(ge=0)]
"""A whole number from 0."""

Percentage = Annotated[float, BeforeValidator(_number), Field(ge=0, le=100)]
"""From 0 to 100."""

Phrase = Annotated[str, AfterValidator(_not_blank)]
"""A word or more; the spaces around it do not count."""

Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]
"""At least one word or phrase."""

Letter = Annotated[str, Field(min_length=1, max_length=1)]
"""One character."""


def unless(relation: Relation, asked: int, found: int, noun: str, of: str = "") -> str:
    """Return nothing if a count (of something) stands in the relation asked for, else a sentence with both numbers."""
    if found in span(relation, asked):
        return ""
    return f"It has {of}{counted(found, noun)}; {relation} {asked} {'was' if asked == 1 else 'were'} asked."


def listed(items: list[str], most: int = 3) -> str:
    """Return the first few items in quotation marks, long ones cut."""
    shown = ", ".join(f'"{item if len(item) <= LONGEST else item[:LONGEST] + "..."}"' for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


def is_upper_bound(relation: Relation, **_: Any) -> bool:
    """True for relations that hold of every part of a text when they hold of the text."""
    return relation in ("less than", "at most")
