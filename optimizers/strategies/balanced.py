"""Balanced demonstrations (095 B-STaR; Weihao Zeng et al., 2024): bootstrap at the temperature that finds most, and mostly right ones.

Where bootstrapping from greedy answers finds too little: the program solves few of the labelled examples, or always the same.
It needs labels or a metric you trust, and costs samples at every temperature before the search begins.

1. Try the temperatures and thresholds on labelled examples, as many as a quarter of the budget pays for (`BalanceTuner`).
2. Keep what every step saw and said in the answers that the best setting keeps.
3. Race sets of demonstrations made from these, as `BootstrapDemonstrations` does.

Departures: (1) the answers become demonstrations; training on them is missing, and so are the iterations. (2) A handful of samples,
temperatures and thresholds, not 64, 15 and 201; `enough` is 1, not 8. (3) The labelled answer is not among those that are scored:
it would hide that the program finds none. (4) The reward is the metric; there is no process reward.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.balance import Balance, BalanceTuner
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.strategies.demonstrations import BootstrapDemonstrations, DemonstrationStrategy
from selftaught.optimizers.strategy import Problem
from selftaught.registry import method

SHARE = 4
"""The part of the rows that the search can pay for, one in so many, that the tuner may use."""


@method(95, "b-star", family="self-training", missing="training on the kept answers; a process reward")
class BalancedDemonstrations(BootstrapDemonstrations):
    """Bootstrap demonstrations at the temperature and threshold with the best balance, and race sets of them.

    Args:
        metric: see `Optimizer`.
        temperatures: to try.
        thresholds: to try; what scores above is kept.
        samples: answers to each example at each temperature.
        enough: right answers to one example from which more are no gain.
        settings: see `BootstrapDemonstrations`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        temperatures: tuple[float, ...] = (0.4, 0.8, 1.2),
        thresholds: tuple[float, ...] = (0.0, 0.5),
        samples: int = 3,
        enough: int = 1,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if not self.bootstrapped:
            raise SettingError("bootstrapped=0: balancing is about bootstrapped demonstrations, so at least 1.")
        self.temperatures, self.thresholds = tuple(temperatures), tuple(thresholds)
        self.samples, self.enough = samples, enough
        self.tuner()

    def tuner(self) -> BalanceTuner:
        """Return the tuner with these settings."""
        return BalanceTuner(self.temperatures, self.thresholds, samples=self.samples, enough=self.enough)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return 2 * self.block * self.sets + 2 * pool, labelled * self.tuner().calls

    def strategy(self, problem: Problem) -> BalancedStrategy:
        """Build the strategy."""
        return BalancedStrategy(self, problem)


class BalancedStrategy(DemonstrationStrategy):
    """Tunes temperature and threshold once; the race does the rest."""

    def __init__(self, knobs: BalancedDemonstrations, problem: Problem) -> None:
        super().__init__(knobs, problem)
        self.tuner = knobs.tuner()
        self.found: Balance | None = None

    async def first(self) -> list[Candidate]:
        """Return random sets of demonstrations that were bootstrapped at the best setting."""
        problem = self.problem
        inputs = problem.fit(len(problem.labelled), SHARE * self.tuner.calls)
        self.found = await self.tuner.tune(problem, problem.random.sample(problem.labelled, inputs))  # 1
        best = {id(one.example): one for one in reversed(self.found.kept)}  # of each input the first, which is the best
        return self._sets([one.demos for one in reversed(best.values())])  # 2, 3

    def reasons(self) -> list[str]:
        """Return what was found."""
        return [f"bootstrapped at {self.found}"] if self.found else []
