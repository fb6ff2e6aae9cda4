"""APE (122; Zhou et al., 2022) on instruction induction (064): propose instructions, find the best by measured score.

For a task with a handful of examples and no good instruction. A proposer that is too weak to state a rule gives nothing
to select from; the baseline and the demonstrations then still compete.

1. Propose: sets of examples, one induced instruction each; equal ones are one candidate.
2. The seeds join the pool: the program's own instruction, and the same with demonstrations.
3. Race by upper confidence bounds (`races.UpperBounds`): in each round the `per_round` candidates with the highest mean +
   c·sqrt(ln total / count) meet a new block of rows, labelled ones first; everyone is met once first.
4. Finals: the best `finalists` meet the whole pool.

Departures: (1) proposals see the trainset, scores come from other rows (the released wrapper reuses one set). (2) Scores are
only ever measured by running the program; no likelihood. (3) With `shots`, each instruction is tried together with a
set of demonstrations of its own, because small models need them. (4) No rounds of paraphrasing; the paper found them to add little.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.demos import choose
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.induction import Inducer
from selftaught.optimizers.policies import CheapFirst
from selftaught.optimizers.races import UpperBounds
from selftaught.optimizers.strategy import Problem
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
        super().__init__(metric, **{"sampling": CheapFirst(), **settings})
        if min(proposals, finalists, block, per_round) < 1 or min(rounds, shots) < 0:
            raise SettingError("proposals, finalists, block and per_round are at least 1; rounds and shots at least 0.")
        self.proposals, self.shots, self.rounds = proposals, shots, rounds
        self.per_round, self.block, self.finalists = per_round, block, finalists
        self.exploration = exploration

    def race(self) -> UpperBounds:
        """Return the race by upper confidence bounds."""
        return UpperBounds(self.rounds, self.per_round, self.block, self.finalists, self.exploration)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        met = self.block * (self.proposals + 1 + self.per_round * max(0, self.rounds - 1)) if self.rounds else 0
        return met + pool * min(self.finalists, self.proposals + 1), self.proposals

    def strategy(self, problem: Problem) -> APEStrategy:
        """Build the strategy."""
        return APEStrategy(self, problem)


class APEStrategy(Generations):
    """Proposes once; the race does the rest."""

    def __init__(self, knobs: APE, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs

    async def first(self) -> list[Candidate]:
        """Return the seeds and the induced instructions."""
        seeds = [self._candidate(None, "the baseline's instruction with demonstrations")] if self.knobs.shots else []  # 2
        found = await Inducer(self.problem.task).propose(self.problem.labelled, self.knobs.proposals, self.problem.random)  # 1
        return [*seeds, *(self._candidate(text, f"induced from examples ({count}×)") for text, count in found)]  # 3, 4

    def _candidate(self, instruction: str | None, origin: str) -> Candidate:
        problem, shots = self.problem, self.knobs.shots
        demos = tuple(choose(problem.labelled, shots, problem.task, problem.random)) if shots else None
        return self.candidate(instruction, origin, demos=demos)
