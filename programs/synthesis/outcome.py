"""What a synthesis returns: rows, reasons, the funnel, and how to write them down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dspy

from selftaught.errors import DataError
from selftaught.ledger import Usage
from selftaught.novelty import Diversity, diversity
from selftaught.programs.synthesis.row import Row
from selftaught.signatures import Task, as_task, input_names


@dataclass(frozen=True, slots=True)
class Passage:
    """One step of the funnel. `entered`: rows that came to it; `rejected`: reason -> how many."""

    name: str
    entered: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """The share of rows that it let through; None where none came."""
        return 1 - sum(self.rejected.values()) / self.entered if self.entered else None


@dataclass(frozen=True, slots=True)
class Synthesized:
    """The rows of a synthesis.

    `rejected`: (step, reason) -> how many. `ended`: why it stopped. `folder`: where everything is kept, None where nothing is.
    """

    rows: list[Row]
    rejected: Counter[tuple[str, str]]
    funnel: list[Passage]
    ended: str
    usage: Usage
    folder: Path | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def calls_per_row(self) -> float | None:
        """Paid calls for each accepted row; None where there is none."""
        return self.usage.calls / len(self.rows) if self.rows else None

    def examples(self, task: str | Task, rename: Mapping[str, str] | None = None) -> list[dspy.Example]:
        """Return the rows as examples of a task.

        Args:
            task: whose fields are taken from the rows.
            rename: task field -> row field.

        Raises:
            DataError: a row lacks a field of the task.
        """
        wanted, other = as_task(task), dict(rename or {})
        fields = {name: other.get(name, name) for name in wanted.fields}
        for row in self.rows:
            if missing := [there for there in fields.values() if there not in row.values]:
                raise DataError(
                    f"The row {row.id} lacks {missing[0]!r}. It has {sorted(row.values)}; say with rename where it is."
                )
        return [
            dspy.Example(**{name: row[there] for name, there in fields.items()}).with_inputs(*input_names(wanted))
            for row in self.rows
        ]

    def diversity(self, field: str, **settings: Any) -> Diversity:
        """Return the diversity of one value of all rows; see `novelty.diversity`."""
        return diversity([str(row[field]) for row in self.rows], **settings)

    def summary(self) -> str:
        """Return the funnel as text, for a terminal."""
        lines = [
            f"{len(self.rows)} rows; {self.ended}; {self.usage.calls} calls"
            + (f", {self.calls_per_row:.1f} a row" if self.rows else "")
        ]
        for one in self.funnel:
            share = "" if one.share is None else f"{one.share:7.0%}"
            reasons = "; ".join(f"{often} {reason}" for reason, often in one.rejected.items())
            lines.append(f"  {one.name:<20} {one.entered:>7} {share:>8}  {reasons}".rstrip())
        return "\n".join(lines)


def texts_of(rows: Sequence[Row], name: str) -> list[str]:
    """Return one value of all rows as texts."""
    return [str(row[name]) for row in rows]
