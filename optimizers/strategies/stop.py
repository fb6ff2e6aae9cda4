"""STOP, the self-taught optimizer (114; Zelikman et al., 2023): an improver that improves itself.

For when the way of improving is in question too, and a strong model is at hand. With weak models the paper's improver got worse
from recursion to recursion; here it then simply stays what it was, and the calls are spent. What is improved is easily
overfitted to one task.

1. The seed improver rewrites the program's instruction `samples` times, `repetitions` times over; the best of each repetition
   counts, and the mean of these gains is its utility.
2. Recursion: the improver in force rewrites its own text, `variants` times; each variant is measured as in 1.
3. The best variant is in force next, unless the old one is at least as good, or no variant made anything.
4. After `recursions` the best instruction that any improver made is the winner; `reasons` names the improver.

The algorithm is that of `ImproverSearch`. With `recursions=0` it returns what the seed improver makes.

Departures: (1) an improver is a text, not source code, so nothing is executed and no candidate can reach its score. (2) The one in
force keeps its place on ties (`keep_incumbent=True`); the release lets it get worse. (3) The improver sees what it made and what
that gained, not the source of its utility. (4) An improver that makes nothing has no utility, rather than 0.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.improver import Improver, ImproverSearch
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.registry import method


@method(114, "stop", family="search", missing="improvers that are program code, run in the sandbox")
class STOP(Optimizer):
    """Let an improver of instructions improve itself.

    Args:
        metric: see `Optimizer`.
        recursions: how often the improver rewrites itself; 0 leaves it as it is.
        variants: of itself in one recursion.
        samples: instructions of which the best counts.
        repetitions: over which the utility is averaged.
        keep_incumbent: only a better variant takes the place of the improver in force; False takes the best variant anyway.
        improver: the seed, in words that say how to rewrite a text.
        temperature: of all rewriting.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        recursions: int = 2,
        variants: int = 2,
        samples: int = 3,
        repetitions: int = 1,
        keep_incumbent: bool = True,
        improver: str = "",
        temperature: float = 0.7,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(variants, samples, repetitions) < 1 or recursions < 0 or temperature <= 0:
            raise SettingError(
                "variants, samples and repetitions are at least 1, recursions at least 0, and the temperature is above 0."
            )
        self.recursions, self.variants, self.samples, self.repetitions = recursions, variants, samples, repetitions
        self.keep_incumbent, self.temperature = keep_incumbent, temperature
        self.improver = improver.strip() or REWRITE_THE_TEXT

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        made = self.samples * self.repetitions * (1 + self.recursions * self.variants)
        return made * pool, made + self.recursions * self.variants

    def strategy(self, problem: Problem) -> STOPStrategy:
        """Build the strategy."""
        return STOPStrategy(self, problem)


class STOPStrategy(ImproverSearch):
    """One improver, always measured on the program's own instruction."""

    def __init__(self, knobs: STOP, problem: Problem) -> None:
        each = problem.pool // 2 + 1  # rows that an instruction meets in a race, more or less
        samples = problem.fit(knobs.samples, knobs.repetitions * each)
        measuring = samples * knobs.repetitions * each
        self.repetitions = knobs.repetitions
        self.variants = problem.fit(knobs.variants, measuring * max(1, knobs.recursions), reserve=measuring)
        super().__init__(
            problem, [knobs.improver], rounds=knobs.recursions, samples=samples,
            keep_incumbent=knobs.keep_incumbent, temperature=knobs.temperature,
        )  # fmt: skip

    def sources(self) -> list[Standing]:
        """Return the program's instruction, once for each repetition."""
        return [self.baseline] * self.repetitions  # 1

    def parents_of_improvers(self) -> list[Improver]:
        """Return the improver in force: it rewrites itself."""
        return [self.improver] * self.variants  # 2


REWRITE_THE_TEXT = "Rewrite the text so that it serves its purpose better. Look at the examples and say exactly what to do. Do not copy the examples."
