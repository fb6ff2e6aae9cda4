"""Drawing several samples of a step or program at once."""

from __future__ import annotations

from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import SettingError
from selftaught.programs.branches import survivors


async def draw(
    program: dspy.Module, inputs: dict[str, Any], samples: int, temperature: float, *, own_first: bool = False, first: int = 0
) -> list[dspy.Prediction]:
    """Return up to `samples` predictions for one input, drawn together.

    A failed draw is missing; when all fail, the first error is raised.

    Args:
        own_first: the first draw is the program's own answer, at its own temperature.
        first: the number of the first draw, for further draws of what was drawn from before.
    """

    async def one(number: int) -> dspy.Prediction:
        if own_first and number == 0:
            return await program.acall(**inputs)
        with scope.resampled(f"draw{first + number}", temperature):
            return await program.acall(**inputs)

    return [found for found in await survivors(one(number) for number in range(samples)) if found is not None]


def at_least(name: str, value: int, least: int) -> int:
    """Return a count that is large enough.

    Raises:
        SettingError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SettingError(f"{name}={value!r}: expected a whole number of at least {least}.")
    return value
