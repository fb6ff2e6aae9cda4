"""What the benchmarks share: repeated timing side by side, summaries, and the frame of a result.

Shared machines drift, so two things are compared only when they ran in turns (A B A B ...) in one process or one run;
a ratio is taken within each turn, and the median of the turns is what counts.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
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
