"""Nearest demonstrations: show each input the labelled examples most like it; find out how many, and whether it helps.

For a task with a few dozen labelled examples or more and inputs of several kinds. It costs no proposals. Where the inputs are
all alike, random sets do as well; then the race says so, and the shared set is cheaper to serve.

1. Candidates: the program with the k nearest examples (`NearestDemonstrations`), for each k in `shots`, the nearest last or first.
2. Controls: `sets` random sets of demonstrations, the same for all inputs, as large as the largest k.
3. Race them: all meet a block, the better half meets the next, until one block is left or one candidate.
4. Finals: the best two meet the whole pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from selftaught.embedding import Encoder
from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import BASELINE, Candidate
from selftaught.optimizers.demos import choose
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.races import Halving
from selftaught.optimizers.strategy import Problem
from selftaught.optimizers.variants import offer
from selftaught.programs.demonstrate.nearest import NearestDemonstrations, Order
from selftaught.registry import method


@method(None, "knn-demonstrations", family="demonstrations")
class KNNDemonstrations(Optimizer):
    """Race numbers and orders of nearest demonstrations against random sets.

    Args:
        metric: see `Optimizer`.
        shots: how many of the nearest are shown, the values to try.
        orders: where the nearest stands, "last" or "first", the values to try.
        sets: random sets that race along.
        block: rows of a block.
        encoder: see `selftaught.embedding`.
        settings: see `Optimizer`.
    """

    def __init__(
        self, metric: Any = None, *, shots: Sequence[int] = (4, 8), orders: Sequence[Order] = ("last", "first"), sets: int = 2,
        block: int = 5, encoder: Encoder | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(metric, **settings)
        self.shots, self.orders = tuple(dict.fromkeys(shots)), tuple(dict.fromkeys(orders))
        if not self.shots or min(self.shots) < 1 or not self.orders or {*self.orders} - {"last", "first"}:
            raise SettingError(
                f"shots={shots!r}, orders={orders!r}: expected whole numbers of at least 1, and 'last' or 'first'."
            )
        if block < 1 or sets < 0:
            raise SettingError(f"block={block}, sets={sets}: block is at least 1, sets at least 0.")
        self.sets, self.block, self.encoder = sets, block, encoder

    def search_settings(self) -> dict[str, Any]:
        """Return the settings that define the search, the encoder's name among them."""
        return {**super().search_settings(), "encoder": getattr(self.encoder, "__qualname__", type(self.encoder).__name__)}

    def race(self) -> Halving:
        """Return successive halving."""
        return Halving(self.block)

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows; there are no proposals."""
        return 2 * self.block * (len(self.shots) * len(self.orders) + self.sets) + 2 * pool, 0

    def strategy(self, problem: Problem) -> KNNStrategy:
        """Build the strategy."""
        return KNNStrategy(self, problem)


class KNNStrategy(Generations):
    """Thinks once; the race does the rest."""

    def __init__(self, knobs: KNNDemonstrations, problem: Problem) -> None:
        super().__init__(problem)
        self.knobs = knobs
        self.shown = [example for example in problem.labelled if dict(example.labels())]

    async def first(self) -> list[Candidate]:
        """Return as many candidates as can be afforded, nearest and random ones in turn."""
        if not self.shown:
            return []
        in_turn = [one for pair in zip_longest(self._nearest(), self._random()) for one in pair if one is not None]
        return in_turn[: self.problem.fit(len(in_turn), 2 * self.knobs.block, 2 * self.problem.pool)]  # 3, 4

    def _nearest(self) -> list[Candidate]:  # 1
        ways = [(shots, order) for order in self.knobs.orders for shots in sorted(self.knobs.shots, reverse=True)]
        return [self._with_nearest(shots, order) for shots, order in ways]

    def _with_nearest(self, shots: int, order: Order) -> Candidate:
        task, encoder, name = self.problem.task, self.knobs.encoder, f"nearest {shots}, {order}"
        offer(
            self.problem, name,
            lambda step: NearestDemonstrations(task, self.shown, shots=shots, order=order, generate=step, encoder=encoder),
        )  # fmt: skip
        return Candidate({}, BASELINE.key, f"the {shots} nearest examples, the nearest {order}", name)

    def _random(self) -> list[Candidate]:  # 2
        problem, most = self.problem, max(self.knobs.shots)
        sets = [choose(self.shown, most, problem.task, problem.random) for _ in range(self.knobs.sets)]
        return [self.candidate(None, f"random set {number + 1}", demos=tuple(demos)) for number, demos in enumerate(sets)]
