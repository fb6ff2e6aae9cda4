"""The sandboxes of Linux, as the host sees them: a waiting interpreter (`zygote`), and a socket to it for every run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from selftaught.errors import SandboxMissing
from selftaught.sandbox.protocol import Limits, Ran, checked_files

Kind = Literal["namespaces", "alone"]
START = "import sys; sys.path.insert(0, sys.argv[1]); from selftaught.sandbox.zygote import main; sys.path.pop(0); main(*map(int, sys.argv[2:]))"
GROUND = str(Path(__file__).parents[2])


@dataclass(slots=True)
class LinuxSandbox:
    """A sandbox of the kernel's own means.

    Args:
        kind: `namespaces`: the code has processes, files and a network of its own. `alone`: one process behind Landlock and
            seccomp, which cannot start others, for machines where namespaces are forbidden; it can still ask whether a
            path exists.
    """

    kind: Kind = "namespaces"
    _zygote: Zygote | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    async def run(
        self, code: str, *, stdin: str = "", files: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> Ran:
        """Run a Python program; see `Sandbox`."""
        allowed = limits or Limits()
        request = {
            "kind": self.kind,
            "code": code,
            "stdin": stdin,
            "files": checked_files(files or {}, allowed),
            "limits": asdict(allowed),
        }
        ours, theirs = socket.socketpair()
        with theirs:
            await self._hand_over(theirs)
        answer = await _asked(ours, json.dumps(request).encode())
        if "refused" in answer:
            raise SandboxMissing(
                f"The sandbox {self.kind!r} could not be closed, and the code was not run: {answer['refused']}. "
                "selftaught.sandbox.available() tells what works here."
            )
        return Ran(**answer)

    async def _hand_over(self, end: socket.socket) -> None:
        """Give the zygote its end of a socket; its queue may be full for a while."""
        while True:
            with self._lock:
                if self._zygote is None or not self._zygote.alive():
                    self._zygote = Zygote()
                zygote = self._zygote
            try:
                socket.send_fds(zygote.control, [b"."], [end.fileno()])
            except BlockingIOError:
                await asyncio.sleep(0.01)
            except (BrokenPipeError, ConnectionResetError):
                zygote.process.wait()
            else:
                return

    def close(self) -> None:
        """Let the waiting interpreter go; the next run starts another."""
        with self._lock:
            if self._zygote is not None:
                self._zygote.end()
            self._zygote = None


class Zygote:
    """The waiting interpreter. It ends when this process ends, because its control socket is then closed."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.control, theirs = socket.socketpair()
        executable = getattr(sys, "_base_executable", None) or sys.executable
        with theirs:
            self.process = subprocess.Popen(
                [
                    executable,
                    "-I",
                    "-S",
                    "-B",
                    "-X",
                    "utf8",
                    "-c",
                    START,
                    GROUND,
                    str(theirs.fileno()),
                    str(max(2, os.cpu_count() or 1)),
                ],
                env={"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"},
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.control.setblocking(False)

    def alive(self) -> bool:
        """True while it can be used, by the process that started it."""
        return self.owner == os.getpid() and self.process.poll() is None

    def end(self) -> None:
        """End it; runs under way come to their end."""
        self.control.close()
        if self.owner == os.getpid():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=5)


async def _asked(ours: socket.socket, request: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        writer.write(len(request).to_bytes(8, "big") + request)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            found = await reader.read()
            return json.loads(found) if found else {"refused": "its process ended"}
        return {"refused": "its process broke off"}
    finally:
        writer.close()
