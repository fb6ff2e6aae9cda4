"""The sandbox: locks that cost less than starting an interpreter anew.

Claim: a warm run of `print(1)` in a sandbox takes less than 50 ms from call to answer, locks and cleaning up included.

Method: each sandbox that works here, and beside it a bare interpreter without any protection (`python -I -S -c`, started by
asyncio), in turns. Cold is the first run of a new sandbox, which starts the waiting interpreter. Runs at a time: 16 at once,
divided by their number.

Command: `python -m benchmarks sandbox`
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from benchmarks.measure import Options, Skipped, in_turns, result, summary

CLAIM = "code runs behind locks almost at once"
WARM_MS, REPEATS, COLD_REPEATS, TOGETHER = 50.0, 41, 5, 16
CODE = "print(1)"


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    from selftaught import sandbox

    candidates = sandbox.available()
    working = [one.name for one in candidates if one.works]
    if not working:
        raise Skipped("; ".join(f"{one.name}: {one.why}" for one in candidates))
    with asyncio.Runner() as runner:
        return _measured(runner, working, options)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    told = [
        f"{name}: warm {one['warm_ms']['median']} ms, cold {one['cold_ms']['median']} ms, {one['together_ms']['median']} ms each of {TOGETHER}"
        for name, one in found["measured"]["sandboxes"].items()
    ]
    return f"{'; '.join(told)} (a bare interpreter: {found['measured']['bare_interpreter_ms']['median']} ms)"


def _measured(runner: asyncio.Runner, working: list[str], options: Options) -> dict[str, Any]:
    from selftaught.sandbox.linux import Kind, LinuxSandbox

    def timed(make: Callable[[], Awaitable[Any]]) -> Callable[[], float]:
        async def measure() -> float:
            started = time.perf_counter()
            await make()
            return (time.perf_counter() - started) * 1e3

        return lambda: runner.run(measure())

    boxes = {name: LinuxSandbox(cast(Kind, name)) for name in working}
    cold: dict[str, list[float]] = {name: [] for name in working}
    for _ in range(COLD_REPEATS):
        for name, box in boxes.items():
            box.close()
            cold[name].append(timed(lambda box=box: _checked(box))())  # type: ignore[misc]
    sides = {name: timed(lambda box=box: _checked(box)) for name, box in boxes.items()}  # type: ignore[misc]
    many = {name: timed(lambda box=box: _many(box)) for name, box in boxes.items()}  # type: ignore[misc]
    warm = in_turns({**sides, "bare": timed(_bare)}, options.repeats or REPEATS)
    together = in_turns(many, COLD_REPEATS)
    for box in boxes.values():
        box.close()
    measured = {
        "sandboxes": {
            name: {
                "warm_ms": summary(warm[name], 1),
                "cold_ms": summary(cold[name], 1),
                "together_ms": summary([value / TOGETHER for value in together[name]], 1),
            }
            for name in working
        },
        "bare_interpreter_ms": summary(warm["bare"], 1),
    }
    met = measured["sandboxes"][working[0]]["warm_ms"]["median"] < WARM_MS
    return result("sandbox", CLAIM, measured=measured, target=f"warm < {WARM_MS:g} ms", met=met)


async def _checked(box: Any) -> None:
    ran = await box.run(CODE)
    assert ran.stdout == "1\n", ran


async def _many(box: Any) -> None:
    await asyncio.gather(*(_checked(box) for _ in range(TOGETHER)))


async def _bare() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", "-c", CODE, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out == b"1\n"
