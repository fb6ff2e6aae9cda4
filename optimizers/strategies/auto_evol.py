"""Auto Evol-Instruct (031; Zeng et al., 2024): evolve a method from what went wrong when it was followed.

Here the method is the instruction of the program that is tuned. For a program that fails in a way that can be put into words, with a
model that can read its own failures; a very small one hardly can. More steps do not always help: the score rises and then
falls, so the method of every step has to be no worse than the one before.

1. The first method is the program's own instruction.
2. Rollout: follow the method on `batch` labelled examples, others at every step; keep the cases that came out wrong.
3. Analyse: what went wrong in these cases, and why. `revisions` times, at a temperature, so that the analyses differ.
4. Revise: for each analysis one new method that mends the failures and keeps what works. Unusable ones are left out, and
   without any the method stays and the search ends.
5. Race the revisions on the selection rows. Those that stay in to the end are compared with the method, on the rows that both met.
6. Accept the best that answers at least as often in the asked form (success), and scores at least as well (by `margin`);
   otherwise the method stays. Go to 2, `steps` times.

Departures: (1) score is the metric's; the paper rewards longer answers. (2) Every step compares on the same selection rows, so that
scores of different steps mean the same; the rollouts are on labelled examples. (3) Revisions are drawn at a temperature; at
the release's zero all of them are equal. (4) Success is that an answer could be scored; the paper looks for phrases of refusal.
(5) A batch in which nothing failed is followed by the rest of the labelled examples; if none fails, the search ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, apply
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.induction import tidy
from selftaught.optimizers.policies import AtLeastAsGood
from selftaught.optimizers.rollouts import Attempt, attempts
from selftaught.optimizers.showing import ShowingProposer
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.registry import method
from selftaught.signatures import output_names, proposal_of, render


@method(31, "auto-evol-instruct", family="instructions")
class AutoEvolInstruct(Optimizer):
    """Evolve an instruction from an analysis of the cases in which it failed.

    Args:
        metric: see `Optimizer`.
        steps: of rollout, analysis and revision.
        batch: labelled examples in a rollout.
        revisions: of the method in one step.
        margin: what a revision must gain to take the place of the method; 0 accepts equals.
        temperature: of analyses and revisions; above 0.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, steps: int = 3, batch: int = 10, revisions: int = 4,
        margin: float = 0.0, temperature: float = 0.9, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        if min(steps, batch, revisions) < 1 or temperature <= 0:
            raise SettingError(
                "steps, batch and revisions are at least 1, and the temperature is above 0, or all revisions are one."
            )
        self.steps, self.batch, self.revisions, self.temperature = steps, batch, revisions, temperature
        self.margin = margin

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls, rollouts among them."""
        return self.steps * self.revisions * pool, self.steps * (labelled + 2 * self.revisions)

    def strategy(self, problem: Problem) -> AutoEvolStrategy:
        """Build the strategy."""
        return AutoEvolStrategy(self, problem)


class AutoEvolStrategy(Generations):
    """One method at a time. `current`: how it stands."""

    def __init__(self, knobs: AutoEvolInstruct, problem: Problem) -> None:
        super().__init__(problem, rounds=1 + knobs.steps)
        self.knobs, self.current = knobs, Standing(BASELINE, None, (0.0, 1.0), 0, 0)
        self.revisions = problem.fit(knobs.revisions, knobs.steps * (problem.pool // 2 + 1))
        self.analyse = ShowingProposer(problem, ANALYSE, [SHOWN], temperature=knobs.temperature, name="analyse")
        self.revise = ShowingProposer(problem, REVISE, [SHOWN], temperature=knobs.temperature, name="revise")

    async def first(self) -> list[Candidate]:
        """Return the baseline, which was measured before: it is the first method."""
        return [BASELINE]  # 1

    async def next(self) -> list[Candidate]:
        """Return the revisions of the method that nobody has met."""
        failed = await self._failures()  # 2
        if not failed:
            return []
        given = {"current": self.instruction_of(self.current.candidate), "cases": "\n\n".join(self._case(one) for one in failed)}
        said = await self.analyse.raw([given] * self.revisions)  # 3
        analyses = [text for text in said if isinstance(text, str) and tidy(text) not in ("", *self.analyse.echoes)]
        revised = await self.revise.distinct([given | {"failures": text} for text in analyses])  # 4
        origin, parent = f"revised in step {self.round - 1}", self.current.candidate
        found = [self.candidate(text, origin, parent=parent) for text in revised if text != tidy(given["current"])]
        return [candidate for candidate in found if candidate.key not in self.told]  # 5

    def tell(self, standings: list[Standing]) -> None:
        """Take the best revision for the method, where it is accepted."""
        super().tell(standings)
        self.current = standings[0] if self.round == 1 else self._accepted(standings)  # 6

    def _accepted(self, standings: Sequence[Standing]) -> Standing:
        scored = [one for one in standings if one.score is not None]
        most = max((one.rows for one in scored), default=0)
        stayed = sorted((one for one in scored if one.rows == most), key=lambda one: -one.value)
        return next((one for one in stayed if self._accepts(one)), self.current)

    def _accepts(self, revision: Standing) -> bool:
        before, after = shared(self.current, revision)
        return answered(after) >= answered(before) and AtLeastAsGood(self.knobs.margin).accepts(before, after)

    async def _failures(self) -> list[Attempt]:
        """Follow the method on a batch, and on the rest if nothing failed there."""
        problem, batch = self.problem, self.knobs.batch
        program = apply(self.current.candidate, problem.program, problem.space.programs)
        order = problem.random.sample(problem.labelled, len(problem.labelled))
        for examples in (order[:batch], order[batch:]):
            if wrong := [one for one in await attempts(problem, program, examples) if one.wrong]:
                return wrong[:batch]
        return []

    def _case(self, attempt: Attempt) -> str:
        inputs, outputs = list(self.problem.task.input_fields), output_names(self.problem.task)
        right = render(outputs, attempt.example)
        remark = "" if right and right in attempt.feedback else attempt.feedback  # it often only says the right answer
        lines = {
            "Input": render(inputs, attempt.example), "Given answer": render(outputs, attempt.answer), "Right answer": right,
            "Remark": remark,
        }  # fmt: skip
        return "\n".join(f"{name}: {text}" for name, text in lines.items() if text)


def shared(before: Standing, after: Standing) -> tuple[Standing, Standing]:
    """Return two standings on the rows that both met."""
    rows = [row for row in after.scores if row in before.scores]
    first, second = (replace(one, scores={row: one.scores[row] for row in rows}) for one in (before, after))
    return first, second


def answered(standing: Standing) -> int:
    """Return how many of the rows could be scored."""
    return sum(score is not None for score in standing.scores.values())


GIVEN: Mapping[str, str] = {"current": "the instruction that was followed", "cases": "inputs with a wrong answer"}
ANALYSE = proposal_of(
    "Analyse",
    "Each case got a wrong answer. Compare the given answer with the right answer. Say what is wrong, and what the instruction does not say.",
    GIVEN,
    asked="failures",
    described="what goes wrong and why, in one or two sentences",
)
REVISE = proposal_of(
    "Revise",
    "Write a better instruction. It must say what was missing, so that these failures do not happen. Keep what works. Do not copy the cases.",
    {**GIVEN, "failures": "what goes wrong and why"},
)
SHOWN = dspy.Example(
    current="Write about the thing.",
    cases="Input: grass\nGiven answer: It grows in the garden.\nRight answer: green",
    failures="The answers describe the thing. The instruction does not say that only its colour is wanted.",
    instruction="Name the colour of the thing in one word.",
)
"""What an analysis and a revision look like, on a task of our own."""
