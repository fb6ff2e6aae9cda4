"""Races: who of the asked candidates meets which rows next. One method each; the engine does the rest.

All candidates of a race meet the rows in one order, so that any two of them are compared on the same examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from selftaught.errors import SettingError
from selftaught.racing import pool_race

Block = list[tuple[str, tuple[int, ...]]]
FAILED = 2
"""Blocks after which a candidate without a single score is dropped."""


@dataclass(slots=True)
class Field:
    """A race as its rules see it.

    `runners`: keys of the candidates, in the order asked. `order`: the rows of the pool as they are met. `scores`: by key, of
    the rows met so far, those of `incumbents` too (candidates that have met the whole pool before). `value`: the score of a
    candidate on what it has met, -1 without. `affordable`: rows that the budget of the search still pays for; None without limit.
    `proportional`: the score is a mean over rows, so that paired tests apply. `blocks`: that were met so far. `broke`: the budget
    does not last for the next one. `live`, `final`: what a race remembers of itself: who is left, and whether the finals were asked.
    """

    runners: list[str]
    order: list[int]
    scores: Callable[[str], Mapping[int, float | None]]
    value: Callable[[str], float]
    incumbents: list[str] = field(default_factory=list)
    affordable: int | None = None
    proportional: bool = True
    blocks: int = 0
    broke: bool = False
    live: list[str] | None = None
    final: bool = False

    def met(self, key: str) -> int:
        """Return how many rows of the order a candidate has met."""
        known = self.scores(key)
        return next((number for number, row in enumerate(self.order) if row not in known), len(self.order))

    def rest(self, key: str, rows: int | None = None) -> tuple[int, ...]:
        """Return the next rows that a candidate has not met; all of them by default."""
        met = self.met(key)
        return tuple(sorted(self.order[met : len(self.order) if rows is None else met + rows]))

    def best(self, keys: list[str], count: int) -> list[str]:
        """Return the candidates with the highest score, the earlier asked first on ties."""
        return sorted(keys, key=lambda key: -self.value(key))[:count]

    def fruitless(self, key: str) -> bool:
        """True for a candidate whose every row failed so far."""
        return self.blocks >= FAILED and all(score is None for score in self.scores(key).values())


class Race(Protocol):
    """The rules of a race."""

    def next(self, field: Field) -> Block:
        """Return who meets which rows next; nobody when the race is over."""


@dataclass(slots=True)
class PairedRace:
    """Everybody still in the race meets the next block; who is unlikely to be the best is out.

    A candidate for which "nobody is better on the whole pool" is refuted at `level` is dropped; so the best candidate is
    dropped with probability at most `level`, whatever the number of candidates and blocks (`racing.pool_race`). What the
    budget cannot pay for is dropped besides, worst first; for that there is no guarantee, and none where a score is no mean over rows:
    there the better half goes on.

    Args:
        block: rows between two looks.
        level: the most that the probability of dropping the best candidate may be.
        at_most: candidates that go on after the first block, whatever the test says; None for no such bound.
    """

    block: int = 5
    level: float = 0.2
    at_most: int | None = None

    def __post_init__(self) -> None:
        if self.block < 1 or not 0.0 < self.level < 1.0 or (self.at_most is not None and self.at_most < 1):
            raise SettingError(f"block={self.block}, level={self.level:g}, at_most={self.at_most}: expected block and at_most >= 1 and a level between 0 and 1.")  # fmt: skip

    def next(self, field: Field) -> Block:
        """Return the next block of all that are still in."""
        size = len(field.order)
        while (done := min(field.blocks * self.block, size)) < size:
            live = [key for key in field.runners if field.met(key) >= done and not field.fruitless(key)]
            live = self._survivors(field, live, done) if field.blocks else live
            if not live:
                return []
            rows = field.order[done : done + self.block]
            wanted = {key: tuple(sorted(row for row in rows if row not in field.scores(key))) for key in live}
            paying = [key for key in live if wanted[key]]
            if paying:
                kept = set(self._paid(field, paying, size - done, len(rows)))
                return [(key, wanted[key]) for key in paying if key in kept]
            field.blocks += 1  # everybody has met these rows before
        return []

    def _paid(self, field: Field, live: list[str], rest: int, rows: int) -> list[str]:
        """Return for whom the budget lasts, so that the best one can still meet the whole pool."""
        if field.affordable is None:
            return live
        if field.affordable < rows:
            field.broke = True
            return []
        return field.best(live, 1 + max(0, field.affordable - rest) // rows)

    def _survivors(self, field: Field, live: list[str], done: int) -> list[str]:
        if not field.proportional:
            return field.best(live, max(1, len(live) // 2))
        seen = {
            key: self._along(field, key, min(field.met(key), done)) for key in dict.fromkeys([*field.runners, *field.incumbents])
        }
        p = pool_race(seen, len(field.order))
        left = [key for key in live if p[key] > self.level]
        return left if self.at_most is None else field.best(left, self.at_most)

    @staticmethod
    def _along(field: Field, key: str, rows: int) -> list[float | None]:
        known = field.scores(key)
        return [known[row] for row in field.order[:rows]]


@dataclass(slots=True)
class Halving:
    """Everybody meets a block, the better half the next, until `finalists` are left, who meet the whole pool."""

    block: int = 5
    finalists: int = 2

    def next(self, field: Field) -> Block:
        """Return the next block."""
        if field.final:
            return []
        live = [key for key in field.live or field.runners if not field.fruitless(key)]
        if field.live is not None:
            live = field.best(live, max(self.finalists, len(live) // 2))
        field.live = sorted(live, key=field.runners.index)
        if len(live) <= self.finalists or (field.blocks + 1) * self.block >= len(field.order):
            field.final = True
            return [(key, rows) for key in field.best(field.live, self.finalists) if (rows := field.rest(key))]
        return [(key, rows) for key in field.live if (rows := field.rest(key, self.block))]


@dataclass(slots=True)
class UpperBounds:
    """Upper confidence bounds (122): each round, those with the highest mean + c·sqrt(ln total / count) meet a block.

    Everybody meets one block first. After `rounds` the best `finalists` meet the whole pool.
    """

    rounds: int = 3
    per_round: int = 4
    block: int = 5
    finalists: int = 2
    exploration: float = 1.0

    def next(self, field: Field) -> Block:
        """Return the next block."""
        if field.final:
            return []
        if field.blocks < self.rounds and len(field.runners) > self.finalists:
            chosen = self._promising(field) if field.blocks else field.runners
            if found := [(key, rows) for key in chosen if (rows := field.rest(key, self.block))]:
                return found
        field.final = True
        return [(key, rows) for key in field.best(field.runners, self.finalists) if (rows := field.rest(key))]

    def _promising(self, field: Field) -> list[str]:
        total = sum(field.met(key) for key in field.runners) or 1
        return sorted(field.runners, key=lambda key: -self._bound(field, key, total))[: self.per_round]

    def _bound(self, field: Field, key: str, total: int) -> float:
        met = field.met(key)
        return max(0.0, field.value(key)) + self.exploration * math.sqrt(math.log(total) / met) if met else math.inf


@dataclass(slots=True)
class WholePool:
    """Everybody meets the whole pool; `at_most` bounds how many (the first asked)."""

    at_most: int | None = None

    def next(self, field: Field) -> Block:
        """Return all rows at once."""
        return [(key, rows) for key in field.runners[: self.at_most] if (rows := field.rest(key))]
