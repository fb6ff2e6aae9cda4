"""Snippets of code to begin tasks from, and whether a task still tells its snippet."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.given import listed, texts
from selftaught.programs.synthesis.evolve_genetic import unparsable
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Rows

KINDS = ("a function", "a function", "a class")
DIFFICULTIES = ("easy", "medium", "hard")
LONGEST_SNIPPET, TELLING = 4000, 20
"""Characters of a snippet; of a line that shows where it comes from."""


class Snippets(Rows):
    """Begins from snippets, with a kind of task and a difficulty drawn for each.

    Args:
        snippets: texts, or dictionaries with `snippet`.
        kinds, difficulties: that are drawn from.
        batch: snippets a round.

    Raises:
        SettingError: no snippet, or nothing to draw.
    """

    def __init__(
        self, snippets: Sequence[str | Mapping[str, Any]], kinds: Sequence[str], difficulties: Sequence[str], *, batch: int
    ) -> None:
        given = listed("snippets", snippets, (str, Mapping), "texts or dictionaries with `snippet`")
        super().__init__([{"snippet": one} if isinstance(one, str) else one for one in given], batch=batch, name="snippets")
        self.drawn = {"kind": texts("kinds", kinds), "difficulty": texts("difficulties", difficulties)}
        if empty := [name for name, values in self.drawn.items() if not values]:
            raise SettingError(f"There is no {empty[0]} to draw: expected at least one.")

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the next snippets with what is drawn for them."""
        rows = super().begin(number, accepted, seed)
        return rows and [self._drawn(row, random.Random(f"{seed} {row.origin.round} {row.origin.place}")) for row in rows]

    def _drawn(self, row: Row, draws: random.Random) -> Row:
        return row.with_values(**{name: draws.choice(values) for name, values in self.drawn.items()})


def unusable(row: Row) -> str:
    """Return why a snippet is not used, or an empty text."""
    snippet = row.get("snippet")
    if not isinstance(snippet, str) or not snippet.strip():
        return "no snippet"
    return f"more than {LONGEST_SNIPPET} characters" if len(snippet) > LONGEST_SNIPPET else unparsable(snippet)


def tells_its_snippet(row: Row) -> str:
    """Return that a task holds a line of its snippet, or an empty text."""
    told = _squeezed(str(row["instruction"]))
    lines = (_squeezed(line) for line in str(row["snippet"]).splitlines())
    return "holds a line of its snippet" if any(len(line) >= TELLING and line in told for line in lines) else ""


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
