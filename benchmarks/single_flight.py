"""Single flight: identical requests that are in flight at the same time are paid once.

Claim: eight identical concurrent calls make one call of the server with selftaught, eight with DSPy. No cache on either
side: this is about calls that are on their way, not about answers that are known.

Method: a stub server in another process counts what reaches it while eight identical calls wait for its answer.

Command: `python -m benchmarks single_flight`
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.measure import Options, result, summary
from benchmarks.stub import Stub

CLAIM = "identical calls in flight are paid once"
CALLS, LATENCY, REPEATS = 8, 0.2, 5


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    import dspy

    import selftaught

    with Stub(LATENCY) as stub:
        metered = selftaught.lm("stub", api_base=stub.url)
        bare = dspy.LM("openai/stub", api_base=stub.url, api_key="x", cache=False)
        ours = metered, selftaught.Predict("question -> answer"), metered.backend.server.aclose
        theirs = bare, dspy.Predict("question -> answer"), bare.aclose
        found: dict[str, list[float]] = {"selftaught": [], "dspy": []}
        for _ in range(options.repeats or REPEATS):
            for name, (lm, program, close) in {"selftaught": ours, "dspy": theirs}.items():
                with dspy.context(lm=lm, adapter=dspy.ChatAdapter()):
                    asyncio.run(_together(program, close))
                found[name].append(stub.calls())
    measured = {"identical_calls": CALLS, "server_calls": {name: summary(values) for name, values in found.items()}}
    return result("single_flight", CLAIM, measured=measured, target="1 server call", met=max(found["selftaught"]) == 1)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    calls = {name: values["median"] for name, values in found["measured"]["server_calls"].items()}
    return f"{CALLS} identical calls: selftaught pays {calls['selftaught']:g}, dspy {calls['dspy']:g}"


async def _together(program: Any, close: Callable[[], Awaitable[Any]]) -> None:
    answers = await asyncio.gather(*(program.acall(question="Is 7 a number?") for _ in range(CALLS)))
    assert [answer.answer for answer in answers] == ["Yes"] * CALLS
    await close()
