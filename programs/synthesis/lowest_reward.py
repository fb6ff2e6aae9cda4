"""A prompt is as good as its worst response (rejecting instruction preferences; CoT-Self-Instruct, 006, uses it).

1. Draw the responses.   2. A judge scores each.   3. The lowest score is the prompt's; best and worst response make a pair.
"""

from __future__ import annotations

from collections.abc import Sequence

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.verdicts import verdicts_of


class LowestReward(Stage):
    """Writes down `score`, that of the worst response to a row, with `chosen` and `rejected`, its best and its worst.

    Args:
        respond: `instruction` -> `output`.
        judge: scores an `output` for an `instruction`.
        samples: responses.
        temperature: of the responses.
        name: of the stage.
    """

    def __init__(
        self, respond: dspy.Module, judge: Judge, samples: int, temperature: float = 0.7, *, name: str = "rewards"
    ) -> None:
        super().__init__()
        self.respond, self.judge, self.name = respond, judge, name
        self.samples, self.temperature = at_least("samples", samples, 1), temperature

    async def run(self, row: Row) -> Sequence[Out]:
        """Score one row."""
        given = {"instruction": row["instruction"]}
        drawn = [str(one["output"]) for one in await draw(self.respond, given, self.samples, self.temperature)]  # 1
        verdicts = await verdicts_of(self.judge, given, [{"output": one} for one in drawn])  # 2
        scored = [(found.score, text) for found, text in zip(verdicts, drawn, strict=True) if found.score is not None]
        if not scored:
            return [Rejected(row, self.name, "no score")]
        worst, best = min(scored, key=lambda one: one[0]), max(scored, key=lambda one: one[0])  # 3
        pair = {"chosen": best[1], "rejected": worst[1], "score": float(worst[0])}
        return [row.with_values(**pair).scored(self.name, float(worst[0]))]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return cost_of(self.respond) * self.samples + self.judge.cost_of_many(self.samples)
