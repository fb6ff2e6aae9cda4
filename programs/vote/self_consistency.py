"""Self-consistency (Wang et al., 2022): sample several answers, return the most frequent.

For questions with short, comparable answers, when samples differ and errors scatter. It cannot help where the model is
wrong in the same way each time.

The algorithm is the vote core's: sampling, one vote each, exact comparison after normalisation.

Departures: (1) the samples carry no written reasoning by default; with `reasoning=True` the vote is over chains of thought, as
in the paper.
"""

from __future__ import annotations

import dspy

from selftaught.programs.vote.core import Vote
from selftaught.registry import method
from selftaught.signatures import Task


@method(None, "self-consistency", family="vote")
class SelfConsistency(Vote):
    """Sample several answers and return the most frequent.

    Args:
        task: what to do.
        samples: answers drawn.
        temperature: of the samples.
        generate: draws an answer; a step on the task by default.
        reasoning: the default step reasons first.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 5, temperature: float = 0.7, generate: dspy.Module | None = None,
        reasoning: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(task, samples=samples, temperature=temperature, generate=generate, reasoning=reasoning)
