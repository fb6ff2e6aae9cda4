"""Overhead: what metering (ledger, budgets, single flight, retries, records of steps) adds to one call of a program.

Claim: one call of `selftaught.Predict` on a metered model takes at most 1.5 times as long as one call of `dspy.Predict`
on a `dspy.LM`, when the model itself takes no time; from synchronous and from asynchronous code.

Method: the same stub answer behind both: for DSPy a custom engine (`dspy.LM(engine=..., async_engine=...)`, no cache), for
selftaught a chat server behind `ChatBackend` and `MeteredLM`. The same signature, the same ChatAdapter, history disabled for
both. Batches of calls, warm, in turns in one process; the ratio is taken within each turn. As information: selftaught
with its own CompactAdapter, and bare DSPy on the metered model (`dspy.Predict`, no selftaught program).

Command: `python -m benchmarks overhead`
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measure import Options, in_turns, ratios, result, summary
from benchmarks.stub import JSON_TEXT, MARKERS, answer

CLAIM = "a metered call costs little more than a bare one"
BATCH, REPEATS, TARGET = 200, 21, 1.5


class StubEngine:
    """DSPy's engine protocol over one constant answer."""

    supports_response_schema = True
    supported_params = frozenset({"temperature", "max_tokens", "response_format"})

    def __init__(self) -> None:
        from dspy import lm15

        self._response = lm15.response_from_openai_chat(answer(MARKERS), model="stub")

    def complete(self, request: Any) -> Any:
        """Return the constant."""
        return self._response


class AsyncStubEngine(StubEngine):
    """The same, asynchronous."""

    async def complete(self, request: Any) -> Any:  # type: ignore[override]
        """Return the constant."""
        return self._response


class StubServer:
    """selftaught's chat server protocol over the same constant answer."""

    model = "stub"
    secrets: tuple[str, ...] = ()

    def __init__(self, text: str) -> None:
        self._answer = answer(text)

    async def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the constant."""
        return self._answer

    async def aclose(self) -> None:
        """Do nothing."""


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    import dspy

    import selftaught
    from selftaught.adapter import CompactAdapter
    from selftaught.engines.chat import ChatBackend
    from selftaught.metering import MeteredLM

    def metered(text: str) -> MeteredLM:
        return MeteredLM(ChatBackend(StubServer(text), name="stub", price=None), max_tokens=100)

    chat = dspy.ChatAdapter()
    bare = dspy.LM("stub", engine=StubEngine(), async_engine=AsyncStubEngine(), cache=False, max_tokens=100)
    task = "question -> answer"
    programs = {
        "dspy": (dspy.Predict(task), bare, chat),
        "selftaught": (selftaught.Predict(task), metered(MARKERS), chat),
        "selftaught_compact_adapter": (selftaught.Predict(task), metered(JSON_TEXT), CompactAdapter()),
        "dspy_predict_on_metered_lm": (dspy.Predict(task), metered(MARKERS), chat),
    }
    measured: dict[str, Any] = {"calls_in_a_batch": BATCH}
    for style, batch in (("synchronous", _synchronous), ("asynchronous", _asynchronous)):
        sides = {name: batch(*parts) for name, parts in programs.items()}
        for side in sides.values():
            side()
        found = in_turns(sides, options.repeats or REPEATS)
        measured[style] = {
            "microseconds_per_call": {name: summary(values, 1) for name, values in found.items()},
            "ratio": {name: summary(ratios(values, found["dspy"]), 2) for name, values in found.items() if name != "dspy"},
        }
    met = all(measured[style]["ratio"]["selftaught"]["median"] <= TARGET for style in ("synchronous", "asynchronous"))
    return result("overhead", CLAIM, measured=measured, target=f"ratio <= {TARGET} in both styles", met=met)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    parts = []
    for style in ("synchronous", "asynchronous"):
        here = found["measured"][style]
        each = {name: values["median"] for name, values in here["microseconds_per_call"].items()}
        parts.append(
            f"{style} {here['ratio']['selftaught']['median']}x ({each['selftaught']:.0f} against {each['dspy']:.0f} microseconds)"
        )
    return ", ".join(parts)


def _synchronous(program: Any, lm: Any, adapter: Any) -> Callable[[], float]:
    import dspy

    def batch() -> float:
        with dspy.context(lm=lm, adapter=adapter, disable_history=True):
            started = time.perf_counter()
            for number in range(BATCH):
                program(question=f"Is {number} a number?")
            return (time.perf_counter() - started) / BATCH * 1e6

    return batch


def _asynchronous(program: Any, lm: Any, adapter: Any) -> Callable[[], float]:
    import dspy

    async def calls() -> float:
        started = time.perf_counter()
        for number in range(BATCH):
            await program.acall(question=f"Is {number} a number?")
        return (time.perf_counter() - started) / BATCH * 1e6

    def batch() -> float:
        with dspy.context(lm=lm, adapter=adapter, disable_history=True):
            return asyncio.run(calls())

    return batch
