"""A run directory: frozen settings, an append-only journal, every response, the ledger. It survives `kill -9`.

settings.json     what was asked for; a run is continued only with the same
journal.sqlite    events (append-only) and ledger rows, each committed as it happens
responses/        what the models said (diskcache, JSON)
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from selftaught import scope
from selftaught.errors import RunError
from selftaught.ledger import Call, Ledger, to_json
from selftaught.store import DiskStore, fingerprint

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (seq INTEGER PRIMARY KEY, label TEXT NOT NULL, cached INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_label ON calls (label);
"""


class Run:
    """An open run directory.

    Args:
        folder: made when absent; its parent too.
        settings: JSON values that define the run. A folder that holds other settings is refused with the difference.

    Raises:
        RunError: the folder holds another run, cannot be written, or is in use by another process.
    """

    def __init__(self, folder: str | Path, settings: dict[str, Any] | None = None) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The run directory {self.folder} cannot be made: {error}.") from error
        self._lock = threading.Lock()
        try:
            self._freeze(settings or {})
            self._database = sqlite3.connect(
                self.folder / "journal.sqlite", timeout=60, check_same_thread=False, isolation_level=None
            )
            self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        except (OSError, ValueError, sqlite3.Error) as error:
            raise RunError(f"{self.folder} is no run directory, or cannot be written: {error}. Name another folder.") from error
        self.store = DiskStore(self.folder / "responses")
        self.ledger = Ledger(sink=self._write_call)
        for (data,) in self._database.execute("SELECT data FROM calls ORDER BY seq"):
            self.ledger.usage.add(Call(**json.loads(data)))

    def _freeze(self, settings: dict[str, Any]) -> None:
        path = self.folder / "settings.json"
        if path.exists():
            frozen = self.settings
            if frozen and settings and frozen != (asked := json.loads(json.dumps(settings, default=str))):
                raise RunError(
                    f"{self.folder} holds another run: {_difference(frozen, asked)}. Name another folder, or remove this one."
                )
            if frozen or not settings:
                return
        write_atomically(path, json.dumps(settings, indent=1, sort_keys=True, default=str))

    @property
    def settings(self) -> dict[str, Any]:
        """The frozen settings."""
        return json.loads((self.folder / "settings.json").read_text())

    def append(self, kind: str, data: dict[str, Any]) -> None:
        """Write one event; it is on disk when this returns."""
        with self._lock:
            self._database.execute("INSERT INTO events (kind, data) VALUES (?, ?)", (kind, json.dumps(data)))

    def events(self, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the events in order, all or of some kinds."""
        with self._lock:
            rows = self._database.execute("SELECT kind, data FROM events ORDER BY seq").fetchall()
        return [(kind, json.loads(data)) for kind, data in rows if not kinds or kind in kinds]

    def calls(self, label: str | None = None) -> list[Call]:
        """Return the ledger rows, all or those with one label."""
        where, values = ("", ()) if label is None else (" WHERE label = ?", (label,))
        with self._lock:
            rows = self._database.execute(f"SELECT data FROM calls{where} ORDER BY seq", values).fetchall()
        return [Call(**json.loads(data)) for (data,) in rows]

    def _write_call(self, call: Call) -> None:
        row = (call.label, int(call.cached), to_json(call))
        with self._lock:
            self._database.execute("INSERT INTO calls (label, cached, data) VALUES (?, ?, ?)", row)

    @contextlib.contextmanager
    def active(self, **changes: Any) -> Iterator[Self]:
        """Record the calls of a `with` block here and answer repeated ones from the store."""
        here = scope.current()
        ledgers = here.ledgers if self.ledger in here.ledgers else (*here.ledgers, self.ledger)
        with scope.scoped(run=self, ledgers=ledgers, **changes):
            yield self

    def close(self) -> None:
        """Close the files. Nothing is pending: every event was committed as it happened."""
        self._database.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextlib.contextmanager
def opened(folder: str | Path | None, settings: dict[str, Any] | None = None) -> Iterator[Run]:
    """Give the run that keeps the responses of an operation.

    Args:
        folder: where it is kept; None for the run that is active here, or else one that is gone afterwards.
        settings: see `Run`.
    """
    active = scope.current().run
    if folder is None and active is not None:
        yield active
    elif folder is None:
        with tempfile.TemporaryDirectory(prefix="selftaught-") as passing, Run(passing, settings) as run:
            yield run
    else:
        with Run(folder, settings) as run:
            yield run


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old or the new content, never half of it."""
    half = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _difference(frozen: dict[str, Any], asked: dict[str, Any]) -> str:
    names = sorted(name for name in frozen.keys() | asked.keys() if frozen.get(name) != asked.get(name))
    shown = [f"{name} was {_short(frozen.get(name))}, now {_short(asked.get(name))}" for name in names]
    return "; ".join(shown)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:40]}… ({fingerprint(value)[:8]})"
