"""What an instrument of a diagnosis finds: figures, at most one gain that decides something, and one sentence.

A gain is shown where its test (paired, two-sided, corrected for the number of gains looked at) is significant and its
interval lies above 0; it is ruled out where the whole interval lies below `MATERIAL`; else it stays undetermined, and the
sentence says how many examples would show a gain as large as the one seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from selftaught.figures import Figure
from selftaught.programs.diagnose.differences import Difference
from selftaught.signatures import Task, as_task

if TYPE_CHECKING:
    from selftaught.programs.diagnose.pool import Pool

Answer = Literal["yes", "no", "undetermined", "not measured"]
MATERIAL = 0.05
"""Gains below this share of the scale are not worth their calls; ours."""
POWER = 2.8
"""Standard errors from 0 at which a two-sided test at 5 % finds an effect in 80 % of the cases: 1.96 + 0.84."""
MOST_EXAMPLES = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """What one instrument found.

    Attributes:
        name: of the instrument.
        figures: by name, each with a 95 % interval and the number of cases behind it, or the reason why there is none.
        answer: whether it pays, or carries information; of the blind spot, whether there is one. Undetermined where the
            intervals do not tell, not measured where there are no data for it.
        decision: what follows from it, in one printed sentence with its numbers.
        gain: the paired gain that decides, None for parts that weigh no gain.
        needed: examples that would show a gain as large as the one seen; None where none is known.
        counts: whole numbers behind the figures, and how they were got.
    """

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    answer: Answer = "undetermined"
    decision: str = ""
    gain: Difference | None = None
    needed: int | None = None
    counts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "name": self.name, "answer": self.answer, "decision": self.decision,
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "gain": self.gain.to_dict() if self.gain else None, "needed": self.needed, "counts": self.counts,
        }  # fmt: skip


class Instrument:
    """Base of instruments: each measures one thing on the pool of samples.

    Args:
        task: what the answers are answers to.
    """

    name: str = ""
    judges: bool = False
    """Whether it reads the judge's verdicts on the samples."""

    def __init__(self, task: str | Task) -> None:
        self.task = as_task(task)

    async def measure(self, pool: Pool) -> Part:
        """Return the figures, and the gain where there is one."""
        raise NotImplementedError

    def conclude(self, found: Part) -> Part:
        """Return the same with answer and sentence, once the gain is corrected."""
        raise NotImplementedError


def examples_needed(before: Sequence[float], after: Sequence[float]) -> int | None:
    """Return how many examples would show a difference as large as the one seen in 80 % of the cases; None for none."""
    moves = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    if len(moves) < 2 or abs(mean := float(moves.mean())) < 1e-9:
        return None
    count = max(len(moves) + 1, math.ceil((POWER * float(moves.std(ddof=1)) / mean) ** 2))
    return count if count <= MOST_EXAMPLES else None


def shown(gain: Difference | None) -> int:
    """Return 1 where a gain is shown, -1 where a loss is, else 0."""
    return 0 if gain is None else int(gain.better) - int(gain.worse)


def answer_of(gain: Difference | None) -> Answer:
    """Return whether a gain is shown, ruled out, or neither."""
    if gain is None or gain.value is None:
        return "undetermined"
    if shown(gain) > 0:
        return "yes"
    return "no" if shown(gain) < 0 or gain.interval[1] < MATERIAL else "undetermined"


def sentence(found: Part, *, yes: str, harms: str, no: str, unclear: str) -> str:
    """Return the one of four sentences that the gain of a part bears."""
    answer = answer_of(found.gain)
    if answer == "yes":
        return yes
    if shown(found.gain) < 0:
        return harms
    return no if answer == "no" else f"{unclear}{how_many(found)}."


def how_many(found: Part) -> str:
    """Say how many examples it would take."""
    if found.needed is None:
        return ""
    return f"; about {found.needed} examples would show a difference as large as the one seen"


def percent(figure: Figure) -> str:
    """Return a share as a person reads it: `62 % (51 to 72, n=80)`."""
    if figure.value is None or figure.interval is None:
        return f"undetermined ({figure.why})"
    low, high = figure.interval
    return f"{figure.value * 100:.0f} % ({low * 100:.0f} to {high * 100:.0f}, n={figure.n})"
