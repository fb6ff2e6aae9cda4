"""Structure search: which program, and with which knobs?

The choice between interchangeable programs and the settings of one (rounds, samples, temperature) are points of the same search
space as instructions. Few points are all raced; many are sampled by a tree-structured Parzen estimator.

1. With at most `at_most` points: race all of them, the program as it is among them.
2. Otherwise: ask the estimator for `batch` points, race them, tell it their scores, and again, for `rounds` rounds.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.sampler import TreeParzen
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.registry import method


@method(None, "structure-search", family="structure")
class StructureSearch(Optimizer):
    """Choose a program and its knobs.

    Args:
        metric: see `Optimizer`.
        at_most: points up to which all are raced.
        rounds, batch: of the sampled search beyond that.
        settings: see `Optimizer`; give `knobs`, `programs` or both, and `objectives` with `prefer` where cheaper is better too.
    """

    def __init__(self, metric: Any = None, *, at_most: int = 12, rounds: int = 4, batch: int = 4, **settings: Any) -> None:
        super().__init__(metric, **settings)
        if min(at_most, rounds, batch) < 1:
            raise SettingError("at_most, rounds and batch are at least 1.")
        if not self.knobs and not self.programs:
            raise SettingError(
                "There is nothing to choose from. Give knobs={'samples': (3, 5)}, programs={'vote': ...}, or both."
            )
        self.at_most, self.rounds, self.batch = at_most, rounds, batch

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        return pool * max(self.at_most, self.rounds * self.batch), 0

    def strategy(self, problem: Problem) -> StructureStrategy:
        """Build the strategy."""
        return StructureStrategy(self, problem)


class StructureStrategy(Generations):
    """All points at once, or some after the other."""

    def __init__(self, knobs: StructureSearch, problem: Problem) -> None:
        points = [
            Candidate({}, BASELINE.key, _said(program, chosen), program, chosen) for program, chosen in problem.space.points()
        ]
        self.points = points
        super().__init__(problem, rounds=1 if len(points) <= knobs.at_most else knobs.rounds)
        self.batch = knobs.batch
        self.sampler = TreeParzen({"point": len(points)}, problem.random.randrange(2**31)) if self.rounds > 1 else None
        self.numbers = {candidate.key: number for number, candidate in enumerate(points)}

    async def first(self) -> list[Candidate]:
        """Return all points, or the first batch."""
        return self.points if self.sampler is None else self._sampled()  # 1, 2

    async def next(self) -> list[Candidate]:
        """Return another batch of points that were not told yet."""
        return self._sampled()

    def tell(self, standings: list[Standing]) -> None:
        """Tell the sampler too."""
        super().tell(standings)
        if self.sampler is not None:
            for one in standings:
                self.sampler.tell({"point": self.numbers[one.candidate.key]}, one.score)

    def _sampled(self) -> list[Candidate]:
        assert self.sampler is not None
        drawn = [self.points[self.sampler.ask()["point"]] for _ in range(4 * self.batch)]
        fresh = {one.key: one for one in drawn if one.key not in self.told}
        return list(fresh.values())[: self.batch]


def _said(program: str | None, knobs: dict[str, Any]) -> str:
    said = ", ".join(f"{name}={value}" for name, value in knobs.items())
    return f"program {program}" if program else said or "as it is"
