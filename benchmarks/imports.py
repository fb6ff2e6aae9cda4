"""Imports: a command line and a first line of Python that do not make anybody wait.

Claim: `import selftaught` adds less than 80 ms to a Python process and loads none of DSPy, LiteLLM or NumPy; the whole of
`selftaught --help` takes less than 300 ms.

Method: whole processes, from start to exit, in turns: the bare interpreter, the interpreter with the import, the command
line with `--help`, and `import dspy` as information. The cost of an import is the difference to the bare interpreter
of the same turn. Files are warm (one round before the first is thrown away).

Command: `python -m benchmarks imports`
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measure import Options, in_turns, result, summary

CLAIM = "importing loads nothing heavy, and the command line answers at once"
IMPORT_MS, HELP_MS, REPEATS = 80.0, 300.0, 11
HEAVY = ("dspy", "litellm", "numpy")
LOOK = f"import selftaught, sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
HELP = ("-c", "import sys; sys.argv = ['selftaught', '--help']; from selftaught.cli import main; main()")


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    loaded = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout.split()
    assert not loaded, f"import selftaught loads {loaded}"
    sides = {
        "bare": _process("-c", "pass"),
        "selftaught": _process("-c", "import selftaught"),
        "dspy": _process("-c", "import dspy"),
    }
    no_help = _why_no_help()
    if no_help is None:
        sides["help"] = _process(*HELP)
    for side in sides.values():
        side()
    found = in_turns(sides, options.repeats or REPEATS)
    added = {
        name: summary([with_it - bare for with_it, bare in zip(found[name], found["bare"], strict=True)], 1)
        for name in ("selftaught", "dspy")
    }
    measured: dict[str, Any] = {
        "bare_interpreter_ms": summary(found["bare"], 1),
        "import_selftaught_adds_ms": added["selftaught"],
        "import_dspy_adds_ms": added["dspy"],
        "heavy_modules_loaded": loaded,
        "help_ms": summary(found["help"], 1) if no_help is None else {"skipped": no_help},
    }
    met = added["selftaught"]["median"] < IMPORT_MS and (no_help is not None or measured["help_ms"]["median"] < HELP_MS)
    return result("imports", CLAIM, measured=measured, target=f"import < {IMPORT_MS:g} ms, --help < {HELP_MS:g} ms", met=met)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    measured = found["measured"]
    shown = measured["help_ms"].get("median")
    told = f"{shown} ms" if shown is not None else f"skipped ({measured['help_ms']['skipped']})"
    return (
        f"import selftaught adds {measured['import_selftaught_adds_ms']['median']} ms "
        f"(import dspy {measured['import_dspy_adds_ms']['median']} ms); selftaught --help {told}"
    )


def _process(*arguments: str) -> Callable[[], float]:
    def side() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        return (time.perf_counter() - started) * 1e3

    return side


def _why_no_help() -> str | None:
    done = subprocess.run([sys.executable, *HELP], capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout.strip():
        return None
    reason = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    return f"the command line does not run: {reason}"
