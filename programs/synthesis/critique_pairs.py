"""Pairs of critiques (087; Chaszczewicz et al., 2024): good feedback is feedback whose revision the model itself would call good.

For critics of answers to people. What sounds good is rewarded: keep a person in the loop.

1. Draft, or take the answer that the row has. Where the chance that it needs no improvement is above one half, there is no pair.
2. Draw `samples` critiques; revise the draft by each, and score each revision with that chance.
3. Chosen: the critique of the highest value; rejected: of the lowest. None where all are worth the same.

Departures: (1) a reviser writes the better answer, not the critique itself. (2) Any judge can score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.critique_value import CritiqueValue, problems_of, valued_critiques
from selftaught.programs.judge.self_score import SelfScore
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Predict
from selftaught.programs.synthesis.candidates import Answers, examples_of
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, render

PERFECT = 0.5


@method(87, "critique-pairs", family="judge", missing="training")
class CritiquePairs(Pipeline):
    """Pair the critique whose revision is best with the one whose revision is worst.

    A row holds the task's inputs, `draft` (text), `chosen` and `rejected` (problems, a line each), `score_draft`, `score_chosen`,
    `score_rejected` and `margin`.

    Args:
        examples: dictionaries or examples with the task's inputs, and its outputs where they are the drafts to criticise.
        task: what is answered.
        samples: critiques of a draft.
        areas: in which an answer can be weak, see `SelfScore`.
        judge: scores answers; `SelfScore` by default, whose own step then criticises.
        critic: criticises; from the task's inputs and `draft` to `problems` and `acceptable`.
        generate: drafts, where a row has no answer; a step on the task by default.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, samples: int = 10, areas: Sequence[str] = (),
        judge: Judge | None = None, critic: dspy.Module | None = None, generate: dspy.Module | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        own = SelfScore(task, areas=areas)
        stage = Valued(
            task,
            CritiqueValue(task, judge or own),
            critic or own.assess,
            generate or Predict(task),
            at_least("samples", samples, 1),
        )
        super().__init__(examples_of(task, examples, batch), [stage])


class Valued(Stage):
    """Values critiques of a row's draft, and pairs the best with the worst."""

    def __init__(self, task: Task, value: CritiqueValue, critic: dspy.Module, generate: dspy.Module, samples: int) -> None:
        super().__init__()
        self.answers, self.value, self.critic, self.generate = Answers(task), value, critic, generate
        self.samples, self.name = samples, "value"

    async def run(self, row: Row) -> Sequence[Out]:
        """Pair critiques of one draft."""
        given = self.answers.given(row)
        draft = self.answers.labels(row) or self.answers.said(await self.generate.acall(**given))
        first = await self.value.judge.acall(**given, **draft)  # 1
        if first.score is None or first.score > PERFECT:
            return [Rejected(row, self.name, "the draft needs no improvement" if first.score else "the draft has no score")]
        found = await valued_critiques(self.value, self.critic, given, draft, self.samples)  # 2
        if found.pair is None:
            return [Rejected(row, self.name, "no critique is worth more than another")]
        known = [value for value in found.values if value is not None]
        high, low = max(known), min(known)
        texts = {name: "\n".join(problems_of(one)) for name, one in zip(("chosen", "rejected"), found.pair, strict=True)}  # 3
        scores = {"score_draft": first.score, "score_chosen": high, "score_rejected": low, "margin": high - low}
        return [
            Row({"draft": render(self.answers.outputs, draft), **texts, **scores, **given}, row.origin, row.scores, row.steps)
        ]

    def cost(self) -> Calls:
        """Return the calls of one row: fewest where the draft needs no improvement."""
        each = cost_of(self.critic) if hasattr(self.critic, "cost") else Calls(1, 1)
        return (
            cost_of(self.generate).optional() + self.value.judge.cost() + ((each + self.value.cost()) * self.samples).optional()
        )
