"""Controls at equal calls: what the same money buys without the method (158, 153).

A program that answers in several calls is better than one call for two reasons: its method, or simply more tries. So each
is set against the same first step, given as many calls as the program took on that very example (never more, where one
answer of the first step takes several):

- `vote`: sample that many answers and return the most frequent (resampling and voting);
- `retry`: revise as often, told only that it can be better (no reflection, no critique).

Programs that already are votes or best-of, or take one call, have no such controls: they are the control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dspy

from selftaught.programs.base import cost_of
from selftaught.programs.refine.core import Refine
from selftaught.programs.vote.core import Vote

Build = Callable[[int], dspy.Module]
SEPARATOR = " ~ "


@dataclass(frozen=True)
class Control:
    """A control of one program. `build(calls)`: the program that takes this many calls."""

    name: str
    of: str
    build: Build


def controls_for(programs: Mapping[str, dspy.Module]) -> list[Control]:
    """Return the controls of every program that refines or reflects."""
    found = []
    for name, program in programs.items():
        if isinstance(program, Refine):
            found += [Control(f"{name}{SEPARATOR}vote", name, _voting(program)), Control(f"{name}{SEPARATOR}retry", name, _retrying(program))]  # fmt: skip
    return found


def _voting(program: Refine) -> Build:
    each = max(1, cost_of(program.generate).at_most)
    return lambda calls: Vote(program.task, samples=max(calls // each, 1), generate=program.generate)


def _retrying(program: Refine) -> Build:
    first = max(1, cost_of(program.generate).at_most)
    return lambda calls: Refine(
        program.task, rounds=max(calls - first, 0), generate=program.generate, feedback="generic", select="last"
    )
