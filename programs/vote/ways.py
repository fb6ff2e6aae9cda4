"""Ways of answering one input, and the ballots drawn from them: what makes the answers of a vote differ."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.given import listed
from selftaught.programs.sampling import draw
from selftaught.signatures import instructed


@dataclass(frozen=True, slots=True)
class Way:
    """One way of answering: a module, what it is given, how often it is asked, and an instruction on top of its own."""

    generate: dspy.Module
    inputs: dict[str, Any]
    times: int = 1
    extra: str = ""
    name: str = ""

    async def acall(self, **inputs: Any) -> dspy.Prediction:
        """Answer once in this way."""
        if not self.extra:
            return await self.generate.acall(**inputs)
        signature = self.generate.signature
        changed = instructed(signature, f"{signature.instructions}\n\n{self.extra}")
        return await self.generate.acall(**inputs, signature=changed)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One answer, the name of the way it was drawn in, and its weight."""

    prediction: dspy.Prediction
    way: str = ""
    weight: float = 1.0


Turn = tuple[int, Way]


def spread(ways: Sequence[Way], samples: int) -> list[Way]:
    """Return the ways with `samples` shared out among them in turn; those that would get none are left out."""
    return [replace(way, times=len(range(place, samples, len(ways)))) for place, way in enumerate(ways[:samples])]


def turns_of(ways: Sequence[Way]) -> list[Turn]:
    """Return who is asked, numbered: every way once, then every way again, until each was asked as often as it is to be."""
    rounds = range(max((way.times for way in ways), default=0))
    return list(enumerate(way for turn in rounds for way in ways if turn < way.times))


async def ask(turns: Sequence[Turn], temperatures: Sequence[float]) -> list[Ballot | CallError]:
    """Ask all at once; in the place of a call that failed stands its error.

    A way that is asked once answers at its own temperature; one that is asked several times is sampled.
    """

    async def one(number: int, way: Way) -> Ballot:
        warm = temperatures[number % len(temperatures)]
        (drawn,) = await draw(way, way.inputs, 1, warm, own_first=way.times == 1, first=number)
        return Ballot(drawn, way.name)

    found = await asyncio.gather(*(one(number, way) for number, way in turns), return_exceptions=True)
    for answer in found:
        if isinstance(answer, BaseException) and not isinstance(answer, CallError):
            raise answer
    return [answer for answer in found if isinstance(answer, Ballot | CallError)]


def ballots_in(found: Sequence[Ballot | CallError]) -> list[Ballot]:
    """Return the answers among what was found; where there is none, the first error is raised."""
    kept = [answer for answer in found if isinstance(answer, Ballot)]
    if not kept:
        raise next(answer for answer in found if isinstance(answer, CallError))
    return kept


def with_weights(ballots: Sequence[Ballot], weights: Sequence[float | None]) -> list[Ballot]:
    """Return the ballots with these weights; an unknown one is the mean of those that are known, one vote where none is."""
    known = [weight for weight in weights if weight is not None]
    mean = sum(known) / len(known) if known else 1.0
    return [replace(one, weight=mean if weight is None else weight) for one, weight in zip(ballots, weights, strict=True)]


def temperatures_of(given: float | Sequence[float]) -> tuple[float, ...]:
    """Return one temperature or several as several.

    Raises:
        SettingError: there is none, or one is no number from 0 upwards.
    """
    found = tuple(listed("temperature", given, (int, float), "numbers")) if not isinstance(given, int | float) else (given,)
    if not found or any(isinstance(one, bool) or one < 0 for one in found):
        raise SettingError(f"temperature={given!r}: expected a number of at least 0, or several.")
    return found
