"""Together: calls of one program that do not depend on one another wait at the same time.

Claim: a vote of 8 takes the time of one call, and DSPy's way to the same answer (one `Predict` after another, then `majority`) eight
times as long.

Method: a stub server in another process waits 200 ms before every answer. In turns: one call, the vote of 8 (eight samples), a best of
8 by a judge that calls nothing, and eight calls of `dspy.Predict` in sequence. Answers are not kept.

Command: `python -m benchmarks together`
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.measure import Options, in_turns, ratios, result, summary
from benchmarks.stub import Stub

CLAIM = "a vote of 8 takes the time of one call"
CALLS, LATENCY, REPEATS = 8, 0.2, 7
TASK = "question -> answer"


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    import dspy

    import selftaught as st

    questions = (f"Is {number} a number?" for number in itertools.count())
    with Stub(LATENCY) as stub:
        metered, bare = st.lm("stub", api_base=stub.url), dspy.LM("openai/stub", api_base=stub.url, api_key="x", cache=False)
        programs = {
            "one call": st.Predict(TASK), f"vote of {CALLS}": st.programs.SelfConsistency(TASK, samples=CALLS),
            f"best of {CALLS}": st.programs.BestOf(TASK, samples=CALLS, judge=st.judges.FunctionJudge(TASK, lambda gold, said: 1.0)),
        }  # fmt: skip

        def ours(program: Any) -> Callable[[], float]:
            return lambda: _timed(metered, program.acall, next(questions))

        sides = {name: ours(program) for name, program in programs.items()}
        sides["dspy in sequence"] = lambda: _timed(bare, _in_sequence(dspy.Predict(TASK)), next(questions))
        found = in_turns(sides, options.repeats or REPEATS)
    one = found["one call"]
    measured = {
        "latency": LATENCY, "seconds": {name: summary(values) for name, values in found.items()},
        "ratio_to_one_call": {name: summary(ratios(values, one), 2) for name, values in found.items() if name != "one call"},
    }  # fmt: skip
    ratio = measured["ratio_to_one_call"][f"vote of {CALLS}"]["median"]
    return result("together", CLAIM, measured=measured, target="<= 1.25 times one call", met=ratio <= 1.25)


def _timed(lm: Any, ask: Callable[..., Awaitable[Any]], question: str) -> float:
    import dspy

    async def asked() -> float:
        started = time.perf_counter()
        await ask(question=question)
        return time.perf_counter() - started

    async def closing() -> float:
        try:
            return await asked()
        finally:
            await (lm.backend.server.aclose() if hasattr(lm, "backend") else lm.aclose())

    with dspy.context(lm=lm, adapter=dspy.ChatAdapter()):
        return asyncio.run(closing())


def _in_sequence(predict: Any) -> Callable[..., Awaitable[Any]]:
    async def ask(question: str) -> Any:
        import dspy

        found = [
            await predict.acall(question=question, config={"rollout_id": number, "temperature": 0.7}) for number in range(CALLS)
        ]
        return dspy.majority([{"answer": one.answer} for one in found])

    return ask


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    told = found["measured"]
    return "; ".join(
        f"{name} {one['median']:g} times one call ({told['seconds'][name]['median']:.2f} s)"
        for name, one in told["ratio_to_one_call"].items()
    )
