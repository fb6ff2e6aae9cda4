"""Bootstrapped demonstrations: show the program solved examples, its own where it can solve them.

The surest gain for a small model. Known from DSPy's BootstrapFewShot with random search; here under the engine's budget,
racing and confirmation.

1. Run the program on the labelled examples; where its answer is right by the metric (by the labels where a judge selects), keep
   what every step saw and said.
2. Make `sets` random sets: bootstrapped demonstrations for each step, labelled ones for the steps that give the task's outputs.
3. Race them: all meet a block, the better half meets the next, until one block is left or one set.
4. Finals: the best two meet the whole pool.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.demos import shots_of
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.races import Halving
from selftaught.optimizers.rollouts import Demos, attempts
from selftaught.optimizers.strategy import Problem
from selftaught.registry import method


@method(None, "bootstrap-demonstrations", family="demonstrations")
class BootstrapDemonstrations(Optimizer):
    """Race sets of demonstrations, bootstrapped and labelled.

    Args:
        metric: see `Optimizer`.
        shots: the most demonstrations of a step.
        bootstrapped: how many of them at most are the program's own right answers.
        sets: random sets that race.
        block: rows of a block.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, shots: int = 8, bootstrapped: int = 4, sets: int = 6, block: int = 5, **settings: Any
    ) -> None:
        super().__init__(metric, **settings)
        if min(shots, sets, block) < 1 or not 0 <= bootstrapped <= shots:
            raise SettingError("shots, sets and block are at least 1, and bootstrapped lies between 0 and shots.")
        self.shots, self.bootstrapped, self.sets, self.block = shots, bootstrapped, sets, block

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return 2 * self.block * self.sets + 2 * pool, labelled if self.bootstrapped else 0

    def strategy(self, problem: Problem) -> DemonstrationStrategy:
        """Build the strategy."""
        return DemonstrationStrategy(self, problem)


class DemonstrationStrategy(Generations):
    """Bootstraps once; the race does the rest."""

    def __init__(self, knobs: BootstrapDemonstrations, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs

    async def first(self) -> list[Candidate]:
        """Return the random sets."""
        tried = await attempts(self.problem) if self.knobs.bootstrapped else []  # 1
        return self._sets([one.demos for one in tried if one.right])  # 2, 3, 4

    def _sets(self, bootstrapped: list[Demos]) -> list[Candidate]:
        chooser, found = self.problem.random, []
        for number in range(self.knobs.sets):
            own = chooser.sample(bootstrapped, min(self.knobs.bootstrapped, len(bootstrapped))) if number else []
            names = [name for name, _ in self.problem.program.named_predictors()]
            tunings = {name: Tuning(demos=tuple(shots_of(self.problem, name, own, self.knobs.shots))) for name in names}
            origin = f"demonstration set {number + 1}" + (f", {len(own)} bootstrapped" if own else "")
            found.append(Candidate({name: one for name, one in tunings.items() if one.demos}, BASELINE.key, origin))
        return [candidate for candidate in found if candidate.tunings]
