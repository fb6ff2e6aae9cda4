"""Process-based Self-Rewarding's pairs (051; Shimao Zhang et al., 2025): at each step, the best and the worst next one.

For reasoning, where a score of a whole answer says little. Comparisons grow with the square of the candidates, and the judge
has the blind spots of the solver. No right answer is read.

1. At each step: draw `width` candidates for the next one, after the steps before.
2. Compare every two, in both orders; a verdict that changes with the order is a tie. Count the wins.
3. Most wins against fewest: a pair. Where none stands out there is no pair.
4. The best one (the first of equals) is appended. Go to 1, until nothing is left to find or after `steps` steps.

Departures: (1) four candidates by default. (2) A candidate that repeats a step or the task is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import CallError
from selftaught.programs.base import Calls
from selftaught.programs.judge.step_pairs import PREFIX, StepChoice, StepPairs, best_step
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Proposal, merged, next_steps
from selftaught.programs.search.writing import next_of
from selftaught.programs.step import Step
from selftaught.programs.synthesis.candidates import Answers, examples_of
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task


@method(51, "process-self-rewarding-pairs", family="self-training", missing="seed judgements; training")
class StepPreferences(Pipeline):
    """Pair the best with the worst next step, all along a solution.

    A row holds the task's inputs, `steps_before` (a list), `chosen` and `rejected` (steps), `wins_chosen`, `wins_rejected` and
    `margin` (their difference as a share of the comparisons that one candidate is in).

    Args:
        examples: dictionaries or examples with the task's inputs; labels are not read.
        task: what is solved.
        width: candidates for each step.
        steps: of a solution, at most.
        temperature: of the candidates but the first.
        judge: compares two next steps.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, width: int = 4, steps: int = 6,
        temperature: float = 0.7, judge: StepPairs | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        task = as_task(task)
        stage = Stepped(task, judge or StepPairs(task), at_least("width", width, 2), at_least("steps", steps, 1), temperature)
        super().__init__(examples_of(task, examples, batch), [stage])


class Stepped(Stage):
    """Goes through a solution of a row step by step; each step that stands out is a row."""

    def __init__(self, task: Task, judge: StepPairs, width: int, steps: int, temperature: float) -> None:
        super().__init__()
        self.answers, self.judge, self.name = Answers(task), judge, "step"
        self.width, self.steps, self.temperature = width, steps, temperature
        self.propose = Step(next_of(task))

    async def run(self, row: Row) -> Sequence[Out]:
        """Solve one row."""
        given, before, pairs = self.answers.given(row), list[str](), list[dict[str, Any]]()
        for _ in range(self.steps):
            try:
                found = await self.proposed(given, before)  # 1
                choice = await best_step(self.judge, given, before, [one.text for one in found]) if found else None  # 2
            except CallError:
                if not before:
                    raise
                break  # what is there is kept
            if choice is None:
                break
            best = found[choice.best or 0]
            if choice.best is not None:  # 3
                pairs.append({PREFIX: list(before), **pair_of(found, choice), **given})
            before.append(best.text)  # 4
            if best.finished:
                break
        return [row.split(number, one) for number, one in enumerate(pairs)] or [Rejected(row, self.name, "no step stands out")]

    async def proposed(self, given: dict[str, Any], before: list[str]) -> list[Proposal]:
        """Return different candidates for the next step."""
        drawn = await next_steps(self.propose, {**given, PREFIX: list(before)}, range(self.width), self.temperature)
        return merged(drawn, given, {normalise(step) for step in before})

    def cost(self) -> Calls:
        """Return the calls of one row."""
        compared = self.judge.cost_of_preference().at_most * self.width * (self.width - 1) // 2
        return Calls(self.width, self.steps * (self.width + compared))


def pair_of(found: Sequence[Proposal], choice: StepChoice) -> dict[str, Any]:
    """Return the best and the worst candidate, and how often they won."""
    best, worst = choice.best or 0, choice.worst or 0
    wins = {"wins_chosen": choice.wins[best], "wins_rejected": choice.wins[worst]}
    margin = (choice.wins[best] - choice.wins[worst]) / (len(found) - 1)
    return {"chosen": found[best].text, "rejected": found[worst].text, **wins, "margin": margin}
