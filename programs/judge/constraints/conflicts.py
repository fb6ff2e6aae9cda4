"""Which constraints contradict each other (184's table, as rules).

1. Two claims about the same quantity that no value satisfies: 100 words and at most 50, all capitals and all small letters,
   all capitals (which is English) and Hindi, a JSON object and quotation marks around everything.
2. A phrase that one asks for and that already breaks what the other asks of every part: a closing sentence with a comma
   where no comma is allowed.

Departures from 184: its table is of pairs of kinds, and keeps pairs apart that one text can satisfy; here the arguments count,
and what is not found is not proven possible: some contradictions need a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from selftaught.programs.judge.constraints.base import Constraint
from selftaught.programs.judge.constraints.registry import kind_named


def conflicts(one: Constraint, other: Constraint) -> bool:
    """Return whether no text can satisfy both, as far as the two rules find out; the order does not matter."""
    return _claims_apart(one, other) or _breaks(one, other) or _breaks(other, one)


def compatible(constraints: Iterable[Constraint]) -> bool:
    """Return whether no two constraints contradict each other."""
    return not any(conflicts(one, other) for one, other in combinations(tuple(constraints), 2))


def _claims_apart(one: Constraint, other: Constraint) -> bool:
    mine, others = (kind_named(each.kind).claims(**each.arguments) for each in (one, other))
    return any(not claim.meets(others[quantity]) for quantity, claim in mine.items() if quantity in others)


def _breaks(asking: Constraint, forbidding: Constraint) -> bool:
    """Return whether a phrase that one asks for is forbidden by the other, however it is written."""
    if not kind_named(forbidding.kind).every_part(**forbidding.arguments):
        return False
    phrases = kind_named(asking.kind).contains(**asking.arguments)
    return any(not any(map(forbidding.check, {phrase, phrase.lower(), phrase.upper()})) for phrase in phrases)
