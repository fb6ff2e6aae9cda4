"""Preference pairs: of the answers to one input, one that is chosen and one that is rejected. The core of preference data.

For training by preferences, and for judges. What the check prefers is what is learned: its love of length, its blind spots.

1. Sample answers to each input, by one program, or by two that are set `against` each other.
2. Check each: by the label, the vote, a rubric, a judge, a metric or a function.
3. Where too few are right or wrong, try again with a hint.
4. Choose pairs, see `pair_choice.py`; drop those whose chosen answer scores below `least_score`, or that a judge does not
   confirm.
5. Weigh: all alike, by the margin of the scores, or by how divided the answers are.

Papers on this core: Self-Rewarding (170; Yuan et al., 2024) scores by an additive rubric, several times, and takes the best
and the worst. Meta-Rewarding (054; Wu et al., 2024) takes the shortest of the best and the longest of the worst; its pairs of
judgements are in `judge_pairs.py`. ScPO (080; Archiki Prasad et al., 2024) takes the most and the least voted answer, weighed
by the margin of votes. EAST (043; Wang et al., 2025) takes a right answer and the most frequent wrong one, weighed by entropy.
Self-motivated Learning (094; Yunlong Feng et al., 2024) pairs right with wrong, and asks for either where it is missing.
Qwen2.5-Math (058; Yang et al., 2024) pairs all right with all wrong of six, to train a reward model. Self-Explore's outcome
pairs (077; Hyeonbin Hwang et al., 2024) are far apart.

Departures: (1) a judgement that cannot be read is left out of the mean; an answer without any is in no pair. (2) Votes and
margins are shares of the answers that could be read. (3) 054's slack differs by round in the paper; a tenth by default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.given import texts
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rubric import Rubric
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.candidates import Answers, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.checks import Check, Checked, Verify, labelled
from selftaught.programs.synthesis.keeping import WEIGHTS, Facts, facts_of
from selftaught.programs.synthesis.pair_choice import AGAINST, CHOICES, Choose, Pair, Pool
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.second_try import SecondTry, worked
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import Task, as_task

Weighing = Literal["one", "margin", "entropy"]


@method(
    170, "self-rewarding-pairs", family="self-training", missing="new prompts; judge data from human ranks; training",
    reasoning=False,
)  # fmt: skip
@method(
    54, "meta-rewarding-pairs", family="judge", missing="training", choose="tiers", slack=0.1, samples=7, judgements=11,
    reasoning=False,
)  # fmt: skip
@method(
    80, "scpo", family="self-training", missing="new questions; training", verify="vote", samples=8, least_score=0.5,
    weigh="margin",
)  # fmt: skip
@method(
    43, "east-pairs", family="self-training", missing="training", verify="gold", choose="frequent", samples=8, weigh="entropy"
)
@method(
    94, "self-motivated-pairs", family="self-training", missing="training", verify="gold", choose="mixed", samples=8,
    hints=["answer", "counter"], most=4,
)  # fmt: skip
@method(58, "qwen25-math-pairs", family="self-training", missing="training", verify="gold", choose="mixed", samples=6)
@method(77, "self-explore-outcomes", family="self-training", missing="training", verify="gold", choose="apart", samples=16)
class PairBuilder(Pipeline):
    """Sample answers, check them, and pair a better with a worse one.

    A row holds the task's inputs, `chosen` and `rejected` (texts), `score_chosen`, `score_rejected`, `margin`, `weight`,
    `source_chosen`, `source_rejected`, `share_right` and `entropy`.

    Args:
        examples: dictionaries or examples with the task's inputs, and its outputs where they are checked by label.
        task: what is answered.
        sampler: answers; any program on the task, or several in turn. By default a step that reasons first.
        against: a program whose answers are to be rejected, for `choose="contrast"`.
        samples: answers drawn to each input; of `against`, one.
        temperature: of the samples, or several, taken in turn.
        reasoning: the default sampler reasons first.
        verify: `"rubric"`, or what `Check` takes: `"gold"`, `"vote"`, `"gold or vote"`, a judge, a metric, a function; None
            checks nothing.
        criteria: of the rubric, a sentence each.
        judgements: of an answer by the rubric, averaged.
        hints: what further tries are shown, `"counter"` among them; see `SecondTry`.
        tries: the most further tries with each hint.
        choose: which are paired, see `pair_choice.py`.
        slack: of `"tiers"`, a share of the range of scores.
        most: pairs of one input; None keeps all.
        least_score: of a chosen answer, from 0 to 1; for a vote it is its share.
        confirm: a judge that must prefer the chosen to the rejected answer.
        weigh: what `weight` comes from.
        batch: inputs a round.

    Raises:
        SettingError: a setting that is none. DataError: an example lacks what it is checked by, or what a hint shows.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *,
        sampler: dspy.Module | Sequence[dspy.Module] | None = None, against: dspy.Module | None = None, samples: int = 4,
        temperature: float | Sequence[float] = 0.7, reasoning: bool = True, verify: Verify | None = "rubric",
        criteria: Sequence[str] | None = None, judgements: int = 3, hints: str | Sequence[str] = (), tries: int = 1,
        choose: Choose = "extremes", slack: float = 0.0, most: int | None = None, least_score: float = 0.0,
        confirm: Judge | None = None, weigh: Weighing = "one", batch: int = 64,
    ) -> None:  # fmt: skip
        task, rows = as_task(task), examples_of(task, examples, batch)
        if verify == "rubric":
            verify = Rubric(task, criteria or GOOD_ANSWER, additive=True, samples=judgements, expect=False)
        check = None if verify is None else Check(task, verify)
        if hints and check is None:
            raise SettingError(f"hints={hints!r}: what is right must be known for them. Say with verify how answers are checked.")
        again = [SecondTry(task, check, hint, tries=tries) for hint in texts("hints", hints) if check is not None]
        if check is not None:
            labelled(check, rows.rows)
            worked(again, rows.rows)
        other = [Sampled(task, against, samples=1, source=AGAINST, name=AGAINST)] if against is not None else []
        paired = Paired(task, choose, slack=slack, most=most, least_score=least_score, confirm=confirm, weigh=weigh)
        super().__init__(
            rows,
            [
                Sampled(task, sampler, samples=samples, temperature=temperature, reasoning=reasoning),  # 1
                *other,
                *([Checked(check, samples + len(other))] if check is not None else []),  # 2
                *again,  # 3
                paired,  # 4, 5
            ],
        )


class Paired(Stage):
    """Turns a row with checked candidates into pairs; the arguments are those of `PairBuilder`."""

    def __init__(
        self, task: str | Task, choose: Choose = "extremes", *, slack: float = 0.0, most: int | None = None,
        least_score: float = 0.0, confirm: Judge | None = None, weigh: Weighing = "one", name: str = "pair",
    ) -> None:  # fmt: skip
        super().__init__()
        for label, value, allowed in (("choose", choose, tuple(CHOICES)), ("weigh", weigh, get_args(Weighing))):
            if value not in allowed:
                raise SettingError(f"{label}={value!r}: expected one of {', '.join(map(repr, allowed))}.")
        self.answers, self.choose, self.slack, self.name = Answers(task), choose, share("slack", slack), name
        self.most = None if most is None else at_least("most", most, 1)
        self.least_score, self.confirm, self.weigh = share("least_score", least_score), confirm, weigh

    async def run(self, row: Row) -> Sequence[Out]:
        """Pair the candidates of one row."""
        candidates = candidates_of(row)
        found = CHOICES[self.choose](Pool(self.answers, candidates, self.slack))
        if not found:
            return [Rejected(row, self.name, "no two answers of different worth")]
        found = [pair for pair in found if (pair[0].score or 0.0) >= self.least_score][: self.most]
        if not found:
            return [Rejected(row, self.name, f"the chosen answer scores below {self.least_score:g}")]
        preferred = await asyncio.gather(*(self._confirmed(row, pair) for pair in found))
        confirmed = [pair for pair, better in zip(found, preferred, strict=True) if better]
        if not confirmed:
            return [Rejected(row, self.name, "the judge does not prefer it")]
        facts = facts_of(self.answers, candidates)
        return [row.split(number, self.values(row, pair, facts)) for number, pair in enumerate(confirmed)]

    async def _confirmed(self, row: Row, pair: Pair) -> bool:
        if self.confirm is None:
            return True
        said = [{name: one.said[name] for name in self.answers.outputs} for one in pair]
        return (await self.confirm.prefer(self.answers.given(row), *said)).better == "first"

    def values(self, row: Row, pair: Pair, facts: Facts) -> dict[str, Any]:
        """Return what the row of a pair holds."""
        chosen, rejected = pair
        margin = None if chosen.score is None or rejected.score is None else chosen.score - rejected.score
        weight = {"one": 1.0, "margin": margin or 0.0, "entropy": WEIGHTS["entropy"](facts)}[self.weigh]
        texts = {"chosen": self.answers.text(chosen.said), "rejected": self.answers.text(rejected.said)}
        scores = {"score_chosen": chosen.score, "score_rejected": rejected.score, "margin": margin, "weight": weight}
        sources = {"source_chosen": chosen.source, "source_rejected": rejected.source}
        told = {"share_right": facts["share_right"], "entropy": facts["entropy"]}
        return {**texts, **scores, **sources, **told, **self.answers.given(row)}

    def cost(self) -> Calls:
        """Return the calls of one row: none without a judge that confirms."""
        return Calls(0, 0) if self.confirm is None else self.confirm.cost_of_preference().optional() * (self.most or 1)


GOOD_ANSWER = (
    "The answer is about what was asked.",
    "It covers a large part of what was asked.",
    "It settles the question in a useful way.",
    "It speaks to the person who asked, and is clear and complete.",
    "It is the work of an expert, with nothing in it that is not needed.",
)
"""Criteria of a good answer, a point each; our words for the paper's five (170)."""
