"""Asking a step many times at once for all of its outputs (`Proposer` is for one text), and with whom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.programs import Step


async def predictions(
    step: Step, inputs: Sequence[Mapping[str, Any]], *, name: str, temperature: float
) -> list[dspy.Prediction | None]:
    """Return what a step says to each of `inputs`, in order; None where a call failed.

    Args:
        step: the step.
        inputs: of each call.
        name: tells these samples from others of the same step.
        temperature: of the samples.
    """

    async def one(number: int, given: Mapping[str, Any]) -> dspy.Prediction | None:
        try:
            with scope.resampled(f"{name}{number}", temperature):
                return await step.acall(**given)
        except CallError:
            return None

    return list(await asyncio.gather(*(one(number, given) for number, given in enumerate(inputs))))


def checked_lm(lm: Any) -> dspy.BaseLM | None:
    """Return a model that was given for a role, or None for the one that answers.

    Raises:
        SettingError: it is no language model.
    """
    if lm is not None and not isinstance(lm, dspy.BaseLM):
        raise SettingError(f"lm={lm!r}: expected a language model, such as st.lm('local'), or None for the one that answers.")
    return lm
