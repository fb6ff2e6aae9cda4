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
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.normalise import answer_key
from selftaught.programs.vote.core import Vote
from selftaught.registry import method
from selftaught.signatures import Task, output_names


@dataclass(slots=True)
class _Check:
    """What the check of one vote did."""

    checked: bool = False
    kept: int = 0
    unreadable: int = 0


_check: ContextVar[_Check] = ContextVar("selftaught_self_check")


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
        if not 0.0 <= certainty <= 1.0:
            raise SettingError(f"certainty={certainty}: expected a share from 0 to 1.")
        self.certainty = certainty

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Vote on one input."""
        check = _Check()
        token = _check.set(check)
        try:
            prediction = await super().aforward(**inputs)
        finally:
            _check.reset(token)
        for name, value in asdict(check).items():
            prediction[name] = value
        return prediction

    async def _accepted(self, inputs: dict[str, Any], drawn: list[dspy.Prediction]) -> list[dspy.Prediction]:
        check = _check.get()
        check.kept = len(drawn)
        if self.accept is None or self._share(drawn) >= self.certainty:  # 2
            return drawn
        verdicts = await self._verdicts(self.accept, inputs, drawn)  # 3
        check.checked, check.unreadable = True, sum(verdict.passed is None for verdict in verdicts)
        kept = [one for one, verdict in zip(drawn, verdicts, strict=True) if verdict.passed is not False]
        check.kept = len(kept) or len(drawn)
        return kept or drawn

    def _share(self, drawn: list[dspy.Prediction]) -> float:
        keys = Counter(answer_key(one, output_names(self.task)) for one in drawn)
        return max(keys.values()) / len(drawn)

    def cost(self) -> Calls:
        """Return the calls of one input: no critic where the vote is sure, which a single sample always is."""
        draws = cost_of(self.generate) * self.samples
        if self.accept is None or self.samples == 1 or self.certainty == 0.0:
            return draws
        return draws + (cost_of(self.accept) * self.samples).optional()
