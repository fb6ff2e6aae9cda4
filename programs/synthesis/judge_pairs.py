"""Meta-Rewarding's pairs of judgements (054; Wu et al., 2024): of several, the most and the least accurate.

For a judge that is to improve along with the answers. A meta-judge favours a place and high marks: watch both. The pairs of
answers are `PairBuilder`'s.

1. Answer each input `samples` times; judge each answer `judgements` times, with reasons and a score.
2. Take the answer whose scores vary the most.
3. A meta-judge compares its judgements two at a time, in both orders; strengths by Bradley and Terry's model.
4. Chosen: the strongest; rejected: the weakest. No pair where none stands out, or where the chosen one is longer than `longest`.

Departures: see `judge/meta.py`. Numbers are smaller by default: comparisons grow with the square of the judgements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import pvariance
from typing import Any

from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.meta import MetaJudge, judgement_text
from selftaught.programs.judge.rubric import Rubric
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.synthesis.candidates import Answers, Candidate, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.pairs import GOOD_ANSWER
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, Verdict, as_task, render

JUDGE_TEMPERATURE = 0.7


@method(54, "meta-rewarding-judgements", family="judge", missing="training")
class JudgementPairs(Pipeline):
    """Pair the most with the least accurate judgement of an answer.

    A row holds the task's inputs, `draft` (the answer as text), `chosen` and `rejected` (judgements as text), `score_chosen` and
    `score_rejected` (what they gave the answer), and `margin` (of their strengths).

    Args:
        examples: dictionaries or examples with the task's inputs.
        task: what is answered.
        judge: judges; an additive rubric by default.
        criteria: of the rubric.
        samples: answers to each input.
        judgements: of each answer.
        longest: characters of a chosen judgement.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, judge: Judge | None = None,
        criteria: Sequence[str] | None = None, samples: int = 3, judgements: int = 4, longest: int = 1000, batch: int = 64,
    ) -> None:  # fmt: skip
        task, stated = as_task(task), list(criteria or GOOD_ANSWER)
        judge = judge or Rubric(task, stated, additive=True, expect=False)
        meta = MetaJudge(task, rubric=" ".join(stated))
        super().__init__(
            examples_of(task, examples, batch),
            [
                Sampled(task, samples=samples, reasoning=False),  # 1
                Judgements(task, judge, meta, at_least("judgements", judgements, 2), longest, samples),  # 2, 3, 4
            ],
        )


class Judgements(Stage):
    """Judges the candidates of a row again and again, and pairs judgements of the one that is disputed most."""

    def __init__(self, task: Task, judge: Judge, meta: MetaJudge, judgements: int, longest: int, samples: int) -> None:
        super().__init__()
        self.answers, self.judge, self.meta, self.name = Answers(task), judge, meta, "judgements"
        self.judgements, self.longest, self.samples = judgements, longest, samples

    async def run(self, row: Row) -> Sequence[Out]:
        """Judge the candidates of one row."""
        candidates, given = candidates_of(row), self.answers.given(row)
        judged = await survivors(self._judged(given, one) for one in candidates)  # 1
        spread = {number: _variance(found) for number, found in enumerate(judged) if found is not None}
        disputed = max(spread, key=lambda number: spread[number])  # 2
        verdicts = judged[disputed] or []
        if not spread[disputed]:
            return [Rejected(row, self.name, "every judgement gives the same score")]
        said = candidates[disputed].said
        ranked = await self.meta.rank(given, said, [judgement_text(one) for one in verdicts])  # 3
        best, worst = ranked.order[0], ranked.order[-1]
        texts = {"chosen": judgement_text(verdicts[best]), "rejected": judgement_text(verdicts[worst])}
        margin = ranked.strengths[best] - ranked.strengths[worst]
        if not margin:
            return [Rejected(row, self.name, "no judgement stands out")]
        if len(texts["chosen"]) > self.longest:
            return [Rejected(row, self.name, "the chosen judgement is too long")]
        scores = {"score_chosen": verdicts[best].score, "score_rejected": verdicts[worst].score, "margin": margin}
        told = {"draft": render(self.answers.outputs, said), **texts, **scores}
        return [Row({**told, **given}, row.origin, row.scores, row.steps)]  # 4

    async def _judged(self, given: dict[str, Any], one: Candidate) -> list[Verdict]:
        drawn = await draw(self.judge, {**given, **one.said}, self.judgements, JUDGE_TEMPERATURE)
        return [found.verdict for found in drawn if found.verdict.score is not None]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return self.judge.cost_of_many(self.judgements) * self.samples + self.meta.cost_of_ranking(self.judgements)


def _variance(found: Sequence[Verdict]) -> float:
    return round(pvariance([one.score or 0.0 for one in found]), 12) if found else 0.0
