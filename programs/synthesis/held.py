"""What a row holds under the names that formats ask for, and the error for what it does not hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from dspy.adapters.utils import serialize_for_json

from selftaught.errors import DataError, nearest
from selftaught.programs.synthesis.row import Row

Turns = list[dict[str, Any]]
PROMPTS = ("prompt", "instruction", "question")
ANSWERS = ("completion", "output", "answer")
STEPS, LABELS = ("completions", "steps"), ("labels",)


@dataclass(frozen=True, slots=True)
class Held:
    """A row that is read for a format. `rename`: name in the format -> name in the row; `takes`: what the format takes, in words."""

    row: Row
    rename: Mapping[str, str]
    format: str
    takes: str

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value; None counts as none. A value that was given another name is not there under its own any more."""
        if name not in self.rename and name in self.rename.values():
            return default
        found = self.row.get(self.rename.get(name, name))
        return default if found is None else found

    def has(self, *names: str) -> bool:
        """True where one of the names has a value."""
        return any(self.get(name) is not None for name in names)

    def need(self, *names: str) -> Any:
        """Return the first of several values.

        Raises:
            DataError: there is none.
        """
        for name in names:
            if (found := self.get(name)) is not None:
                return found
        return self.refuse(names[0])

    def turns(self, *names: str) -> Turns:
        """Return a value that is a list of messages.

        Raises:
            DataError: it is something else, or a message lacks its role or content.
        """
        found = self.need(*names)
        plain = [dict(one) for one in found if isinstance(one, Mapping) and {"role", "content"} <= one.keys()]
        if not isinstance(found, list) or not plain or len(plain) != len(found):
            raise DataError(
                f"The row {self.row.id} has in {names[0]!r} no list of messages with 'role' and 'content': {found!r:.200}"
            )
        return plain

    def score(self) -> float:
        """Return the row's score: the value `score`, or what a step scored under that name.

        Raises:
            DataError: it has none.
        """
        name = self.rename.get("score", "score")
        found = self.row.get(name, self.row.scores.get(name))
        if found is None and name == "score" and len(self.row.scores) == 1:
            (found,) = self.row.scores.values()
        return float(found) if found is not None else self.refuse("score")

    def refuse(self, name: str, hint: str = "") -> NoReturn:
        """Refuse the row for what it lacks."""
        there = self.rename.get(name, name)
        raise DataError(
            f"The row {self.row.id} lacks {there!r}{nearest(there, self.row.values)}. It has {sorted(self.row.values)}; the format "
            f"{self.format!r} takes {self.takes}. Say with rename={{{name!r}: ...}} where it is{'; ' + hint if hint else ''}."
        )


def text_of(value: Any) -> str:
    """Return a value as text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(serialize_for_json(value), ensure_ascii=False)


def prompt_text(row: Row) -> str:
    """Return what a row asks, as one text: its prompt, or its messages but the last, or all its values."""
    said = next((row[name] for name in PROMPTS if row.get(name) is not None), None)
    if said is not None:
        return "\n".join(part for part in (_spoken(said), text_of(row.get("input") or "")) if part)
    if isinstance(row.get("messages"), list) and len(row["messages"]) > 1:
        return _spoken(row["messages"][:-1])
    return whole_text(row)


def whole_text(row: Row) -> str:
    """Return all values of a row as one text."""
    return "\n".join(_spoken(value) for value in row.values.values())


def _spoken(value: Any) -> str:
    """Return messages as what was said in them, any other value as text."""
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "content" in one for one in value):
        return "\n".join(text_of(one["content"]) for one in value)
    return text_of(value)
