"""What the journal of a run says, in order: candidates, trials, rows, and how it ended. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from selftaught.metrics import Row
from selftaught.run import Run


@dataclass(frozen=True, slots=True)
class Measured:
    """A score in [0, 1] with its 95 % interval over `n` rows; None where undetermined. Failed and skipped rows are counted apart."""

    score: float | None
    interval: tuple[float, float]
    n: int
    failed: int = 0
    skipped: int = 0

    @property
    def rows(self) -> int:
        """Rows that were evaluated, failed ones too."""
        return self.n + self.failed

    @property
    def rank(self) -> tuple[int, float]:
        """What the winner is chosen by: more rows first, then the higher score."""
        return self.rows, -1.0 if self.score is None else self.score

    def __str__(self) -> str:
        if self.score is None:
            return f"undetermined (n={self.n})"
        low, high = self.interval
        return f"{self.score * 100:.0f} % ({low * 100:.0f} to {high * 100:.0f}, n={self.n})"

    @classmethod
    def of_standing(cls, data: dict[str, Any]) -> Measured:
        """Read one of the standings of a "told" event."""
        low, high = data["interval"]
        return cls(data["score"], (low, high), data["rows"] - data["failed"], data["failed"])

    @classmethod
    def of_evaluation(cls, data: dict[str, Any]) -> Measured:
        """Read an evaluation of the "finished" event."""
        low, high = data["interval"]
        return cls(data["score"], (low, high), data["n"], data["failed"], data["skipped"])


@dataclass(frozen=True, slots=True)
class Proposed:
    """A candidate as it was first asked for. `label`: its short name in the report. `tunings`: by predictor; `chosen`: program and knobs."""

    key: str
    label: str
    parent: str | None
    origin: str
    tunings: dict[str, dict[str, Any]]
    chosen: str = ""

    @property
    def is_baseline(self) -> bool:
        """True for the program as it was given: no tunings, nothing chosen."""
        return not self.tunings and not self.chosen


@dataclass(frozen=True, slots=True)
class Told:
    """One trial that was told. `measured`: the candidate's standing after it. `calls`: paid when its step ended."""

    step: str
    key: str
    measured: Measured
    calls: int


@dataclass(slots=True)
class Journal:
    """The events of a run, sorted by what they are about. `best`: after each trial, the key of the candidate that leads; `synthesized`: examples that were made for it."""

    candidates: dict[str, Proposed] = field(default_factory=dict)
    trials: list[Told] = field(default_factory=list)
    best: list[str] = field(default_factory=list)
    standings: dict[str, Measured] = field(default_factory=dict)
    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    objectives: dict[str, dict[str, float | None]] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    ended: str | None = None
    finished: dict[str, Any] | None = None
    synthesized: dict[str, Any] | None = None

    @property
    def baseline(self) -> str | None:
        """The key of the baseline; None before it was asked for."""
        return next((key for key, candidate in self.candidates.items() if candidate.is_baseline), None)

    @property
    def pool(self) -> int:
        """The most rows that any candidate was evaluated on: all selection rows, since the baseline meets them all."""
        return max((measured.rows for measured in self.standings.values()), default=0)

    def ask(self, data: dict[str, Any]) -> None:
        """Take an "asked" event. A step that was interrupted is asked twice; its candidates are the same."""
        for trial in data["trials"]:
            candidate = trial["candidate"]
            name = f"C{len(self.candidates) if self.baseline else len(self.candidates) + 1}"
            chosen = _chosen(candidate)
            label = name if candidate["tunings"] or chosen else "baseline"
            proposed = Proposed(trial["key"], label, candidate["parent"], candidate["origin"], candidate["tunings"], chosen)
            self.candidates.setdefault(trial["key"], proposed)

    def tell(self, data: dict[str, Any]) -> None:
        """Take a "told" event."""
        self.findings += [one for one in data.get("findings", ()) if one not in self.findings]
        for standing, rows in zip(data["standings"], data["rows"], strict=True):
            key = standing["key"]
            self.standings[key] = Measured.of_standing(standing)
            self.objectives[key] = standing.get("objectives", {})
            self.rows.setdefault(key, {}).update({row["index"]: Row(**row) for row in rows})
            self.trials.append(Told(data["number"], key, self.standings[key], data["calls"]))
            self.best.append(max(self.standings, key=lambda one: self.standings[one].rank))


def _chosen(candidate: dict[str, Any]) -> str:
    program = f"program {candidate['program']}" if candidate.get("program") else ""
    knobs = ", ".join(f"{name}={value}" for name, value in candidate.get("knobs", {}).items())
    return ", ".join(part for part in (program, knobs) if part)


def read(run: Run) -> Journal:
    """Return what the journal of a run says."""
    journal, asked, told = Journal(), {}, set()
    for kind, data in run.events():
        if kind == "asked":
            asked[data["number"]] = [trial["key"] for trial in data["trials"]]
            journal.ask(data)
        elif kind == "told":
            told.add(data["number"])
            journal.tell(data)
        elif kind == "synthesized":
            journal.synthesized = data
        elif kind == "ended":
            journal.ended = data["reason"]
        elif kind == "finished":
            journal.finished = data
            journal.findings += [one for one in data.get("findings", ()) if one not in journal.findings]
    journal.pending = [key for number, keys in asked.items() if number not in told for key in keys]
    return journal
