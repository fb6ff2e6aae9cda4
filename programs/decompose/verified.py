"""Of several answers to a question, the one that a verifier likes best."""

from __future__ import annotations

import asyncio
from typing import Any

import dspy

from selftaught.errors import CallError
from selftaught.programs.decompose.parts import REPLY
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import draw


async def best_reply(
    reply: dspy.Module, verifier: Judge | None, seen: dict[str, Any], samples: int, temperature: float
) -> tuple[str, float | None, bool | None]:
    """Return an answer, its score and whether it passed: the one with the best score, the earliest of equals.

    Args:
        reply: the step that answers.
        verifier: a judge of answers; without one there is one answer, of which nothing is known.
        seen: what the step sees. The verifier is given those of its inputs that are among it.
        samples: answers drawn.
        temperature: of those after the first.
    """
    if verifier is None:
        return (await reply.acall(**seen))[REPLY], None, None
    drawn = await draw(reply, seen, samples, temperature, own_first=True)
    replies = list(dict.fromkeys(one[REPLY].strip() for one in drawn))
    known = {name: value for name, value in seen.items() if name in verifier.task.input_fields}
    verdicts = await asyncio.gather(*(_verdict_on(verifier, known, one) for one in replies))
    scores = [-1.0 if score is None else score for score, _ in verdicts]
    best = scores.index(max(scores))
    return replies[best], *verdicts[best]


async def _verdict_on(verifier: Judge, seen: dict[str, Any], reply: str) -> tuple[float | None, bool | None]:
    """Return the score of an answer, and whether it passed; nothing is known of it where the verifier's call failed."""
    try:
        found = await verifier.acall(**seen, **{REPLY: reply})
    except CallError:
        return None, None
    return found.score, found.passed
