"""Policies that go down the tree: best first, and look ahead (044)."""

from __future__ import annotations

from dataclasses import dataclass, field

from selftaught.programs.search.levels import Aggregate, leaves, ranked, score_of
from selftaught.programs.search.tree import Node


@dataclass(slots=True)
class BestFirst:
    """Grow the open node with the best score, wherever it is, until the best of all is finished."""

    by: Aggregate = "last"

    def choose(self, root: Node) -> list[Node]:
        """Return the best open leaf, unless something finished is at least as good."""
        if not root.grown:
            return [root]
        alive = [node for node in leaves(root) if node.open or node.finished]
        best = max(alive, key=lambda node: (score_of(node, self.by), node.finished), default=root)
        return [best] if best.open and best is not root else []

    def results(self, root: Node) -> list[Node]:
        """Return every leaf."""
        return ranked(leaves(root), lambda node: score_of(node, self.by))

    def growths(self, branch: int, steps: int) -> int:
        """Return the most growths of a search: every node that is not finished."""
        return sum(branch**level for level in range(steps))


@dataclass(slots=True)
class LookAhead:
    """Grow all children of where it stands, then step to the one whose best child is best.

    Args:
        discount: what the value of a successor is multiplied by; a finished node is worth its own value.
    """

    discount: float = 0.9
    at: Node | None = field(default=None, init=False)

    def choose(self, root: Node) -> list[Node]:
        """Return the children of where it stands that were not grown yet; steps on where there are none."""
        self.at = self.at or root
        while True:
            wanted = [node for node in ([self.at] if not self.at.grown else self.at.children) if node.open and not node.grown]
            if wanted or not self.at.children:
                return wanted
            sound = [node for node in self.at.children if node.finished or node.children]
            self.at = max(sound or self.at.children, key=self.worth)

    def worth(self, node: Node) -> float:
        """Return the value of a node as its successors show it."""
        if node.finished or not node.children:
            return node.value
        return self.discount * max(child.value for child in node.children)

    def results(self, root: Node) -> list[Node]:
        """Return the leaves below where it stands."""
        return ranked(leaves(self.at or root), self.worth)

    def growths(self, branch: int, steps: int) -> int:
        """Return the most growths of a search."""
        return 1 + branch * (steps - 1)
