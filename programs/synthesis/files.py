"""What a synthesis keeps on disk: accepted rows, rejected ones with their reasons, and rounds, each committed whole.

rows.jsonl       the accepted rows in order, one a line
rejected.jsonl   the rejected ones, with the step and the reason
journal.sqlite   rounds: what was accepted and what the gates let through, from which an interrupted run goes on
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from selftaught.errors import RunError
from selftaught.programs.synthesis.outcome import Passage
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Gate
from selftaught.run import Run

ROUND, STOPPED = "round", "stopped"
ROWS, REJECTED = "rows.jsonl", "rejected.jsonl"


@dataclass(slots=True)
class Round:
    """What came of one round. `admitted`: by gate, the rows it let through; `entered`: by step, how many rows came to it."""

    number: int
    accepted: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    admitted: dict[str, list[Row]] = field(default_factory=dict)
    entered: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the journal."""
        admitted = {name: [row.to_dict() for row in rows] for name, rows in self.admitted.items()}
        return {
            "number": self.number, "accepted": [row.to_dict() for row in self.accepted], "admitted": admitted, "entered": self.entered,
            "rejected": [one.to_dict() for one in self.rejected],
        }  # fmt: skip


class Files:
    """The rows of a run, on disk and counted.

    Args:
        run: where they are kept.
        gates: what remembers rows.
        count: how many rows are wanted; a round may bring more, which are kept for a run that wants more.

    Raises:
        RunError: a row cannot be written, such as on a full disk; what was written before stays.
    """

    def __init__(self, run: Run, gates: Sequence[Gate], count: int | None) -> None:
        self.run, self.gates, self.count = run, gates, count
        self.accepted: list[Row] = []
        self.rejected: Counter[tuple[str, str]] = Counter()
        self.entered: Counter[str] = Counter()
        self.number = self.idle = 0

    def restore(self) -> None:
        """Take in the rounds of an earlier session, and write the files anew from them."""
        events = [data for _, data in self.run.events(ROUND)]
        for name in (ROWS, REJECTED):
            (self.run.folder / name).unlink(missing_ok=True)
        for data in events:
            for gate in self.gates:
                for row in data["admitted"].get(gate.name, []):
                    gate.remember(Row.from_dict(row))
            self._take([Row.from_dict(row) for row in data["accepted"]], data["rejected"], data["entered"])

    def write(self, made: Round) -> None:
        """Commit a round."""
        data = json.loads(json.dumps(made.to_dict(), default=str))
        try:
            self.run.append(ROUND, data)
        except Exception as error:  # a full disk, or a journal that was removed: what is committed stays
            raise RunError(f"Round {made.number} could not be written to {self.run.folder}: {error}. What was accepted before is kept; continue with the same call.") from error  # fmt: skip
        self._take(made.accepted, data["rejected"], made.entered)

    def stop(self, reason: str) -> None:
        """Write down why a session stopped, and how many rows it was asked for, where that is news."""
        said = {"reason": reason, "count": self.count}
        if [data for _, data in self.run.events(STOPPED)][-1:] != [said]:
            self.run.append(STOPPED, said)

    def _take(self, accepted: Sequence[Row], rejected: Sequence[dict[str, Any]], entered: dict[str, int]) -> None:
        left = len(accepted) if self.count is None else max(0, self.count - len(self.accepted))
        self._append(ROWS, [row.to_dict() for row in accepted[:left]])
        self._append(REJECTED, rejected)
        self.accepted += accepted
        self.rejected.update((one["by"], one["reason"]) for one in rejected)
        self.entered.update(entered)
        self.idle = 0 if accepted else self.idle + 1
        self.number += 1

    def _append(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        with (self.run.folder / name).open("a", encoding="utf-8", errors="surrogatepass") as file:
            file.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)

    def rows(self) -> list[Row]:
        """Return the accepted rows that were asked for."""
        return self.accepted[: self.count]

    def funnel(self, names: Sequence[str]) -> list[Passage]:
        """Return how many rows came to each step and were rejected there, by reason."""
        return [
            Passage(
                name, self.entered[name], {reason: often for (by, reason), often in self.rejected.most_common() if by == name}
            )
            for name in names
        ]
