"""Look-ahead search (044 STL; Mendes and Ritter, 2025): a step is worth what its best successor is worth.

For tasks where one step says little until the next is seen, and no reward tells. The judge's own bias stays in every value.

1. Draw `branch` next steps and rate each, the mean of `samples` ratings. A finished chain is answered instead, and the answer
   rated, without discount.
2. Draw and rate the successors of each of them.
3. The value of a step is `discount` times that of its best successor. Step to the best, and go to 2 from there.

Departures: (1) the paper trains a value model to say these values without looking; here the search looks each time. (2) Its
successors come from an environment; ours are proposed steps. (3) Three candidates and samples by default, not five. Its search
at test, without a look ahead, is `StepSearch(task, policy="greedy", value="rate")`.
"""

from __future__ import annotations

from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rating import Rating
from selftaught.programs.search.core import StepSearch
from selftaught.registry import method
from selftaught.signatures import Task

LEVELS, LOWEST = 9, 0


@method(44, "stl-lookahead", family="search", missing="an environment that is stepped; training the value model")
class LookAheadSearch(StepSearch):
    """Search by looking one step ahead. See `StepSearch` for what the prediction holds.

    Args:
        task: what to do.
        value: what a step is worth; a rating by default.
        final: what an answer is worth; a rating by default.
        samples: ratings that make one value.
        branch: next steps drawn for a node.
        steps: the most steps of a chain.
        least: steps before which a chain is not finished.
        growths: the most nodes that are grown.
        discount: of a successor's value, from 0 to 1.
        temperature: of the drawn steps.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        value: str | Judge = "rate",
        final: Judge | None = None,
        samples: int = 3,
        branch: int = 3,
        steps: int = 5,
        least: int = 2,
        growths: int = 13,
        discount: float = 0.9,
        temperature: float = 0.8,
    ) -> None:
        super().__init__(
            task, policy="look-ahead", value=value, samples=samples, branch=branch, steps=steps, least=least, growths=growths,
            temperature=temperature, discount=discount, final=final or Rating(task, levels=LEVELS, lowest=LOWEST, reasons=False, samples=samples),
        )  # fmt: skip
