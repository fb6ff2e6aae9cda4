"""Vote with a self-check (192; Luo et al., 2023): where the vote is unsure, a critic removes answers before they are counted.

For short answers, when samples scatter. The critic is weakest where the vote is unsure, so measure it first: `diagnose`.

1. Draw the samples of a vote.
2. Where the winner's share is at least `certainty`, return it; no critic is asked.
3. Otherwise drop the samples that the critic calls wrong, and vote over the rest; over all, where none is left.

Departures: (1) certainty is the winner's share; the paper's exact statistic is not published. (2) A verdict that cannot be read
leaves its answer in, as in the paper, and is counted in `unreadable`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.normalise import answer_key
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.decline import share
from selftaught.programs.vote.verdicts import verdicts_of
from selftaught.programs.vote.ways import Ballot
from selftaught.registry import method
from selftaught.signatures import Task, output_names


@method(192, "self-check-critique", family="verify")
class SelfCheckVote(Vote):
    """Vote; where the vote is unsure, let a critic remove wrong answers first.

    The prediction also holds `checked` (the critic was asked), `kept` (answers counted) and `unreadable` (verdicts).

    Args:
        task: what to do.
        samples: answers drawn.
        temperature: of the samples.
        certainty: the winner's share, from 0 to 1, from which no critic is asked.
        generate: draws an answer; a step on the task by default.
        critic: says whether an answer is right; `Verify` by default.

    Raises:
        SettingError: a certainty outside [0, 1].
    """

    def __init__(
        self,
        task: str | Task,
        *,
        samples: int = 5,
        temperature: float = 0.7,
        certainty: float = 0.8,
        generate: dspy.Module | None = None,
        critic: Judge | None = None,
    ) -> None:
        super().__init__(task, samples=samples, temperature=temperature, generate=generate, accept=critic or Verify(task))
        self.certainty = share("certainty", certainty)

    async def accepted(self, inputs: dict[str, Any], ballots: list[Ballot]) -> tuple[list[Ballot], dict[str, Any]]:
        """Return the answers that are counted, and whether the critic was asked."""
        if self.accept is None or self._share(ballots) >= self.certainty:  # 2
            return ballots, {"checked": False, "kept": len(ballots), "unreadable": 0}
        verdicts = await verdicts_of(self.accept, inputs, [self.outputs(one.prediction) for one in ballots])  # 3
        kept = [one for one, found in zip(ballots, verdicts, strict=True) if found.passed is not False] or ballots
        return kept, {"checked": True, "kept": len(kept), "unreadable": sum(found.passed is None for found in verdicts)}

    def _share(self, ballots: list[Ballot]) -> float:
        keys = Counter(answer_key(one.prediction, output_names(self.task)) for one in ballots)
        return max(keys.values()) / len(ballots)

    def cost(self) -> Calls:
        """Return the calls of one input: no critic where the vote is sure, which a single sample always is."""
        draws = cost_of(self.generate) * self.samples
        if self.accept is None or self.samples == 1 or self.certainty == 0.0:
            return draws
        return draws + self.accept.cost_of_many(self.samples).optional()
