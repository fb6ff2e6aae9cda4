"""Throughput: `selftaught.evaluate` keeps hundreds of examples in flight on one event loop.

Claim: on 1024 examples against a server that takes 200 ms, at 256 in flight, `selftaught.evaluate` finishes at least
2.5 times as many examples a second as `dspy.Evaluate` with 256 threads. 1280 examples a second is the most possible.

Method: a stub server in another process on the loopback interface; no cache on either side; the same signature, adapter
(ChatAdapter), metric and history settings (each as shipped); one warm-up of each; then the sides in turns. The stub and
the client share the machine's cores, so the client's processor time for one example is reported too: it is what limits
the rate on a busy machine. selftaught with its own CompactAdapter is measured as information.

Command: `python -m benchmarks throughput`
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.measure import Options, in_turns, ratios, result, summary
from benchmarks.stub import Stub

CLAIM = "evaluates more examples a second than dspy.Evaluate at the same concurrency"
EXAMPLES, IN_FLIGHT, LATENCY, REPEATS, TARGET = 1024, 256, 0.2, 5, 2.5


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    with Stub(LATENCY) as stub:
        sides = {
            "dspy": _dspy(stub.url),
            "selftaught": _selftaught(stub.url, compact=False),
            "selftaught_compact_adapter": _selftaught(stub.url, compact=True),
        }
        for side in sides.values():
            side(IN_FLIGHT)
        stub.calls()
        spent: dict[str, list[float]] = {name: [] for name in sides}
        repeats = options.repeats or REPEATS
        found = in_turns({name: partial(_measured, side, spent[name]) for name, side in sides.items()}, repeats)
        asked = stub.calls()
    ratio = summary(ratios(found["selftaught"], found["dspy"]), 2)
    measured = {
        "examples": EXAMPLES,
        "in_flight": IN_FLIGHT,
        "server_seconds": LATENCY,
        "most_possible_per_second": IN_FLIGHT / LATENCY,
        "examples_per_second": {name: summary(values, 1) for name, values in found.items()},
        "client_processor_ms_per_example": {name: summary(values, 3) for name, values in spent.items()},
        "selftaught_over_dspy": ratio,
        "selftaught_compact_over_dspy": summary(ratios(found["selftaught_compact_adapter"], found["dspy"]), 2),
        "calls_per_example": asked / (EXAMPLES * repeats * len(sides)),
    }
    return result("throughput", CLAIM, measured=measured, target=f"ratio >= {TARGET}", met=ratio["median"] >= TARGET)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    rate = {name: values["median"] for name, values in found["measured"]["examples_per_second"].items()}
    return (
        f"{rate['selftaught']:.0f} examples/s against dspy's {rate['dspy']:.0f} "
        f"({found['measured']['selftaught_over_dspy']['median']}x; CompactAdapter {rate['selftaught_compact_adapter']:.0f}/s)"
    )


def _measured(side: Callable[[int], float], spent: list[float]) -> float:
    before = time.process_time()
    rate = side(EXAMPLES)
    spent.append((time.process_time() - before) / EXAMPLES * 1e3)
    return rate


def _examples(count: int) -> list[Any]:
    import dspy

    return [dspy.Example(question=f"Is {number} a number?", answer="Yes").with_inputs("question") for number in range(count)]


def _right(example: Any, prediction: Any, trace: Any = None) -> float:
    return float(prediction.answer == example.answer)


def _selftaught(url: str, *, compact: bool) -> Callable[[int], float]:
    import dspy

    import selftaught
    from selftaught.adapter import CompactAdapter

    lm = selftaught.lm("stub", api_base=url)
    adapter = CompactAdapter() if compact else dspy.ChatAdapter()
    program = selftaught.Predict("question -> answer")

    def side(count: int) -> float:
        data = _examples(count)
        with dspy.context(lm=lm, adapter=adapter):
            started = time.perf_counter()
            found = selftaught.evaluate(program, data, _right, concurrency=IN_FLIGHT, progress=False)
            seconds = time.perf_counter() - started
        assert found.score == 1.0 and found.n == count, str(found)
        return count / seconds

    return side


def _dspy(url: str) -> Callable[[int], float]:
    import dspy

    logging.getLogger("dspy.evaluate.evaluate").setLevel(logging.WARNING)
    lm = dspy.LM("openai/stub", api_base=url, api_key="x", cache=False)
    adapter = dspy.ChatAdapter()
    program = dspy.Predict("question -> answer")

    def side(count: int) -> float:
        data = _examples(count)
        evaluate = dspy.Evaluate(devset=data, metric=_right, num_threads=IN_FLIGHT, display_progress=False)
        with dspy.context(lm=lm, adapter=adapter):
            started = time.perf_counter()
            found = evaluate(program)
            seconds = time.perf_counter() - started
        assert found.score == 100.0, str(found)
        return count / seconds

    return side
