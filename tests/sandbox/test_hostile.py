"""No hostile program gets out, and the host is as it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from selftaught.sandbox.linux import LinuxSandbox
from tests.sandbox.hostile import SNIPPETS, Snippet

SECRET = "a canary sings in the file"


@dataclass
class Host:
    """The canaries, and what the host looked like before."""

    folder: Path
    listening: dict[str, socket.socket] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)

    def told(self) -> str:
        """Return what the hostile code is told, so that it need not search."""
        return json.dumps(
            {
                "file": str(self.folder / "canary"),
                "folder": str(self.folder),
                "repository": str(Path(__file__).parents[2]),
                "pid": os.getpid(),
                "tcp": self.listening["tcp"].getsockname()[1],
                "udp": self.listening["udp"].getsockname()[1],
                "unix": str(self.folder / "unix"),
                "datagram": str(self.folder / "datagram"),
                "abstract": f"selftaught-canary-{os.getpid()}",
                "shm": f"selftaught-canary-{os.getpid()}",
            }
        )

    def looks(self) -> dict[str, Any]:
        """Return everything about the host that a run may not change."""
        canary = self.folder / "canary"
        found = canary.stat()
        return {
            "canary": (canary.read_text(), found.st_mode, found.st_uid, found.st_mtime_ns, found.st_nlink),
            "folder": sorted(one.name for one in self.folder.iterdir()),
            "root": sorted(one.name for one in Path("/").iterdir()),
            "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
            "name": socket.gethostname(),
        }

    def visited(self) -> list[str]:
        """Return the sockets that somebody connected or wrote to."""
        heard = []
        for name, one in self.listening.items():
            with contextlib.suppress(BlockingIOError):
                one.recv(10) if name in ("udp", "datagram") else one.accept()
                heard.append(name)
        return heard


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("host")))
    found = Host(folder)
    (folder / "canary").write_text(SECRET)
    os.environ["SELFTAUGHT_CANARY"] = SECRET
    kinds = {"tcp": (socket.AF_INET, socket.SOCK_STREAM), "udp": (socket.AF_INET, socket.SOCK_DGRAM)}
    kinds |= dict.fromkeys(("unix", "abstract"), (socket.AF_UNIX, socket.SOCK_STREAM))
    kinds |= {"datagram": (socket.AF_UNIX, socket.SOCK_DGRAM)}
    shm = Path(f"/dev/shm/selftaught-canary-{os.getpid()}")
    with contextlib.ExitStack() as open_things:
        for name, (family, kind) in kinds.items():
            one = open_things.enter_context(socket.socket(family, kind))
            one.setblocking(False)
            place = {"abstract": f"\0selftaught-canary-{os.getpid()}"}.get(name, str(folder / name))
            one.bind(("127.0.0.1", 0) if family is socket.AF_INET else place)
            if kind is socket.SOCK_STREAM:
                one.listen()
            found.listening[name] = one
        shm.write_text(SECRET)
        open_things.callback(shm.unlink)
        found.before = found.looks()
        yield found
    del os.environ["SELFTAUGHT_CANARY"]


def processes_below(process: int) -> set[int]:
    """Return every process below one, itself left out."""
    found: set[int] = set()
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in (thread / "children").read_text().split():
            found |= {int(child)} | processes_below(int(child))
    return found


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda one: one.name)
def test_no_way_out(snippet: Snippet, box: LinuxSandbox, host: Host) -> None:
    began = time.monotonic()
    ran = asyncio.run(box.run(snippet.program(), stdin=host.told(), files=snippet.files, limits=snippet.limits))
    took = time.monotonic() - began
    assert "ESCAPED" not in ran.stdout + ran.stderr, ran.stdout
    assert SECRET not in ran.stdout + ran.stderr + repr(ran.files)
    assert ran.ended in snippet.ended, ran
    if snippet.complete and ran.ended == "exited":
        assert ran.stdout.rstrip().endswith("end"), ran
    assert snippet.must(ran), ran
    assert took < snippet.within
    assert host.visited() == []
    assert host.looks() == host.before
    assert box._zygote is not None
    assert box._zygote.process.poll() is None, "the waiting interpreter died"
    assert not list(Path("/tmp").glob(f"selftaught-run-{box._zygote.process.pid}-*")), "a folder outlived the run"
    assert _soon_alone(box._zygote.process.pid), "a process outlived the run"


def _soon_alone(process: int) -> bool:
    """True when everything below the waiting interpreter ends within a second (the answer is sent a moment before)."""
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):
            if all(_ended(one) for one in processes_below(process)):
                return True
        time.sleep(0.01)
    return False


def _ended(process: int) -> bool:
    """True for a process that is only waiting to be counted."""
    return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()


def test_there_are_enough_snippets_and_each_has_a_name_of_its_own() -> None:
    assert len({one.name for one in SNIPPETS}) == len(SNIPPETS) >= 45
