"""Self-Explore's step pairs (077; Hyeonbin Hwang et al., 2024): the first fatal step of a wrong solution, and a better one.

For tasks with right answers and no labels of steps. Where the pit is depends on how strong the model is and how often it tries:
few tries on a hard task give false pits, and a lucky answer hides one.

1. Sample solutions as steps and an answer. Pair each right one with the wrong one that is farthest from it, each wrong one once.
2. Of each wrong one, for step 1, 2, ...: complete it `tries` times after that step. The first step after which none is right is
   the pit. Without a pit there is no row.
3. The row: the steps before the pit, the pit as what is rejected, and as what is chosen the shortest right completion after the
   steps before it that has not been used and does not take the step; for a pit at the first step, the right solution.

Departures: (1) at most nine steps a solution, each a field of its own, in place of cutting texts. (2) Fewer samples by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import CallError
from selftaught.programs.base import Calls, Program
from selftaught.programs.judge.step_pairs import PREFIX
from selftaught.programs.normalise import normalise
from selftaught.programs.reason import REASONING
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.search.chain import written
from selftaught.programs.search.writing import MORE, MOST_STEPS, rest_of
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, Candidate, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, Verify, labelled
from selftaught.programs.synthesis.pair_choice import CHOICES, Pair, Pool
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task


class Stepwise(Program):
    """Write the steps and the answer in one call; the prediction's `reasoning` holds the steps, a line each.

    Args:
        task: what to do.
    """

    def __init__(self, task: str | Task) -> None:
        super().__init__(task)
        self.write = Step(rest_of(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        return self.told(inputs, (), await self.write.acall(**inputs, **{PREFIX: []}))

    async def completed(
        self, inputs: dict[str, Any], before: Sequence[str], tries: int, temperature: float
    ) -> list[dspy.Prediction]:
        """Return completions of these steps; none where every try failed."""
        try:
            drawn = await draw(self.write, {**inputs, PREFIX: list(before)}, tries, temperature)
        except CallError:
            return []
        return [self.told(inputs, before, one) for one in drawn]

    def told(self, inputs: dict[str, Any], before: Sequence[str], found: dspy.Prediction) -> dspy.Prediction:
        """Return the steps after those before, and the answer."""
        steps = [" ".join(step.split()) for step in written(found[MORE], inputs, before)]
        return self.answer(found, **{REASONING: "\n".join(steps)})

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


@method(77, "self-explore-pairs", family="self-training", missing="training")
class FirstPitPairs(Pipeline):
    """Pair the first fatal step of wrong solutions with a way that leads to the right answer.

    A row holds the task's inputs, `steps_before` (a list), `chosen` and `rejected` (texts), and `pit` (the place of the
    rejected step, from 0 on).

    Args:
        examples: dictionaries or examples with the task's inputs and outputs.
        task: what is solved.
        samples: solutions of each input.
        tries: completions after each step.
        temperature: of solutions and completions.
        verify: says which answers are right, see `Check`.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, samples: int = 16, tries: int = 4,
        temperature: float = 0.7, verify: Verify = GOLD, batch: int = 64,
    ) -> None:  # fmt: skip
        task, rows = as_task(task), examples_of(task, examples, batch)
        check, stepwise = Check(task, verify), Stepwise(task)
        labelled(check, rows.rows)
        super().__init__(
            rows,
            [
                Sampled(task, stepwise, samples=samples, temperature=temperature),  # 1
                Checked(check, samples),
                Explored(stepwise, check, tries=tries, temperature=temperature, samples=samples),  # 2, 3
            ],
        )


class Explored(Stage):
    """Finds the pits of a row's wrong candidates, and the ways around them."""

    def __init__(self, stepwise: Stepwise, check: Check, *, tries: int, temperature: float, samples: int) -> None:
        super().__init__()
        self.answers, self.stepwise, self.check, self.name = Answers(stepwise.task), stepwise, check, "explore"
        self.tries, self.temperature, self.samples = at_least("tries", tries, 1), temperature, samples

    async def run(self, row: Row) -> Sequence[Out]:
        """Explore the wrong candidates of one row, one after another: what was chosen once is not chosen again."""
        pairs = CHOICES["apart"](Pool(self.answers, candidates_of(row)))
        used: set[str] = set()
        made = [found for pair in pairs if (found := await self.pit(row, pair, used)) is not None]
        if not made:
            return [Rejected(row, self.name, "no pit with a way around it" if pairs else "no right and wrong solution")]
        given = self.answers.given(row)
        return [row.split(number, {**one, **given}) for number, one in enumerate(made)]

    async def pit(self, row: Row, pair: Pair, used: set[str]) -> dict[str, Any] | None:
        """Return what the row of a wrong candidate holds; None without a pit, or without a way around it."""
        right, wrong = pair
        steps, saved = str(wrong.said[REASONING]).splitlines(), [right]
        for at, step in enumerate(steps):  # 2
            found = await self.stepwise.completed(self.answers.given(row), steps[: at + 1], self.tries, self.temperature)
            reached = await self.check.checked(row, [Candidate(self.answers.said(one)) for one in found])
            if found and not any(one.right for one in reached):
                around = self._around(saved, step, used)  # 3
                if around is None:
                    return None
                used.add(around)
                return {PREFIX: steps[:at], "chosen": around, "rejected": step, "pit": at}
            saved = [one for one in reached if one.right] or saved
        return None

    def _around(self, saved: Sequence[Candidate], step: str, used: set[str]) -> str | None:
        texts = [
            self.answers.text(one.said)
            for one in saved
            if normalise(step) not in map(normalise, str(one.said[REASONING]).splitlines())
        ]
        return min((text for text in texts if text not in used), key=len, default=None)

    def cost(self) -> Calls:
        """Return the calls of one row: none where all or no solutions are right."""
        step = Calls(0, self.tries) + self.check.cost_of_many(self.tries).optional()
        return step * (MOST_STEPS * (self.samples // 2))
