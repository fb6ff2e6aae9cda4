"""Serve: `selftaught serve` against the plain FastAPI application that DSPy's documentation shows, under the same load.

Claim: with keys, budgets, a ledger, counters, logs, typed answers and the steps of every answer, a served program answers 256 clients at
least 2.5 times as many requests a second as the documented application, its 99th percentile at 64 and 256 is lower, and one client waits
less than 5 ms longer than the model takes.

Method: a stub of the model in one process (200 ms an answer), the server in another, the clients in this one, all on the loopback
interface and the same cores. Each client sends its next request when it has the answer to the last one, over a kept connection. The
same signature and adapter (ChatAdapter) on all sides, no cache, questions that differ. Sides, in turns:
`documented` is DSPy's tutorial on deployment: `dspy.asyncify(dspy.Predict(...))` behind one route, with DSPy's own number of workers (8).
`dspy_async` is the same route with `await program.acall(...)`, which nothing in it bounds. `selftaught` is `st.serve` with
`max_concurrency=256`. One warm-up of each. What a server adds is told against `model`, the same client's requests sent to the stub
itself in the same turns. The server's processor time for one request is reported too (where /proc tells it): it is
what limits the rate on a busy machine.

Command: `python -m benchmarks serve`
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, in_turns, ratios, result, serving, summary
from benchmarks.stub import Stub

CLAIM = "a served program answers more requests a second than a plain FastAPI application around DSPy, and sooner"
SIDES, MODEL = ("documented", "dspy_async", "selftaught"), "model"
CLIENTS, LATENCY, REPEATS, TARGET, ADDED_MS = {1: 20, 64: 512, 256: 1024}, 0.2, 3, 2.5, 5.0
"""Clients at the same time, and how many requests they send together."""


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as reason:
        raise Skipped("it needs pip install 'selftaught[serve]'") from reason
    latencies: dict[tuple[str, int], list[float]] = {}
    spent: dict[tuple[str, int], list[float]] = {}
    rates: dict[int, dict[str, list[float]]] = {}
    with Stub(LATENCY) as stub, contextlib.ExitStack() as stack:
        servers = {side: stack.enter_context(_served(side, stub.url)) for side in SIDES} | {MODEL: (stub.url, None)}
        for side in SIDES:
            asyncio.run(_load(_request(side), servers[side][0], 64, 128))
        for clients, requests in CLIENTS.items():

            def side(name: str, clients: int = clients, requests: int = requests) -> float:
                url, process = servers[name]
                before = _processor(process)
                rate, seconds = asyncio.run(_load(_request(name), url, clients, requests))
                latencies.setdefault((name, clients), []).extend(seconds)
                spent.setdefault((name, clients), []).append((_processor(process) - before) / requests * 1e3)
                return rate

            names = (*SIDES, MODEL) if clients == 1 else SIDES
            sides = {name: (lambda name=name, side=side: side(name)) for name in names}
            rates[clients] = in_turns(sides, options.repeats or REPEATS)
    return _result(rates, latencies, spent)


def _result(
    rates: dict[int, dict[str, list[float]]],
    latencies: dict[tuple[str, int], list[float]],
    spent: dict[tuple[str, int], list[float]],
) -> dict[str, Any]:
    measured: dict[str, Any] = {"server_seconds": LATENCY, "clients": {}}
    for clients, found in rates.items():
        measured["clients"][str(clients)] = {
            "requests": CLIENTS[clients],
            "most_possible_per_second": clients / LATENCY,
            "requests_per_second": {name: summary(found[name], 1) for name in SIDES},
            "seconds": {name: _percentiles(latencies[name, clients]) for name in SIDES},
            "server_processor_ms_per_request": {name: summary(spent[name, clients], 2) for name in SIDES},
            "over_documented": summary(ratios(found["selftaught"], found["documented"]), 2),
            "over_dspy_async": summary(ratios(found["selftaught"], found["dspy_async"]), 2),
        }
    many = [measured["clients"][str(clients)] for clients in CLIENTS if clients > 1]
    alone = {name: statistics.median(latencies[name, 1]) for name in (*SIDES, MODEL)}
    measured["model_seconds_at_one_client"] = round(alone[MODEL], 4)
    measured["added_ms_at_one_client"] = {name: round((alone[name] - alone[MODEL]) * 1e3, 2) for name in SIDES}
    met = (
        many[-1]["over_documented"]["median"] >= TARGET
        and all(one["seconds"]["selftaught"]["p99"] < one["seconds"]["documented"]["p99"] for one in many)
        and measured["added_ms_at_one_client"]["selftaught"] < ADDED_MS
    )
    target = f"at 256 clients {TARGET} times the documented application; p99 below its; at one client < {ADDED_MS} ms added"
    return result("serve", CLAIM, measured=measured, target=target, met=met)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    parts = []
    for clients, one in found["measured"]["clients"].items():
        shown = ", ".join(
            f"{name} {one['requests_per_second'][name]['median']:.0f}/s (p50 {one['seconds'][name]['p50']:.2f}, "
            f"p95 {one['seconds'][name]['p95']:.2f}, p99 {one['seconds'][name]['p99']:.2f} s)"
            for name in SIDES
        )
        parts.append(f"{clients} clients: {shown}")
    added = ", ".join(f"{name} {one} ms" for name, one in found["measured"]["added_ms_at_one_client"].items())
    return "; ".join([*parts, f"added at one client: {added}"])


def _percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{share}": round(cuts[share - 1], 4) for share in (50, 95, 99)}


def _request(side: str) -> tuple[str, Callable[[str], dict[str, Any]], str]:
    """Return the route of a side, what is sent for a question, and what the text of every answer holds."""
    if side != MODEL:
        return "/v1/predict", lambda question: {"question": question}, '"Yes"'
    return "/chat/completions", lambda question: {"model": "stub", "messages": [{"role": "user", "content": question}]}, "Yes"


async def _load(
    request: tuple[str, Callable[[str], dict[str, Any]], str], url: str, clients: int, requests: int
) -> tuple[float, list[float]]:
    """Return answered requests a second, and the seconds of each; every answer is checked."""
    import aiohttp

    (route, body, expected), numbers, seconds = request, iter(range(requests)), []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session:

        async def client() -> None:
            for number in numbers:
                started = time.perf_counter()
                async with session.post(url + route, json=body(f"Is {number} of {started} a number?")) as response:
                    answer = await response.text()
                    assert response.status == 200 and expected in answer, answer
                seconds.append(time.perf_counter() - started)

        started = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return requests / (time.perf_counter() - started), seconds


def _served(side: str, model_url: str) -> contextlib.AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server in a process of its own until the block ends."""
    return serving((sys.executable, "-m", "benchmarks.serve", side, model_url))


def _processor(process: subprocess.Popen[bytes] | None) -> float:
    """Return the seconds of processor that a process has used; 0 where /proc does not tell."""
    try:
        used = Path(f"/proc/{process.pid if process else None}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _serve_dspy(model_url: str, port: int, *, documented: bool) -> None:
    import dspy
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Question(BaseModel):
        question: str

    dspy.configure(lm=dspy.LM("openai/stub", api_base=model_url, api_key="x", cache=False), adapter=dspy.ChatAdapter())
    program = dspy.Predict("question -> answer")
    ask = dspy.asyncify(program) if documented else program.acall
    app = FastAPI()

    async def predict(body: Any) -> dict[str, Any]:
        found = await ask(question=body.question)
        return {"outputs": found.toDict()}

    predict.__annotations__["body"] = Question
    app.post("/v1/predict")(predict)
    uvicorn.run(app, host="127.0.0.1", port=port)


def _serve_selftaught(model_url: str, port: int) -> None:
    import dspy

    import selftaught as st
    from selftaught.server import serve

    dspy.configure(adapter=dspy.ChatAdapter())
    serve(st.Predict("question -> answer"), lm=st.lm("stub", api_base=model_url), port=port, max_concurrency=256)


if __name__ == "__main__":
    chosen, address, number = sys.argv[1:]
    if chosen == "selftaught":
        _serve_selftaught(address, int(number))
    else:
        _serve_dspy(address, int(number), documented=chosen == "documented")
