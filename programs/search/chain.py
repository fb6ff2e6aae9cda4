"""A chain: the steps toward an answer, then the answer. What searching over steps and mending them share.

What repeats an input or an earlier step is no step.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught import scope
from selftaught.programs.branches import survivors
from selftaught.programs.judge.step_pairs import NEXT
from selftaught.programs.normalise import normalise
from selftaught.programs.search.likelihood import LOGPROB, TOKENS
from selftaught.programs.search.writing import OPEN


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps, and the task's outputs once they are known."""

    steps: tuple[str, ...] = ()
    outputs: Mapping[str, Any] | None = None

    def key(self) -> tuple[str, ...]:
        """Return the comparable form of the steps."""
        return tuple(normalise(step) for step in self.steps)


def written(
    steps: Iterable[str], inputs: Mapping[str, Any], before: Sequence[str] = (), most: int | None = None
) -> tuple[str, ...]:
    """Return those of the steps that say something new after the steps before, at most so many."""
    said, found = {normalise(step) for step in before}, []
    for text in (step.strip() for step in steps):
        if text and normalise(text) not in said and not restates(text, inputs):
            said.add(normalise(text))
            found.append(text)
    return tuple(found[:most])


def restates(step: str, inputs: Mapping[str, Any]) -> bool:
    """True for a step that only repeats a part of an input, of four words or more, or the whole of it."""
    text = normalise(step)
    said = [normalise(value) for value in inputs.values() if isinstance(value, str)]
    return text in said or (len(text.split()) >= 4 and any(text in one for one in said))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A possible next step. `finished`: the answer is known after it. `chance`: its likelihood for each token, where the model
    gives it; else its share of the samples."""

    text: str
    finished: bool
    chance: float


def merged(drawn: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any], known: Collection[str]) -> list[Proposal]:
    """Return the different next steps among samples, in order, without blank ones and those that are known already.

    Args:
        known: comparable forms of steps.
    """
    same: dict[str, list[Mapping[str, Any]]] = {}
    for one in drawn:
        same.setdefault(normalise(one[NEXT]), []).append(one)
    return [
        Proposal(group[0][NEXT].strip(), not group[0][OPEN], _chance(group[0], len(group) / len(drawn)))
        for key, group in same.items()
        if key and key not in known and not restates(group[0][NEXT], inputs)
    ]


def _chance(one: Mapping[str, Any], share: float) -> float:
    logprob = one.get(LOGPROB)
    return share if logprob is None else math.exp(logprob / one[TOKENS])


async def next_steps(
    propose: dspy.Module, asked: Mapping[str, Any], numbers: Iterable[int], temperature: float
) -> list[dspy.Prediction]:
    """Return samples of the next step, drawn together; a failed one is missing.

    Args:
        propose: a step of the signature `next_of`.
        asked: its inputs.
        numbers: tell the samples apart; number 0 is the model's own answer, at its own temperature.
        temperature: of the others.

    Raises:
        CallError: all failed.
    """

    async def one(number: int) -> dspy.Prediction:
        if number == 0:
            return await propose.acall(**asked)
        with scope.resampled(f"step{number}", temperature):
            return await propose.acall(**asked)

    return [found for found in await survivors(one(number) for number in numbers) if found is not None]
