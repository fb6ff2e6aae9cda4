"""The vote core: answer in several ways, filter, weigh, count.

1. Find the ways of answering: one, or several extra instructions or generators in turn.
2. Draw `samples` answers together; a failed one has no vote. With `early`, no more than decide the vote.
3. Drop those that the acceptance judge fails (unless it fails all).
4. Weigh each: one vote, or its judge's score. One that the judge cannot score weighs as much as the others on average.
5. Put together what says the same and add up its weights; the heaviest answer wins, the one said more often on ties, then
   the first drawn.
6. Give it, or decline where its share of the weight is below `least_share`.

Papers that are a vote over other ways, weights, filters or counts register themselves on it, or override one numbered step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.embedding import Encoder
from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.given import listed, texts
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.confidence import Confidence
from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import REASONING, reasoned
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.vote.aggregate import AGGREGATES, Aggregate, Group, Poll, groups_of, poll_of
from selftaught.programs.vote.decline import share, withheld
from selftaught.programs.vote.early import still_needed
from selftaught.programs.vote.verdicts import verdicts_of
from selftaught.programs.vote.ways import Ballot, Way, ask, ballots_in, spread, temperatures_of, turns_of, with_weights
from selftaught.signatures import Task, output_names


class Vote(Program):
    """Answer several times and return what most answers say.

    For tasks with short, comparable answers. The prediction also holds `votes` (answer -> weight), `confidence` (the
    winner's share), `drawn` (answers), `tied`, and `declined`: then the outputs are None and `withheld` holds the answer.

    Args:
        task: what to do.
        samples: answers drawn.
        temperature: of the samples, or several, taken in turn. A model's own non-zero temperature stays. A way of answering
            that is asked once answers at its own temperature.
        generate: draws an answer; a step on the task by default. Several modules, such as predictors with models of their
            own, are asked in turn.
        perspectives: extra instructions, given to the samples in turn (personas, prompts, ways of working).
        reasoning: the default step reasons first.
        accept: a judge that an answer must pass to be counted.
        weigh: a judge whose score is an answer's weight, or `"confidence"`, the model's own chance that the answer is right;
            one vote each without it.
        aggregate: what counts as the same answer, see `vote/aggregate.py`: `"exact"`, `"clustered"`, `"semantic"`; `"best"`
            returns the answer with the heaviest ballot.
        near: how much alike, from 0 to 1, answers are that say the same, for `clustered` and `semantic`.
        encoder: of `semantic`; see `selftaught.embedding`. The default knows words, not meaning. With one of your own the
            program cannot be saved.
        least_share: of the weight, from 0 to 1, below which it declines.
        early: stop drawing as soon as no further answers could change the winner; they are drawn in several rounds then.

    Raises:
        SettingError: a setting that is none, or two that exclude each other.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 5, temperature: float | Sequence[float] = 0.7,
        generate: dspy.Module | Sequence[dspy.Module] | None = None, perspectives: Sequence[str] = (), reasoning: bool = False,
        accept: Judge | None = None, weigh: Judge | Literal["confidence"] | None = None, aggregate: Aggregate = "exact",
        near: float = 0.7, encoder: Encoder | None = None, least_share: float = 0.0, early: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(task)
        if generate is not None and (perspectives or reasoning):
            raise SettingError("Give generate, or perspectives and reasoning, not both: these change the instruction of the default step.")  # fmt: skip
        if aggregate not in AGGREGATES or not (weigh in (None, "confidence") or isinstance(weigh, Judge)):
            raise SettingError(f"aggregate={aggregate!r}, weigh={weigh!r}: expected {', '.join(AGGREGATES)}; and a judge, 'confidence' or None.")  # fmt: skip
        if early and (accept is not None or weigh is not None or aggregate != "exact"):
            raise SettingError("early=True: a vote can only be decided early where every answer has one vote and is compared exactly.")  # fmt: skip
        self.samples = at_least("samples", samples, 1)
        self.temperature = temperature
        self.temperatures = temperatures_of(temperature)
        self.perspectives = tuple(texts("perspectives", perspectives))
        if generate is None or isinstance(generate, dspy.Module):
            self.generate = generate or Step(reasoned(self.task) if reasoning else self.task)
        else:
            self.generate = listed("generate", generate, dspy.Module, "modules")
        if not self.generators:
            raise SettingError("generate=[]: expected at least one module.")
        self.accept = accept
        self.weigh = Confidence(task, how="probability") if isinstance(weigh, str) else weigh
        self.aggregate, self.near, self.encoder = aggregate, share("near", near), encoder
        self.least_share, self.early = share("least_share", least_share), early

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Vote on one input."""
        ways = await self.ways(inputs)  # 1
        ballots = await self.drawn(ways)  # 2
        accepted, told = await self.accepted(inputs, ballots)  # 3
        weighed = await self.weighed(inputs, accepted)  # 4
        poll = self.counted(weighed)  # 5
        return self.given(poll, drawn=len(ballots), **told)  # 6

    @property
    def generators(self) -> list[dspy.Module]:
        """The modules that are asked."""
        return self.generate if isinstance(self.generate, list) else [self.generate]

    async def ways(self, inputs: dict[str, Any]) -> list[Way]:
        """Return the ways of answering one input."""
        several = [Way(self.generate, inputs, extra=extra) for extra in self.perspectives]
        return spread(several or [Way(one, inputs) for one in self.generators], self.samples)

    async def drawn(self, ways: Sequence[Way]) -> list[Ballot]:
        """Return the answers."""
        turns, found = turns_of(ways), list[Ballot | CallError]()
        while more := self._more(found, len(turns) - len(found)):
            found += await ask(turns[len(found) : len(found) + more], self.temperatures)
        return ballots_in(found)

    def _more(self, found: Sequence[Ballot | CallError], left: int) -> int:
        """Return how many answers to draw next: all, or as many as can decide the vote."""
        if not self.early:
            return left
        keys = [answer_key(one.prediction, output_names(self.task)) for one in found if isinstance(one, Ballot)]
        return still_needed(keys, left)

    async def accepted(self, inputs: dict[str, Any], ballots: list[Ballot]) -> tuple[list[Ballot], dict[str, Any]]:
        """Return the answers that are counted, and what else to tell."""
        if self.accept is None:
            return ballots, {}
        verdicts = await verdicts_of(self.accept, inputs, [self.outputs(one.prediction) for one in ballots])
        return [one for one, found in zip(ballots, verdicts, strict=True) if found.passed is not False] or ballots, {}

    async def weighed(self, inputs: dict[str, Any], ballots: list[Ballot]) -> list[Ballot]:
        """Return the answers with their weights."""
        if self.weigh is None:
            return ballots
        verdicts = await verdicts_of(self.weigh, inputs, [self.outputs(one.prediction) for one in ballots])
        return with_weights(ballots, [found.score for found in verdicts])

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return who wins."""
        return poll_of(groups_of(self.task, ballots, self.aggregate, self.near, self.encoder), self.rank)

    def rank(self, group: Group) -> tuple[float, ...]:
        """Return what makes an answer win, the most important first."""
        return group.weight, len(group.ballots)

    def given(self, poll: Poll, **told: Any) -> dspy.Prediction:
        """Return the winner, or decline."""
        said = poll.winner.prediction
        more = {REASONING: said[REASONING]} if REASONING in said and REASONING not in self.task.output_fields else {}
        facts = {"votes": poll.votes, "confidence": poll.confidence, "tied": poll.tied, "declined": False}
        found = self.answer(said, **more, **facts, **poll.more, **told)
        return withheld(self.task, found) if poll.unsure or poll.confidence < self.least_share else found

    def cost(self) -> Calls:
        """Return the calls of one input."""
        generators = self.generators
        return self.cost_of_votes([cost_of(generators[turn % len(generators)]) for turn in range(self.samples)])

    def cost_of_votes(self, draws: Sequence[Calls]) -> Calls:
        """Return the calls of one input, given those of each answer."""
        least = (len(draws) + 1) // 2 if self.early else len(draws)
        total = Calls(sum(one.at_least for one in draws[:least]), sum(one.at_most for one in draws))
        if self.accept is not None:
            total += self.accept.cost_of_many(len(draws))
        if self.weigh is not None:
            fewest = 1 if self.accept is not None else len(draws)
            total += Calls(self.weigh.cost_of_many(fewest).at_least, self.weigh.cost_of_many(len(draws)).at_most)
        return total
