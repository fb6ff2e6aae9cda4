"""AlphaLLM's search (140; Tian et al., 2024): Monte Carlo tree search whose children are made one at a time and kept apart.

For multi-step answers whose unfinished parts can be scored. The critics set the ceiling, and without gold answers they are the
model itself: compare with a vote at equal calls.

1. From the root, step to the child with the best bound of mean and rarity, until a node may have another child: `width`, and
   `widen` times how far one child's value stands out from the mean of its siblings more.
2. Draw a next step; the first child is the model's own. Nearer than `apart` edits to a sibling: draw again, at most `tries`
   times in all, then take the farthest.
3. Value it: the mean of a rating of the chain and of the share of `rollouts` quick answers from it that are judged right.
   The value counts in the mean of the node and of all above it.
4. Go to 1, for `growths` times. The values of equal answers of the best `answers` chains add up; the heaviest wins.

Departures: (1) a quick rollout is one call that answers from the chain; the paper has a smaller model write it out. (2) Half
of the longer text bounds `apart`, so that short steps can differ enough. (3) The root is no wider than other nodes. (4) A
finished chain is reached once, because its value cannot change. (5) Fewer growths by default than the paper's 40.
"""

from __future__ import annotations

from typing import Any

from selftaught.errors import CallError
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import at_least
from selftaught.programs.search.chain import Proposal
from selftaught.programs.search.core import StepSearch
from selftaught.programs.search.rollout_value import RolloutValue
from selftaught.programs.search.tree import Node
from selftaught.registry import method
from selftaught.signatures import Task


@method(140, "alphallm", family="search", missing="making up prompts; training the critics and the policy on the best paths")
class OptionSearch(StepSearch):
    """Search with children that are made one at a time and kept apart. See `StepSearch` for what the prediction holds.

    Args:
        task: what to do.
        value: what a step is worth; `RolloutValue` by default.
        rollouts: quick answers of the default value.
        width: children of a node before its children are grown.
        widen: how many children more for one that stands out by 1.
        exploration: how much rarely visited nodes are preferred.
        apart: edits (in characters) that siblings differ by.
        tries: samples drawn for a child that is too near to a sibling.
        steps: the most steps of a chain.
        least: steps before which a chain is not finished.
        growths: children made.
        temperature: of the drawn steps.
        answers: chains that are answered and weighed.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        value: str | Judge | None = None,
        rollouts: int = 4,
        width: int = 3,
        widen: float = 2.0,
        exploration: float = 1.0,
        apart: int = 20,
        tries: int = 5,
        steps: int = 10,
        least: int = 2,
        growths: int = 12,
        temperature: float = 0.8,
        answers: int = 3,
    ) -> None:
        super().__init__(
            task, policy="ucb", value=value or RolloutValue(task, rollouts=rollouts), branch=1, steps=steps, least=least, growths=growths,
            temperature=temperature, answers=answers, width=width, widen=widen, exploration=exploration, own=True, gate=None,
        )  # fmt: skip
        self.apart, self.tries = at_least("apart", apart, 0), at_least("tries", tries, 1)

    async def proposals(self, inputs: dict[str, Any], node: Node) -> list[Proposal]:
        """Return one new step that is far enough from the node's children, or the farthest of so many tries."""
        siblings = [child.state.steps[-1] for child in node.children]
        found: list[tuple[float, Proposal]] = []
        failed: CallError | None = None
        for _ in range(self.tries):
            try:
                drawn = await super().proposals(inputs, node)
            except CallError as error:
                failed = failed or error
                continue
            found += [(self._room(one.text, siblings), one) for one in drawn]
            if drawn and found[-1][0] >= 0:
                break
        if not found and failed is not None:
            raise failed
        return [max(found, key=lambda one: one[0])[1]] if found else []

    def _room(self, text: str, siblings: list[str]) -> float:
        """Return how many edits a step is farther from its nearest sibling than it must be."""
        return min((edits(text, one) - min(self.apart, max(len(text), len(one)) / 2) for one in siblings), default=0.0)

    def tried(self) -> int:
        """Return the most samples of one growth."""
        return self.tries


def edits(one: str, other: str) -> int:
    """Return the least insertions, deletions and replacements of characters that turn a text into another."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        corner, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (a != b))
    return row[-1]
