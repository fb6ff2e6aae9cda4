"""Judging several answers to one input together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict

UNDETERMINED = Verdict(score=None, reasons="the judge gave no answer")


async def verdicts_of(judge: Judge, inputs: dict[str, Any], answers: Sequence[dict[str, Any]]) -> list[Verdict]:
    """Return a verdict for each answer. One on which the judge fails is undetermined.

    Raises:
        CallError: it fails on all; the first error.
    """
    found = await survivors(judge.acall(**inputs, **answer) for answer in answers)
    return [UNDETERMINED if one is None else one.verdict for one in found]
