"""Teaching as a test (194, M1; Ning, Wang, Li, Lin et al., 2024): the answer whose reasoning teaches best weighs most.

For problems that cannot be checked, when a few solved ones of the same kind are at hand. The exam measures whether a reasoning
can be followed, not whether it is true, and it takes many calls.

1. The teacher draws `samples` answers with their reasoning.
2. The exam: the `exam` solved problems most like this one, never the problem itself.
3. For each answer a student sees this problem with that reasoning as its last example, and sits the exam, `repeats` times.
4. An answer weighs what its student got right; calls that fail do not count. The labels are used for nothing else.
5. Add up the weights of equal answers (`select="sum"`), or take the best teacher's answer (`"max"`); the more frequent
   answer wins ties.

Departures: (1) fewer samples, and one repetition at the student's own temperature. (2) Nearness is by the project's embedding.
(3) With a single answer, or no other problem, there is no exam.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught.embedding import Encoder
from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.demonstrate.nearest import Neighbours, plain_examples
from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import reasoned
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.step import Step
from selftaught.programs.vote.aggregate import Poll
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.ways import Ballot, with_weights
from selftaught.registry import method
from selftaught.signatures import Task, input_names, output_names


@method(194, "learning-by-teaching-vote", family="vote", missing="M2 (preference data)")
class TeachingVote(Vote):
    """Weigh each answer by how well its reasoning teaches similar problems.

    The prediction also holds `taught`, the share of the exam that each answer's student got right. With an encoder of your own
    it cannot be saved.

    Args:
        task: what to do.
        examples: solved problems, as `dspy.Example` or dictionaries.
        samples: answers drawn.
        exam: problems in an exam.
        repeats: how often each student sits it.
        select: `"sum"` adds up the weights of equal answers, `"max"` takes the best teacher's.
        temperature: of the teacher's samples, and of repeated exams.
        student: the predictor that sits the exams; a step that reasons first by default. `student.set_lm` gives it a model.
        encoder: see `selftaught.embedding`.

    Raises:
        SettingError: no example, one that lacks a field, or a setting that is none.
    """

    def __init__(
        self, task: str | Task, examples: Sequence[Mapping[str, Any]], *, samples: int = 4, exam: int = 3, repeats: int = 1,
        select: Literal["sum", "max"] = "sum", temperature: float = 0.7, student: dspy.Predict | None = None,
        encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        if select not in ("sum", "max"):
            raise SettingError(f"select={select!r}: expected 'sum' or 'max'.")
        if student is not None and not isinstance(student, dspy.Predict):
            raise SettingError(f"student={student!r}: expected a predictor, since it is given demonstrations.")
        aggregate: Literal["exact", "best"] = "exact" if select == "sum" else "best"
        super().__init__(task, samples=samples, temperature=temperature, reasoning=True, aggregate=aggregate)
        self.exam, self.repeats = at_least("exam", exam, 1), at_least("repeats", repeats, 1)
        self.student = student or Step(reasoned(self.task))
        self.neighbours = Neighbours(self.task, plain_examples(self.task, examples), encoder)
        self.arguments.values["examples"] = self.neighbours.examples  # plain data, so that an artifact can hold them

    async def weighed(self, inputs: dict[str, Any], ballots: list[Ballot]) -> list[Ballot]:
        """Return the answers, each with the share of the exam that its student got right."""
        if len(ballots) == 1:
            return ballots
        questions = [self.neighbours.examples[number] for number in self.neighbours.nearest(inputs, self.exam)]  # 2
        return with_weights(ballots, await asyncio.gather(*(self._taught(inputs, one, questions) for one in ballots)))  # 4

    async def _taught(self, inputs: dict[str, Any], ballot: Ballot, questions: Sequence[dict[str, Any]]) -> float | None:
        """Return the share of right answers of one student; None where it gave none."""
        fields = self.student.signature.output_fields
        lesson = dspy.Example(**inputs, **{name: ballot.prediction[name] for name in fields if name in ballot.prediction})
        demos = [*self.student.demos, lesson]
        sat = await asyncio.gather(*(self._sit(question, demos) for question in questions))  # 3
        right = [mark for marks in sat for mark in marks]
        return sum(right) / len(right) if right else None

    async def _sit(self, question: dict[str, Any], demos: list[dspy.Example]) -> list[bool]:
        asked = {name: question[name] for name in input_names(self.task)}
        try:
            said = await draw(
                self.student, {**asked, "demos": demos}, self.repeats, self.temperatures[0], own_first=self.repeats == 1
            )
        except CallError:
            return []
        names = [name for name in output_names(self.task) if name in question]
        return [answer_key(one, names) == answer_key(question, names) for one in said]

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return who wins, and how well each answer taught."""
        poll = super().counted(ballots)  # 5
        poll.more["taught"] = [ballot.weight for ballot in ballots]
        return poll

    def cost(self) -> Calls:
        """Return the calls of one input; the problem itself, where it is among the examples, is not in the exam."""
        draws = cost_of(self.generate) * self.samples
        if self.samples == 1:
            return draws
        examples, names = self.neighbours.examples, input_names(self.task)
        others = len({answer_key(one, names) for one in examples}) - 1
        exam = Calls(min(self.exam, others), min(self.exam, len(examples)))
        return draws + exam * (self.repeats * self.samples)
