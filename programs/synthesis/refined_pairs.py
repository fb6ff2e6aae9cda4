"""SPaR's pairs (072; Jiale Cheng et al., 2024): a refused answer, and the same answer refined until it is accepted.

For answers that must meet stated constraints. The two differ in what was violated, and not in whatever else two samples differ
in. The
judge is the bottleneck: where constraints can be counted, give a `critic` that counts.

1. Draft, up to `samples` times, until a draft is refused by the majority of the votes.
2. Refine it by a tree search (`RefinementTree`).
3. Keep the pair where the best refinement is accepted: it is chosen, the draft is rejected.

Departures: (1) drafts are made one after another, until one is refused. (2) The judge's and the refiner's own rows are not
made; `tree` holds what they could be made from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from selftaught import scope
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import at_least
from selftaught.programs.search.refinement import RefinementTree
from selftaught.programs.synthesis.candidates import Answers, examples_of
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, render

DRAFT_TEMPERATURE = 0.9


@method(72, "spar-pairs", family="refine", missing="rows for the refiner and the judge; training")
class RefinedPairs(Pipeline):
    """Pair refused answers with their accepted refinements.

    A row holds the task's inputs, `chosen`, `rejected` (texts), `score_chosen`, `score_rejected` (shares of yes), `margin`,
    `critique` (of the chosen one), `depth` (refinements) and `tree`.

    Args:
        examples: dictionaries or examples with the task's inputs.
        task: what is answered.
        samples: drafts, while they are accepted.
        branch, width, depth, votes: see `RefinementTree`.
        critic: a judge whose score is the value, instead of votes.
        tree: refines, instead of one with these settings.
        batch: inputs a round.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, samples: int = 5, branch: int = 3,
        width: int = 2,
        depth: int = 3, votes: int = 5, critic: Judge | None = None, tree: RefinementTree | None = None, batch: int = 64,
    ) -> None:  # fmt: skip
        search = tree or RefinementTree(
            as_task(task), branch=branch, width=width, depth=at_least("depth", depth, 1), votes=votes, critic=critic
        )
        super().__init__(examples_of(task, examples, batch), [Refined(search, samples)])


class Refined(Stage):
    """Refines a refused draft of a row."""

    def __init__(self, tree: RefinementTree, samples: int) -> None:
        super().__init__()
        self.answers, self.tree, self.samples, self.name = Answers(tree.task), tree, at_least("samples", samples, 1), "refine"

    async def run(self, row: Row) -> Sequence[Out]:
        """Refine one row's draft."""
        given = self.answers.given(row)
        for number in range(self.samples):  # 1
            with scope.resampled(f"root{number}", DRAFT_TEMPERATURE) if number else contextlib.nullcontext():
                found = await self.tree.acall(**given)  # 2
            if found.depth or not found.accepted:
                break
        else:
            return [Rejected(row, self.name, "every draft was accepted")]
        if not found.accepted:
            return [Rejected(row, self.name, "no refinement was accepted")]
        root = found.tree[0]
        texts = {"chosen": render(self.answers.outputs, found), "rejected": root["text"]}
        scores = {"score_chosen": found.value, "score_rejected": root["value"], "margin": found.value - root["value"]}
        told = {"critique": found.critique, "depth": found.depth, "tree": found.tree}
        return [Row({**texts, **scores, **told, **given}, row.origin, row.scores, row.steps)]  # 3

    def cost(self) -> Calls:
        """Return the calls of one row."""
        one = self.tree.cost()
        return Calls(one.at_least, one.at_most * self.samples)
