"""The first process of a run: starts the code behind its locks, ends everything when the code ends, hands over its files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from selftaught.sandbox import jail, kernel, program

FOLDER, CODE = "work", "main.py"
STARTED, ENDED = b"started\n", b"ended\n"


def keep(request: dict[str, Any], host: int, report: int, base: str, *, alone: bool) -> None:
    """Run the code of a request below the folder `base`; say into `report` when it started, when it ended and, as JSON, how."""
    heard, said = os.pipe()
    child = fork(lambda: _run_code(request, host, said, report, base, alone))
    os.close(said)
    refusal = b"".join(iter(lambda: os.read(heard, 4096), b""))
    if refusal:
        raise RuntimeError(refusal.decode("utf-8", "replace"))
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    if not alone:  # the first process of a namespace: nothing of it outlives this
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
    os.write(report, ENDED)
    files = _left_files(f"{base}/{FOLDER}", request["files"], request["limits"]["file_bytes"])
    told = json.dumps({"status": status, "files": files}).encode()
    with os.fdopen(report, "wb") as out:
        out.write(told)


def _run_code(request: dict[str, Any], host: int, said: int, report: int, base: str, alone: bool) -> None:
    """Close the locks and run the code; `said` hears why that failed, `report` that it did not."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        kernel.die_with_parent()
        jail.volunteer_for_the_oom_killer(host)
        if not alone:
            jail.become_nobody(host)
            kernel.die_with_parent()  # becoming somebody else forgets it
        os.close(host)
        os.umask(0o022)
        folder, code = _laid_out(request, base)
        os.chdir(folder)
        _close_all_but(said, report)
        jail.lock(request["limits"], base, alone=alone)
    except BaseException as error:  # noqa: BLE001 - told to whoever asked; the code is not run
        os.write(said, (str(error) or repr(error)).encode())
        return
    program.fresh_streams()
    tempfile.tempdir = base
    os.write(report, STARTED)
    os.close(report)
    os.close(said)
    program.run(code, folder)


def _laid_out(request: dict[str, Any], base: str) -> tuple[str, str]:
    """Write the code and the files given; return the working folder and the path of the code."""
    folder, code = Path(base, FOLDER), Path(base, CODE)
    folder.mkdir()
    Path(base, "shm").mkdir()
    code.write_text(request["code"], encoding="utf-8", errors="replace", newline="")
    for name, text in request["files"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace", newline="")
    return str(folder), str(code)


def _close_all_but(*kept: int) -> None:
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, 65536)


def _left_files(folder: str, given: dict[str, str], most: int) -> dict[str, str]:
    """Return the text of each plain file that is new or changed, as far as they fit in `most` bytes; links are not followed."""
    found: dict[str, str] = {}
    for path in _plain_files(folder):
        with contextlib.suppress(OSError), open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            text = file.read(most + 1).decode("utf-8", "replace")
            most -= len(text)
            if most < 0:
                break
            name = os.path.relpath(path, folder).encode("utf-8", "replace").decode()
            if given.get(name) != text:
                found[name] = text
    return found


def _plain_files(folder: str) -> Iterator[str]:
    left = [folder]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    left.append(entry.path)
                elif stat.S_ISREG(mode):
                    yield entry.path


def fork(work: Callable[[], None]) -> int:
    """Do some work in a child process, which then ends; return its number."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        _end(70)


def _end(status: int) -> NoReturn:
    os._exit(status)
