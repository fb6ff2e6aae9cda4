"""What flows through a pipeline: a row of values with where it comes from, or a rejected row with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from selftaught.store import fingerprint


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row comes from. `parents`: the ids of the rows it was made from; `round` and `place`: when it was begun."""

    source: str = ""
    round: int = 0
    place: tuple[int, ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row. `values` by field name; `scores` by the name of what gave them, each in [0, 1]; `steps`: what it went through."""

    values: Mapping[str, Any]
    origin: Origin = field(default_factory=Origin)
    scores: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A name that depends on the values alone."""
        return fingerprint(dict(self.values))[:16]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or a default."""
        return self.values.get(name, default)

    def with_values(self, **values: Any) -> Row:
        """Return the row with more values, or others."""
        return replace(self, values={**self.values, **values})

    def without(self, *names: str) -> Row:
        """Return the row without some values."""
        return replace(self, values={name: value for name, value in self.values.items() if name not in names})

    def scored(self, name: str, score: float) -> Row:
        """Return the row with one more score."""
        return replace(self, scores={**self.scores, name: score})

    def through(self, step: str) -> Row:
        """Return the row as it leaves a step."""
        return replace(self, steps=(*self.steps, step))

    def split(self, number: int, values: Mapping[str, Any]) -> Row:
        """Return one of several rows that this one becomes."""
        return replace(self, values=dict(values), origin=replace(self.origin, place=(*self.origin.place, number)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        origin = {
            "source": self.origin.source,
            "round": self.origin.round,
            "place": list(self.origin.place),
            "parents": list(self.origin.parents),
        }
        return {
            "id": self.id,
            "values": dict(self.values),
            "scores": dict(self.scores),
            "steps": list(self.steps),
            "origin": origin,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Row:
        """Return a row that `to_dict` wrote."""
        origin = data.get("origin", {})
        made = Origin(
            origin.get("source", ""), origin.get("round", 0), tuple(origin.get("place", ())), tuple(origin.get("parents", ()))
        )
        return cls(dict(data["values"]), made, dict(data.get("scores", {})), tuple(data.get("steps", ())))


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that a step did not let through. `by`: the step's name; `reason`: in a few words, the same for the same cause."""

    row: Row
    by: str
    reason: str
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**self.row.to_dict(), "by": self.by, "reason": self.reason, "detail": self.detail}
