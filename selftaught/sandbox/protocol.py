"""What every sandbox takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from typing import Literal, Protocol

from selftaught.errors import SettingError

Ended = Literal["exited", "signal", "time", "memory", "output"]
"""How a run came to its end: by itself (`exited`), by a signal, or stopped at the limit that is named."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use; it is stopped when it uses more.

    Args:
        seconds: of the clock, from the first line of the code, and of processor time of each process.
        memory_mb: mebibytes, of all processes of the run together, on top of the bare interpreter.
        processes: processes and threads at the same time, the code's own included.
        output_bytes: standard output and standard error together.
        file_bytes: all files of the run together, those it was given included.

    Raises:
        SettingError: a limit is not a positive number.
    """

    seconds: float = 5.0
    memory_mb: int = 256
    processes: int = 16
    output_bytes: int = 1_000_000
    file_bytes: int = 16_000_000

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            kinds = (int, float) if one.name == "seconds" else (int,)
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < float("inf"):
                raise SettingError(f"Limits({one.name}={value!r}): expected a positive number.")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left behind.

    `returncode`: of the code's process; below zero for the signal that ended it. `seconds`: of the clock. `files`: path and
    text of each file in its folder that is new or changed; none where the run was stopped. Bytes that are no UTF-8 are replaced.
    """

    stdout: str
    stderr: str
    returncode: int
    ended: Ended
    seconds: float
    files: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True where the code ended by itself with exit code 0."""
        return self.ended == "exited" and self.returncode == 0


class Sandbox(Protocol):
    """Runs Python code that nobody vouches for: no network, no files but its own, no environment, bounded in everything."""

    async def run(
        self, code: str, *, stdin: str = "", files: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> Ran:
        """Run a Python program to its end and return what it left; what the code does is never an exception here.

        Args:
            code: the program; it sees the standard library only.
            stdin: what it reads from standard input.
            files: relative path -> text, laid into its working folder first; modules among them can be imported.
            limits: what it may use; `Limits()` without.

        Raises:
            SettingError: a path of `files` is not a plain relative path, or they are larger than `file_bytes`.
            SandboxMissing: the sandbox broke down; the code was not run.
        """
        ...


def checked_files(files: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """Return `files` where every path is plain and relative and all of them fit.

    Raises:
        SettingError: one is not, or they do not.
    """
    for name in files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or "\0" in name or "\\" in name or ".." in parts or str(PurePosixPath(name)) != name:
            raise SettingError(f"files={{{name!r}: ...}}: expected a plain relative path such as 'data/input.txt'.")
    size = sum(len(text.encode("utf-8", "replace")) for text in files.values())
    if size > limits.file_bytes:
        raise SettingError(f"files: {size} bytes are more than file_bytes={limits.file_bytes} allows. Raise the limit.")
    return dict(files)
