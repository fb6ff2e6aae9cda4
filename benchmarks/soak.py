"""Soak: a served program for many minutes, with too many clients, and with a model that is slow, broken or gone.

Claim: `selftaught serve` answers its first request within 2 s of its start (without the model); its memory stays flat; more clients than it
takes get 503 with `Retry-After` at once, and nobody waits without an end; whatever the model does, every request gets an answer.

Method: the command line in a process of its own, a stub model on the same cores. Cold start: from the start of the process to the first
200 of `/readyz`, five times. Overload: 256 clients at a server that takes 8 and lets 8 wait. Soak: 32 clients, each with a pause of 0.2 s; resident memory is
read every few seconds, and its median in the last quarter is compared with that of the second (the first is warming up). Faults: the
model answers 500, half an answer, breaks off, hangs longer than the timeout, or its port is closed; 20 requests each.

Command: `python -m benchmarks soak`; SELFTAUGHT_SOAK_SECONDS is how long (600).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, result, serving
from benchmarks.stub import Stub

CLAIM = "a served program starts at once, keeps its memory, refuses what is too much, and answers whatever the model does"
SECONDS, LATENCY, TIMEOUT = float(os.environ.get("SELFTAUGHT_SOAK_SECONDS", "600")), 0.05, 2.0
CLIENTS, PAUSE = 32, 0.2
COLD, GROWTH = 2.0, 1.05
FAULTS = {
    "500": b"HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno", "half an answer": b'HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n{"choices"'[:-1],
    "broken off": b"HTTP/1.1 200 x\r\nContent-Length: 900\r\n\r\n{", "hangs": b"", "closed": None,
}  # fmt: skip
"""What the model's port says, for each fault; nothing for ever; or not open at all."""


def run(options: Options) -> dict[str, Any]:
    """Measure all four."""
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as reason:
        raise Skipped("it needs pip install 'selftaught[serve]'") from reason
    import selftaught as st

    with tempfile.TemporaryDirectory() as folder, Stub(LATENCY) as stub:
        program = st.save(st.Predict("question -> answer"), Path(folder) / "program.st")
        cold = [cold_start(program, stub.url) for _ in range(5)]
        overload = asyncio.run(overloaded(program, stub.url))
        faults = {name: faulty(program, said) for name, said in FAULTS.items()}
        soak = asyncio.run(soaked(program, stub.url))
    measured = {"cold_start_s": [round(one, 2) for one in cold], "overload": overload, "faults": faults, "soak": soak}
    met = (
        statistics.median(cold) < COLD
        and set(overload["statuses"]) <= {"200", "503"}
        and overload["refusals_with_retry_after"] == overload["statuses"].get("503", 0)
        and all(one["unanswered"] == 0 for one in faults.values())
        and soak["growth"] < GROWTH
    )
    target = f"cold start < {COLD} s; only 200 and 503 with Retry-After; every request answered; memory grows < {GROWTH - 1:.0%}"
    return result("soak", CLAIM, measured=measured, target=target, met=met)


@contextlib.contextmanager
def served(program: Path, url: str, *options: Any) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the command until the block ends; gives its URL once it takes requests."""
    command = (sys.executable, "-m", "selftaught.cli", "serve", program, "--model", "stub", "--api-base", url, *options, "--port")
    with serving(command) as found:
        yield found


def cold_start(program: Path, url: str) -> float:
    """Return the seconds from the start of a process to its first answer."""
    started = time.perf_counter()
    with served(program, url):
        return time.perf_counter() - started


async def asked(session: Any, address: str, number: int) -> tuple[str, bool, float]:
    """Return the status of one request, whether it says when to come again, and its seconds."""
    import aiohttp

    started = time.perf_counter()
    try:
        async with session.post(f"{address}/v1/predict", json={"question": f"Is {number} a number?"}) as response:
            await response.read()
            return str(response.status), "Retry-After" in response.headers, time.perf_counter() - started
    except (TimeoutError, aiohttp.ClientError) as error:
        return type(error).__name__, False, time.perf_counter() - started


def session(seconds: float) -> Any:
    """Return a client without a bound on connections."""
    import aiohttp

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(seconds))


async def overloaded(program: Path, url: str) -> dict[str, Any]:
    """Send far more at once than a server takes."""
    with served(program, url, "--max-concurrency", 8, "--queue", 8) as (address, _):
        async with session(60) as client:
            found = await asyncio.gather(*(asked(client, address, number) for number in range(256)))
    return {
        "statuses": dict(Counter(status for status, _, _ in found)),
        "refusals_with_retry_after": sum(again for status, again, _ in found if status == "503"),
        "slowest_s": round(max(seconds for _, _, seconds in found), 2),
    }  # fmt: skip


@contextlib.contextmanager
def saying(said: bytes | None) -> Iterator[str]:
    """Open a port that says one thing to everybody and breaks off; gives its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        if said is None:
            server.close()
            yield url
            return
        script = f"import socket, sys, time\nserver = socket.socket(fileno={server.fileno()})\nkept = []\nwhile True:\n    one, _ = server.accept()\n    if {said!r}:\n        one.recv(65536); one.sendall({said!r}); one.close()\n    else:\n        kept.append(one)\n"
        process = subprocess.Popen([sys.executable, "-c", script], pass_fds=[server.fileno()])
        try:
            yield url
        finally:
            process.kill()
            process.wait()


def faulty(program: Path, said: bytes | None) -> dict[str, Any]:
    """Ask while the model does something wrong."""

    async def ask(address: str) -> list[tuple[str, bool, float]]:
        async with session(60) as client:
            return await asyncio.gather(*(asked(client, address, number) for number in range(20)))

    with saying(said) as url, served(program, url, "--timeout", TIMEOUT) as (address, _):
        found = asyncio.run(ask(address))
    statuses = Counter(status for status, _, _ in found)
    unanswered = sum(often for status, often in statuses.items() if not status.isdigit() or int(status) < 500)
    return {"statuses": dict(statuses), "unanswered": unanswered, "slowest_s": round(max(seconds for *_, seconds in found), 2)}


async def soaked(program: Path, url: str) -> dict[str, Any]:
    """Ask for a long time, and read the server's memory."""
    memory: list[int] = []
    statuses: Counter[str] = Counter()
    with served(program, url) as (address, process):
        ends = time.monotonic() + SECONDS

        async def client(number: int) -> None:
            while time.monotonic() < ends:
                number += CLIENTS
                status, _, _ = await asked(web, address, number)
                statuses[status] += 1
                await asyncio.sleep(PAUSE)

        async def watch() -> None:
            while time.monotonic() < ends:
                memory.append(resident(process.pid))
                await asyncio.sleep(min(5.0, SECONDS / 40))

        async with session(60) as web:
            await asyncio.gather(watch(), *(client(number) for number in range(CLIENTS)))
    quarter = len(memory) // 4
    early, late = statistics.median(memory[quarter : 2 * quarter]), statistics.median(memory[-quarter:])
    return {
        "seconds": SECONDS, "requests": sum(statuses.values()), "statuses": dict(statuses), "growth": round(late / early, 4),
        "mib": [round(one / 2**20, 1) for one in (memory[0], early, late, max(memory))],
    }  # fmt: skip


def resident(process_id: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    one = found["measured"]
    return (
        f"cold start {statistics.median(one['cold_start_s']):.2f} s; overload {json.dumps(one['overload']['statuses'])}, slowest "
        f"{one['overload']['slowest_s']} s; faults unanswered {sum(fault['unanswered'] for fault in one['faults'].values())}; soak "
        f"{one['soak']['requests']} requests in {one['soak']['seconds']:.0f} s, memory {one['soak']['growth']:.3f} times"
    )
