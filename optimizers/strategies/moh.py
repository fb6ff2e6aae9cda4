"""MoH, meta-optimization of heuristics (200; Shi et al., 2025): evolve the operators that evolve the instructions.

For when you do not know how instructions of this kind of program are best rewritten, and have calls to find out. The utility
of an operator comes from few instructions and is noisy; with a small budget a fixed operator (`STOP(recursions=0)`) does as well.

1. Seed operators, texts that say how to rewrite an instruction, are measured on the program's own instruction.
2. Outer loop: operators are drawn from their population by rank, and the operator in force rewrites them (or `meta_operator`
   does), one call each.
3. Inner loop: the new operators and the one in force rewrite the same instructions, drawn by rank from the population of
   instructions; the results are raced and join that population.
4. Utility: the mean over the instructions drawn of the best gain that an operator made of each. The best operator is in force next;
   the one in force keeps its place unless another wins.
5. Both populations keep the best `population`; a member of rank r (from 0) of n is drawn with weight 1 / (r + n / 2).

The algorithm is that of `ImproverSearch`. With `iterations=0` the seed operators are used once.

Departures: (1) an operator is an instruction to a model, not the code of a loop, so nothing is executed. (2) A new operator must
win; in the release it is enough that it runs. (3) The one in force is measured again beside the new ones, on the same
instructions, since gains get harder as instructions get better. (4) Several tasks are several instructions of one task here.
(5) Instead of a list of ideas and a rewrite of each: samples at a temperature, from several operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from selftaught.errors import SettingError
from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.improver import Improver, ImproverSearch
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.registry import method

T = TypeVar("T")


@method(200, "moh", family="search", missing="operators and heuristics that are program code, run in the sandbox; several tasks")
class MoH(Optimizer):
    """Evolve the operators that rewrite instructions, together with the instructions.

    Args:
        metric: see `Optimizer`.
        iterations: of the outer loop; 0 uses the seed operators once.
        variants: new operators in an iteration.
        sources: instructions that each operator rewrites.
        samples: of each of them.
        population: the most operators, and the most instructions, that are kept.
        operators: the seeds, in words that say how to rewrite a text.
        meta_operator: what rewrites operators; by default the operator in force.
        temperature: of all rewriting.
        settings: see `Optimizer`.
    """

    def __init__(
        self,
        metric: Any = None,
        *,
        iterations: int = 2,
        variants: int = 2,
        sources: int = 2,
        samples: int = 1,
        population: int = 6,
        operators: Sequence[str] = (),
        meta_operator: str = "",
        temperature: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(metric, **settings)
        if min(variants, sources, samples, population) < 1 or iterations < 0 or temperature <= 0:
            raise SettingError(
                "variants, sources, samples and population are at least 1, iterations at least 0, and the temperature is above 0."
            )
        if isinstance(operators, str) or any(not isinstance(one, str) or not one.strip() for one in operators):
            raise SettingError(f"operators={operators!r}: expected texts, such as ('Make the text shorter.',).")
        self.iterations, self.variants, self.sources, self.samples = iterations, variants, sources, samples
        self.population, self.temperature, self.meta_operator = population, temperature, meta_operator.strip()
        self.operators = tuple(dict.fromkeys(one.strip() for one in operators)) or OPERATORS

    def plan(self, pool: int, labelled: int) -> tuple[int, int]:
        """Return the most rows and the proposals' calls."""
        each = self.sources * self.samples
        made = each * (len(self.operators) + self.iterations * (1 + self.variants))
        return made * pool, made + self.iterations * self.variants

    def strategy(self, problem: Problem) -> MoHStrategy:
        """Build the strategy."""
        return MoHStrategy(self, problem)


class MoHStrategy(ImproverSearch):
    """A population of operators, measured on a population of instructions."""

    def __init__(self, knobs: MoH, problem: Problem) -> None:
        each = problem.pool // 2 + 1  # rows that an instruction meets in a race, more or less
        self.count = problem.fit(knobs.sources, each * knobs.samples * len(knobs.operators))
        measuring = self.count * knobs.samples * each
        reserve = measuring * (len(knobs.operators) + knobs.iterations)
        self.variants = problem.fit(knobs.variants, measuring * max(1, knobs.iterations), reserve)
        super().__init__(
            problem, knobs.operators, rounds=knobs.iterations, samples=knobs.samples, keep=knobs.population,
            remeasure=True, meta=knobs.meta_operator, temperature=knobs.temperature,
        )  # fmt: skip

    def sources(self) -> list[Standing]:
        """Return instructions by rank; the program's own before there are others."""
        return by_rank(self.parents or [self.baseline], self.count, self.problem.random)  # 1, 3

    def parents_of_improvers(self) -> list[Improver]:
        """Return operators by rank."""
        return by_rank(self.improvers or self.seeds, self.variants, self.problem.random)  # 2


def by_rank(population: Sequence[T], count: int, chooser: Random) -> list[T]:
    """Draw members, best first in the population, the better ones more often; one may be drawn again."""
    weights = [1.0 / (rank + len(population) / 2) for rank in range(len(population))]
    return chooser.choices(list(population), weights, k=count)  # 5


OPERATORS = (
    "Rewrite the text so that it serves its purpose better. Look at the examples and say exactly what to do.",
    "Make the text shorter and clearer. Use plain words. Leave out what is not needed.",
    "Write a new text for the same purpose. Do not keep the words of the old text. Follow the examples.",
)
