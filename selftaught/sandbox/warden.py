"""The process that watches one run from outside: its clock, its memory, its output; and stops it at a limit.

Started by `zygote` for a request; the run's own processes are below it. Memory is added up over all of them, every
hundredth of a second, because no limit of the kernel that an ordinary user may set bounds a group of processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from selftaught.sandbox import jail, kernel, measure
from selftaught.sandbox.keeper import ENDED, STARTED, fork, keep

TICK, SETUP = 0.01, 20.0
CHUNK = 65536
INODES, SPARE_FILES = 1024, 64
"""Files that a run may have besides those given; and small ones that are not counted, since each takes a page."""


class Warden:
    """Runs one request and answers it on `host`, a stream socket; stops the run when the other side hangs up.

    It outlives the waiting interpreter, so that it can put its things away.
    """

    def __init__(self, host: socket.socket) -> None:
        self.host = host
        self.request = json.loads(_received(host))
        self.limits = self.request["limits"]
        self.alone: bool = self.request["kind"] == "alone"
        self.base = measure.anonymous(os.getpid())
        self.limits["mapped"] = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
        files = len(self.request["files"])
        own = len(self.request["code"].encode("utf-8", "replace")) + (files + SPARE_FILES) * os.sysconf("SC_PAGESIZE")
        self.room, self.inodes = self.limits["file_bytes"] + own, files + INODES
        self.selector = selectors.DefaultSelector()
        self.output: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray(), "report": bytearray()}
        self.stdin = memoryview(self.request["stdin"].encode("utf-8", "replace"))
        self.stopped = ""
        self.started: float | None = None
        self.ended: float | None = None
        self.began = time.monotonic()

    def serve(self) -> None:
        """Run, and answer."""
        prefix = f"selftaught-run-{os.getppid()}-"
        folder = os.path.realpath(tempfile.mkdtemp(prefix=prefix)) if self.alone else "/tmp"
        try:
            answer = self._run(folder)
        finally:
            if self.alone:
                measure.remove(folder)
        with contextlib.suppress(OSError):
            self.host.sendall(json.dumps(answer).encode())

    def _run(self, folder: str) -> dict[str, Any]:
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        try:
            if not self.alone:
                jail.leave_processes(proc)
        except OSError as error:
            return {"refused": str(error)}
        pipes = {name: os.pipe() for name in ("stdin", "stdout", "stderr", "report")}
        self.root = fork(lambda: self._enclosed(pipes, folder, proc))
        for name, (read, write) in pipes.items():
            mine, theirs = (write, read) if name == "stdin" else (read, write)
            os.close(theirs)
            os.set_blocking(mine, False)
            self.selector.register(mine, selectors.EVENT_WRITE if name == "stdin" else selectors.EVENT_READ, name)
        self.selector.register(self.host, selectors.EVENT_READ, "host")
        self._watch(folder)
        os.waitpid(self.root, 0)
        return self._answer(self.ended or time.monotonic())

    def _enclosed(self, pipes: dict[str, tuple[int, int]], folder: str, proc: int) -> None:
        """The first process of the run; whatever goes wrong before the code starts is told in the report."""
        kernel.die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        report = pipes["report"][1]
        for descriptor, (name, side) in enumerate((("stdin", 0), ("stdout", 1), ("stderr", 1))):
            os.dup2(pipes[name][side], descriptor)
        self.host.close()
        self.selector.close()
        for read, write in pipes.values():
            for descriptor in {read, write} - {report}:
                os.close(descriptor)
        try:
            os.setsid()
            if not self.alone:
                jail.leave_everything(self.room, self.inodes)
            keep(self.request, proc, report, folder, alone=self.alone)
        except BaseException as error:  # noqa: BLE001
            with contextlib.suppress(OSError):
                os.write(report, json.dumps({"refused": str(error) or repr(error)}).encode())

    def _watch(self, folder: str) -> None:
        """Carry the streams until the report is closed, which happens when everything inside has ended."""
        looked = 0.0
        while any(key.data in self.output for key in self.selector.get_map().values()):
            for key, _ in self.selector.select(TICK):
                self._carry(key)
            now = time.monotonic()
            if self.started is None and self.output["report"].startswith(STARTED):
                self.started = now
            if self.ended is None and self.output["report"].startswith(STARTED + ENDED):
                self.ended = now
            if self.ended or self.stopped:
                continue
            if now - (self.started or self.began) > (self.limits["seconds"] if self.started else SETUP):
                self._stop("time")
            elif now - looked >= TICK:
                looked = now
                self._look(folder)

    def _carry(self, key: selectors.SelectorKey) -> None:
        name = key.data
        if name == "host":
            self._stop("time")  # nobody waits for the answer any more
            self.selector.unregister(self.host)
        elif name == "stdin":
            try:
                self.stdin = self.stdin[os.write(key.fd, self.stdin[:CHUNK]) :] if self.stdin else self.stdin
                done = not self.stdin
            except BrokenPipeError:
                done = True
            if done:
                self._close(key)
        else:
            data = os.read(key.fd, CHUNK)
            self.output[name] += data
            if not data:
                self._close(key)
            elif len(self.output["stdout"]) + len(self.output["stderr"]) > self.limits["output_bytes"] and name != "report":
                del self.output[name][len(self.output[name]) - self._excess() :]
                self._stop("output")

    def _excess(self) -> int:
        return len(self.output["stdout"]) + len(self.output["stderr"]) - self.limits["output_bytes"]

    def _close(self, key: selectors.SelectorKey) -> None:
        self.selector.unregister(key.fd)
        os.close(key.fd)

    def _look(self, folder: str) -> None:
        """Stop the run where its processes together hold too much, or where one alone has too many threads or files."""
        below = measure.below(self.root)
        memory = sum(max(0, measure.anonymous(one) - self.base) for one in below)
        crowd = self.alone and any(measure.threads(one) > self.limits["processes"] for one in below)
        if memory > self.limits["memory_mb"] * 1024 or crowd:
            self._stop("memory")
        elif self.alone and measure.size(folder, self.inodes) > self.room:
            self._stop("output")

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        for process in (*measure.below(self.root), self.root):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _answer(self, end_time: float) -> dict[str, Any]:
        report = bytes(self.output["report"])
        if not report.startswith(STARTED):
            told = json.loads(report)["refused"] if report.startswith(b"{") else "its process ended before the locks were closed"
            return {"refused": told}
        said = report.partition(STARTED + ENDED)[2]
        end: dict[str, Any] = json.loads(said) if said and not self.stopped else {"status": signal.SIGKILL, "files": {}}
        streams = {name: self.output[name].decode("utf-8", "replace") for name in ("stdout", "stderr")}
        return {
            **streams,
            **_ended(end["status"], self.stopped, streams["stderr"]),
            "files": end["files"],
            "seconds": end_time - (self.started or end_time),
        }


def _ended(status: int, stopped: str, stderr: str) -> dict[str, Any]:
    code = os.waitstatus_to_exitcode(status)
    if stopped:
        return {"returncode": code, "ended": stopped}
    if code == -signal.SIGXCPU:
        return {"returncode": code, "ended": "time"}
    last = stderr.rstrip().rpartition("\n")[2]
    if code == 1 and re.match(r"(\w+\.)*_?(Array)?MemoryError\b", last):
        return {"returncode": code, "ended": "memory"}
    return {"returncode": code, "ended": "signal" if code < 0 else "exited"}


def _received(host: socket.socket) -> bytes:
    size = int.from_bytes(host.recv(8, socket.MSG_WAITALL), "big")
    return host.recv(size, socket.MSG_WAITALL) if size else b""
