"""Progress on the terminal: a bar on standard error where there is a terminal, nothing where there is none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Protocol


class Progress(Protocol):
    """Something that shows how far a long operation is."""

    def advance(self, count: int = 1) -> None:
        """Count finished pieces."""

    def say(self, text: str) -> None:
        """Replace the description."""


class Silent:
    """Shows nothing."""

    def advance(self, count: int = 1) -> None:
        """Count nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


class _Bar:
    def __init__(self, shown: Any, task: Any) -> None:
        self._shown = shown
        self._task = task

    def advance(self, count: int = 1) -> None:
        self._shown.advance(self._task, count)

    def say(self, text: str) -> None:
        self._shown.update(self._task, description=text)


@contextlib.contextmanager
def progress_bar(description: str, total: int | None, show: bool | None = None) -> Iterator[Progress]:
    """Show a bar inside a `with` block; `show=None` means where standard error is a terminal."""
    if not (sys.stderr.isatty() if show is None else show):
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bar(shown, shown.add_task(description, total=total))
