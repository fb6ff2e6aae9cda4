"""InstructZero (032; Chen et al., 2023), on texts: Bayesian optimization decides which proposed instructions are worth scoring.

For a cheap proposer and a dear or slow target: many instructions are proposed, few are scored. Where scoring is as cheap as
proposing, a race (APE) finds the same. It needs some twenty labelled examples; with fewer, scores tie and nothing is learned.

1. Propose a pool: instructions induced from sets of examples, embedded as hashed letters and words.
2. Score the first few, chosen at random, on one set of rows.
3. Fit a Gaussian process with the instruction-coupled kernel (`bayes`): instructions are near where their words are, or where they
   gave the same answers right.
4. Score the batch with the highest expected improvement; go to 3, for `rounds` rounds. With none it is random search.
5. Finals: the best meet the whole pool.

Departures: (1) no soft prompts: the paper's open model decodes points of a continuous space, here the points are the texts that
were proposed. (2) So the search over points (by CMA-ES) is a look at all of them, and the first points are random ones of the
pool, not a Sobol sequence. (3) The kernel keeps what the tried points leave open, see `bayes`. (4) The noise of a score is that of
a share of the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from selftaught.embedding import embed
from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.bayes import promising
from selftaught.optimizers.candidate import BASELINE
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.induction import Inducer
from selftaught.optimizers.strategy import Problem, Standing, Trial
from selftaught.registry import method


@method(32, "instructzero", family="instructions", missing="soft prompts")
class InstructZero(Optimizer):
    """Propose many instructions and score the promising ones.

    Args:
        metric: see `Optimizer`.
        proposals: instructions asked for.
        shown: solved examples in one set.
        first: instructions scored at random, before the first model of the scores.
        rounds: of scoring what the model finds promising; 0 is random search.
        batch: instructions scored in a round.
        rows: of the selection pool on which they are scored, the same for all.
        finalists: instructions that meet the whole pool in the end.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        proposals: int = 24,
        shown: int = 5,
        first: int = 6,
        rounds: int = 4,
        batch: int = 3,
        rows: int = 10,
        finalists: int = 2,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(proposals, shown, first, batch, rows, finalists) < 1 or rounds < 0:
            raise SettingError("proposals, shown, first, batch, rows and finalists are at least 1, and rounds at least 0.")
        self.proposals, self.shown, self.first, self.rounds = proposals, shown, first, rounds
        self.batch, self.rows, self.finalists = batch, rows, finalists

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        scored = min(self.proposals, self.first + self.rounds * self.batch)
        return scored * min(self.rows, pool) + self.finalists * pool, self.proposals

    def strategy(self, problem: Problem) -> InstructZeroStrategy:
        """Build the strategy."""
        return InstructZeroStrategy(self, problem)


class InstructZeroStrategy(Generations):
    """Proposes once; then scores in batches, and ends with the finals."""

    def __init__(self, knobs: InstructZero, problem: Problem) -> None:
        super().__init__(problem, rounds=1 + knobs.rounds, keep=knobs.finalists)
        self.knobs = knobs
        self.rows = tuple(sorted(problem.random.sample(range(problem.pool), min(knobs.rows, problem.pool))))
        wanted = knobs.first + knobs.rounds * knobs.batch
        self.left_to_score = problem.fit(wanted, len(self.rows), reserve=knobs.finalists * problem.pool)
        self.texts: list[str] | None = None
        self.points = np.zeros((0, 0))
        self.asked: list[int] = []
        self.tried: list[int] = []
        self.known: dict[int, Standing] = {}
        self.best: list[float] = []

    async def ask(self) -> list[Trial]:
        """Return the next batch on the chosen rows; in the end, the best on all rows."""
        if self.texts is None:
            self.texts = await self._pool()
        self.asked = self._next_batch() if self.round < self.rounds else []
        self.tried += self.asked
        self.round += 1
        origin = f"batch {self.round} of a search over {len(self.texts)} proposals"
        return [Trial(self.candidate(self.texts[index], origin), self.rows) for index in self.asked] or self._finals()

    async def _pool(self) -> list[str]:
        inducer = Inducer(self.problem.task, shown=self.knobs.shown)
        found = await inducer.propose(self.problem.labelled, self.knobs.proposals, self.problem.random)
        texts = [text for text, _ in found if text != self.instruction_of(BASELINE)]
        self.points = embed(texts) if texts else self.points  # 1
        return texts

    def _next_batch(self) -> list[int]:
        untried = [index for index in range(len(self.texts or ())) if index not in self.tried]
        size = min(self.knobs.batch if self.tried else self.knobs.first, self.left_to_score - len(self.tried), len(untried))
        if size < 1:
            return []
        if len(self.known) < 2:
            return self.problem.random.sample(untried, size)  # 2
        scored = list(self.known.values())
        values, scores = [one.value for one in scored], [one.scores for one in scored]
        return promising(self.points, list(self.known), values, scores, untried, size)  # 3, 4

    def _finals(self) -> list[Trial]:
        if any(one.rows == self.problem.pool for one in self.told.values()):
            return []
        return [Trial(one.candidate, tuple(range(self.problem.pool))) for one in self.parents]  # 5

    def tell(self, standings: list[Standing]) -> None:
        """Take the scores of a batch, or of the finals."""
        super().tell(standings)
        if self.asked:
            told = zip(self.asked, standings, strict=True)
            self.known |= {index: one for index, one in told if one.score is not None}
            self.best.append(max((one.value for one in self.known.values()), default=0.0))

    def reasons(self) -> list[str]:
        """Return how the best score rose."""
        if not self.best:
            return []
        steps = ", ".join(f"{value:.0%}".replace("%", " %") for value in self.best)
        return [f"{len(self.tried)} of {len(self.texts or ())} proposals were scored; the best after each batch: {steps}"]
