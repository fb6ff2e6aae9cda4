"""Self-improving transformers (061; Lee et al., 2025): labels at the easy end only, and on from there, a level at a time.

For tasks with a dial of difficulty, such as digits or hops, where the model gets a little beyond what it was shown. Mistakes that
pass the filter are shown on the next level, and snowball.

1. Examples up to some difficulty have their answers. The others have none; labels on them are not read.
2. A round is a level: the inputs of the next higher difficulty. Each is answered `samples` times, each time with other worked
   examples: those given, and what was kept on the levels before.
3. Keep the answer that most say, where its share is at least `least_share`; drop answers that are shorter than the longest of
   the level by `short_by` characters or more.
4. Stop when a level kept less than the share `floor` of its inputs; else go to 2.

Departures: (1) the paper trains a model on what was kept; here it becomes worked examples, in place of five models other draws of
them. (2) Lengths are in characters.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import DataError
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import OWN, Answers, Candidate, Sampled, examples_of, with_candidates
from selftaught.programs.synthesis.checks import VOTE, Check, Checked
from selftaught.programs.synthesis.keeping import Kept
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Gate, Out, Source
from selftaught.programs.vote.decline import share
from selftaught.programs.vote.ways import Way, ask, ballots_in, turns_of
from selftaught.registry import method
from selftaught.signatures import Task, as_task

LEVEL, SHOWN = "difficulty", "shown"


@method(61, "self-improving-transformers", family="curriculum", missing="training")
class EasyToHard(Pipeline):
    """Label harder and harder inputs with a model that is shown the easier ones.

    A row holds what `SampleVerifyKeep` says, and `difficulty`; `share` is the agreement.

    Args:
        examples: dictionaries with the task's inputs and `difficulty`, a number; the easiest with their answers too.
        task: what is answered.
        samples: answers to each input.
        shots: worked examples shown to each.
        least_share: of the answers, that must be the same.
        short_by: characters; None keeps answers of every length.
        floor: share of a level's inputs below which it is the last one.
        up_to: the difficulty up to which answers are read; by default the highest at which an example has one.
        sampler: a step or predictor, which is given the worked examples as demonstrations.

    Raises:
        DataError: an example without difficulty, or none with an answer.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, samples: int = 5, shots: int = 4,
        least_share: float = 0.7, short_by: int | None = None, floor: float = 0.1, up_to: float | None = None,
        sampler: dspy.Predict | None = None,
    ) -> None:  # fmt: skip
        task = as_task(task)
        filters: list[Gate] = [] if short_by is None else [LongEnough(task, at_least("short_by", short_by, 1))]
        super().__init__(
            Levels(examples, task, samples=samples, shots=shots, floor=floor, up_to=up_to),  # 1, 4
            [
                Shown(task, sampler or Step(task), samples=samples),  # 2
                Checked(Check(task, VOTE), samples),
                Kept(task, most=1, least_share=least_share, carry=(LEVEL,)),  # 3
                *filters,
            ],
        )


class Levels(Source):
    """Begins the inputs of the next difficulty, each with the worked examples that its samples are shown."""

    name, learns = "level", True

    def __init__(
        self,
        examples: Sequence[Mapping[str, Any]],
        task: Task,
        *,
        samples: int,
        shots: int,
        floor: float,
        up_to: float | None = None,
    ) -> None:
        self.answers, rows = Answers(task), examples_of(task, examples, 1).rows
        for number, row in enumerate(rows):
            if not isinstance(row.get(LEVEL), int | float):
                raise DataError(f"examples[{number}] has no number as its {LEVEL!r}: {row.get(LEVEL)!r}.")
        solved = [row for row in rows if self.answers.labels(Row(row)) is not None and (up_to is None or row[LEVEL] <= up_to)]
        if not solved:
            raise DataError(f"No example has an answer: the easiest ones need {self.answers.outputs}.")
        easy = max(row[LEVEL] for row in solved)
        hard = sorted({row[LEVEL] for row in rows if row[LEVEL] > easy})
        self.solved = [{**self.answers.given(Row(row)), **self.answers.said(row)} for row in solved]
        self.levels = [[row for row in rows if row[LEVEL] == level] for level in hard]
        self.samples, self.shots, self.floor = at_least("samples", samples, 1), at_least("shots", shots, 0), share("floor", floor)

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Begin a level, unless the one before it kept too little."""
        if number >= len(self.levels) or (number and self._kept(number - 1, accepted) < self.floor):
            return None
        names = [*self.answers.inputs, *self.answers.outputs]
        pool = [*self.solved, *({name: row[name] for name in names} for row in accepted)]
        rows = []
        for place, one in enumerate(self.levels[number]):
            draws = random.Random(f"{seed} {number} {place}")
            shown = [draws.sample(pool, min(self.shots, len(pool))) for _ in range(self.samples)]
            rows.append(
                Row({**self.answers.given(Row(one)), LEVEL: one[LEVEL], SHOWN: shown}, Origin(self.name, number, (place,)))
            )
        return rows

    def _kept(self, number: int, accepted: Sequence[Row]) -> float:
        return sum(row.origin.round == number for row in accepted) / len(self.levels[number])

    def total(self) -> int:
        """Return how many inputs there are beyond the easy end."""
        return sum(map(len, self.levels))


class Shown(Sampled):
    """Draws a candidate with each of the row's sets of worked examples."""

    async def run(self, row: Row) -> Sequence[Out]:
        """Answer one input; each set is asked once, at the sampler's own temperature."""
        given = self.answers.given(row)
        ways = [Way(self.samplers[0], {**given, "demos": [dspy.Example(**one) for one in shots]}) for shots in row[SHOWN]]
        drawn = ballots_in(await ask(turns_of(ways), self.temperatures))
        return [with_candidates(row.without(SHOWN), [Candidate(self.answers.said(one.prediction), OWN) for one in drawn])]


class LongEnough(Gate):
    """Lets answers through that are hardly shorter than the longest of the round: those that stop early are often incomplete.

    Args:
        task: whose answers they are.
        short_by: characters, from which an answer is too short.
    """

    def __init__(self, task: Task, short_by: int) -> None:
        self.answers, self.short_by, self.name = Answers(task), short_by, "length"

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Compare the answers of a round with the longest."""
        sizes = [len("".join(str(row[name]) for name in self.answers.outputs)) for row in rows]
        return ["shorter than the others" if max(sizes) - size >= self.short_by else "" for size in sizes]

    def admit(self, row: Row) -> str:
        """Admit a row that was compared before."""
        return ""
