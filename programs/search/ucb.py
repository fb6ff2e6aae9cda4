"""The upper confidence bound as a policy: Monte Carlo tree search (050, 140).

A node has been visited once for itself and once for each node below it. Its mean is the visit-weighted mean of its children,
or of its own value and theirs (`own`).

1. From the root, step to the child with the best `mean + exploration * sqrt(2 ln(visits of the parent) / visits)`, the first
   of equals, until a node can be grown or is finished.
2. A finished node that is reached ends the search where its value passes the gate; else it is not reached again.
3. Grow the node. Then, `dive` times, the best of the new children.

Nothing is kept beside the tree: visits and means follow from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from selftaught.programs.search.levels import leaves, ranked
from selftaught.programs.search.tree import Node


@dataclass(slots=True)
class Ucb:
    """Monte Carlo tree search.

    Args:
        exploration: how much rarely visited nodes are preferred.
        gate: a finished node that is reached with at least this value ends the search; None: the search goes on.
        width: a node with fewer children is grown again before its children are.
        widen: how many more children a node gets for a child that stands out from its siblings by 1.
        widest: the most children.
        dive: how often, after a growth, the best new child is grown at once.
        own: a node's own value counts in its mean, once.
    """

    exploration: float = 0.7
    gate: float | None = 0.9
    width: int = 1
    widen: float = 0.0
    widest: int = 10
    dive: int = 0
    own: bool = False
    diving: int = field(default=0, init=False)
    last: Node | None = field(default=None, init=False)
    passed: Node | None = field(default=None, init=False)
    widths: dict[Node, int] = field(default_factory=dict, init=False)

    def choose(self, root: Node) -> list[Node]:
        """Return the one node to grow; none where a finished node passes the gate or nothing is left."""
        below = max(self.last.children, key=lambda node: node.value, default=None) if self.last and self.diving else None
        self.diving -= 1
        if below is None or not below.open:
            below, self.diving = self._descend(root), self.dive
        self.last = below
        return [below] if below else []

    def _descend(self, root: Node) -> Node | None:
        while self._alive(root):
            node = root
            while not self._growable(node) and node.children:
                node = max((child for child in node.children if self._alive(child)), key=self._bound)
            if not node.finished:
                return node
            node.closed = True
            if self.gate is not None and node.value >= self.gate:
                self.passed = node
                return None
        return None

    def _growable(self, node: Node) -> bool:
        return node.open and (not node.children or len(node.children) < self._width(node))

    def _alive(self, node: Node) -> bool:
        ends = node.finished and not node.closed
        return ends or self._growable(node) or any(self._alive(child) for child in node.children)

    def _width(self, node: Node) -> int:
        """Return how many children a node may have; what it was once allowed it keeps."""
        values = [child.value for child in node.children]
        apart = [abs(value - (sum(values) - value) / (len(values) - 1)) for value in values] if len(values) > 1 else [0.0]
        wanted = min(self.width + int(self.widen * max(apart)), max(self.width, self.widest))
        self.widths[node] = max(wanted, self.widths.get(node, 0))
        return self.widths[node]

    def _bound(self, node: Node) -> float:
        assert node.parent is not None
        rarity = math.sqrt(2 * math.log(self.visits(node.parent)) / self.visits(node))
        return self.mean(node) + self.exploration * rarity

    def visits(self, node: Node) -> int:
        """Return one for the node itself and one for each node below it."""
        return sum(1 for _ in node.subtree())

    def mean(self, node: Node) -> float:
        """Return the value of a node as the nodes below it show it."""
        if not node.children:
            return node.value
        counted = [(self.visits(child), self.mean(child)) for child in node.children] + ([(1, node.value)] if self.own else [])
        return sum(times * mean for times, mean in counted) / sum(times for times, _ in counted)

    def results(self, root: Node) -> list[Node]:
        """Return the node that passed the gate, then every other leaf."""
        others = ranked([node for node in leaves(root) if node is not self.passed], lambda node: node.value)
        return [self.passed, *others] if self.passed else others

    def growths(self, branch: int, steps: int) -> int:
        """Return the most growths of a search."""
        each = max(1, math.ceil(max(self.width, self.widest if self.widen else 1) / branch))
        return each * sum((each * branch) ** level for level in range(steps))
