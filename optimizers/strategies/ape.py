"""APE (122; Zhou et al., 2022) on instruction induction (064): propose instructions, find the best by measured score.

For a task with a handful of examples and no good instruction. A proposer that is too weak to state a rule gives nothing
to select from; the baseline and the demonstrations then still compete.

1. Propose: sets of examples, one induced instruction each; equal ones are one candidate.
2. The seeds join the pool: the program's own instruction, and the same with demonstrations.
3. Race by upper confidence bounds: in each round the `per_round` candidates with the highest mean + c·sqrt(ln total / count)
   meet a new block of rows, labelled ones first; everyone is met once first.
4. Finals: the best `finalists` meet the whole pool.

Departures: (1) proposals see the trainset, scores come from other rows (the released wrapper reuses one set). (2) Scores are
only ever measured by running the program; no likelihood. (3) With `shots`, each instruction is tried together with a
set of demonstrations of its own, because small models need them. (4) No rounds of paraphrasing; the paper found them to add little.
"""

from __future__ import annotations

import math
from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import choose
from selftaught.optimizers.induction import Inducer
from selftaught.optimizers.strategy import Problem, Standing, Trial
from selftaught.registry import method


@method(64, "instruction-induction", family="instructions", shots=0, rounds=0, finalists=100)
@method(122, "ape", family="instructions")
class APE(Optimizer):
    """Propose instructions from examples and find the best by measured score.

    Args:
        metric: see `Optimizer`.
        proposals: instructions asked for.
        shots: demonstrations that go with each instruction; 0 for instructions alone.
        rounds: of the race; 0 goes to the finals at once.
        per_round: candidates that meet a block in a round.
        block: rows of a block.
        finalists: candidates that meet the whole pool.
        exploration: the constant c of the bound.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        proposals: int = 12,
        shots: int = 0,
        rounds: int = 3,
        per_round: int = 4,
        block: int = 5,
        finalists: int = 2,
        exploration: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(proposals, finalists, block, per_round) < 1 or min(rounds, shots) < 0:
            raise SettingError("proposals, finalists, block and per_round are at least 1; rounds and shots at least 0.")
        self.proposals, self.shots, self.rounds = proposals, shots, rounds
        self.per_round, self.block, self.finalists = per_round, block, finalists
        self.exploration = exploration

    def strategy(self, problem: Problem) -> APEStrategy:
        """Build the strategy."""
        return APEStrategy(self, problem)


class APEStrategy:
    """The race of instructions."""

    def __init__(self, knobs: APE, problem: Problem) -> None:
        self.knobs, self.problem = knobs, problem
        self.pool: list[Candidate] = []
        self.standings: dict[str, Standing] = {}
        self.round = 0
        self.order = problem.random.sample(range(problem.pool), problem.pool)
        self.order.sort(key=lambda row: row not in problem.cheap)  # stable: labelled rows, which cost one call each, come first

    async def ask(self) -> list[Trial]:
        """Propose first; then races, then the finals."""
        if not self.pool:
            self.pool = await self._propose()  # 1, 2
        self.round += 1
        if self.round <= self.knobs.rounds and len(self.pool) > self.knobs.finalists:
            return [Trial(candidate, self._block(candidate)) for candidate in self._promising() if self._block(candidate)]  # 3
        if self.round <= self.knobs.rounds + 1:
            self.round = self.knobs.rounds + 1
            return [Trial(candidate, tuple(range(self.problem.pool))) for candidate in self._best()]  # 4
        return []

    def tell(self, standings: list[Standing]) -> None:
        """Remember how the candidates stand."""
        self.standings.update({one.candidate.key: one for one in standings})

    async def _propose(self) -> list[Candidate]:
        chooser, examples = self.problem.random, self.problem.labelled
        seeds = [self._candidate(None, "the baseline's instruction with demonstrations")] if self.knobs.shots else []
        found = await Inducer(self.problem.task).propose(examples, self.knobs.proposals, chooser)
        induced = [self._candidate(text, f"induced from examples ({count}×)") for text, count in found]
        distinct = {candidate.key: candidate for candidate in (*seeds, *induced)}
        return list(distinct.values())

    def _candidate(self, instruction: str | None, origin: str) -> Candidate:
        knobs, problem = self.knobs, self.problem
        demos = tuple(choose(problem.labelled, knobs.shots, problem.task, problem.random)) if knobs.shots else None
        tuning = Tuning(instruction, demos)
        return Candidate(dict.fromkeys(self.problem.targets, tuning), BASELINE.key, origin)

    def _promising(self) -> list[Candidate]:
        trials = sum(one.rows for one in self.standings.values()) or 1
        return sorted(self.pool, key=lambda candidate: -self._bound(candidate, trials))[
            : self.knobs.per_round if self.standings else len(self.pool)
        ]

    def _bound(self, candidate: Candidate, trials: int) -> float:
        standing = self.standings.get(candidate.key)
        if standing is None or not standing.rows:
            return math.inf
        return (standing.score or 0.0) + self.knobs.exploration * math.sqrt(math.log(trials) / standing.rows)

    def _block(self, candidate: Candidate) -> tuple[int, ...]:
        met = self.standings[candidate.key].rows if candidate.key in self.standings else 0
        return tuple(sorted(self.order[met : met + self.knobs.block]))

    def _best(self) -> list[Candidate]:
        def score(candidate: Candidate) -> float:
            standing = self.standings.get(candidate.key)
            return standing.score if standing is not None and standing.score is not None else -1.0

        return sorted(self.pool, key=lambda candidate: -score(candidate))[: self.knobs.finalists]
