"""What the benchmarks share: repeated timing side by side, summaries, and the frame of a result.

Shared machines drift, so two things are compared only when they ran in turns (A B A B ...) in one process or one run;
a ratio is taken within each turn, and the median of the turns is what counts.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import socket
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PACKAGES = ("selftaught", "dspy", "litellm", "aiohttp", "xllamacpp")


class Skipped(Exception):
    """A benchmark, or one part of it, that cannot run here. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line gives to every benchmark. `data`: a folder of JSONL task data, or None."""

    data: str | None = None
    repeats: int | None = None


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Return the versions that a figure depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def summary(values: Sequence[float], digits: int = 4) -> dict[str, float | int]:
    """Return how often something was measured, and the least, median and greatest value."""
    return {
        "repeats": len(values),
        "min": round(min(values), digits),
        "median": round(statistics.median(values), digits),
        "max": round(max(values), digits),
    }


def in_turns(sides: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Measure each side once a turn, in the order given, every other turn backwards."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats):
        names = list(sides) if turn % 2 == 0 else list(reversed(sides))
        for name in names:
            found[name].append(sides[name]())
    return found


def ratios(above: Iterable[float], below: Iterable[float]) -> list[float]:
    """Return the ratio of two sides within each turn."""
    return [a / b for a, b in zip(above, below, strict=True)]


def paired(right: str, other: str) -> dict[str, float | int]:
    """Return the difference of two runs over the rows that both have, "1" where one was right, with the p of an exact test."""
    from scipy.stats import binomtest

    pairs = list(zip(right, other, strict=False))
    won, lost = pairs.count(("1", "0")), pairs.count(("0", "1"))
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    return {"difference": round((won - lost) / len(pairs), 4), "won": won, "lost": lost, "p": round(float(p), 5)}


@contextlib.contextmanager
def serving(command: Sequence[Any]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server until the block ends, on a free port that is its command's last word; gives its URL once it takes requests."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([str(one) for one in (*command, port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _until_ready(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait(60)


def _until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server says that it is ready, or that it has no such route."""
    ends = time.monotonic() + 60
    while not _takes_requests(address):
        assert process.poll() is None, f"the server ended with {process.returncode}"
        assert time.monotonic() < ends, "the server did not start"
        time.sleep(0.01)


def _takes_requests(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/readyz", timeout=1).close()
    except OSError as error:  # nobody is there yet, or a status that is no success
        return getattr(error, "code", None) == 404
    return True


def result(name: str, claim: str, *, measured: dict[str, Any], target: str, met: bool | None) -> dict[str, Any]:
    """Return the JSON object of one benchmark. `met`: None where there is no target to meet."""
    return {
        "benchmark": name,
        "claim": claim,
        "target": target,
        "met": met,
        "measured": measured,
        "machine": f"{cores()} cores",
        "versions": versions(),
    }
