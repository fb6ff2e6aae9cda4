"""Policies that go level by level: the beam, and the beam that is drawn.

1. Grow everything in the beam together.      2. Keep the best few of the children and of what was finished before.
3. Stop when all of the beam is finished, or a value passes the gate.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from selftaught.programs.search.tree import Node

Aggregate = Literal["last", "mean", "product"]


def score_of(node: Node, by: Aggregate = "last") -> float:
    """Return the score of a path: the value of its last node, or the geometric mean or the product of its values."""
    values = [one.value for one in node.path()]
    if by == "last" or not values:
        return node.value
    total = math.prod(values)
    return total ** (1 / len(values)) if by == "mean" else total


def leaves(root: Node) -> list[Node]:
    """Return the nodes without children, the root only where it is alone."""
    return [node for node in root.subtree() if not node.children]


def ranked(nodes: list[Node], score: Callable[[Node], float]) -> list[Node]:
    """Return nodes, finished ones first, each kind by score; the first made of equals."""
    return sorted(nodes, key=lambda node: (not node.finished, -score(node)))


@dataclass(slots=True)
class Beam:
    """Grow the best few of a level together; keep the best few of their children and of what was finished before.

    Args:
        width: how many are kept.
        by: what a path is scored by; see `score_of`.
        gate: a value above which a node ends the search; None: there is no such value.
    """

    width: int = 3
    by: Aggregate = "last"
    gate: float | None = None
    kept: list[Node] = field(default_factory=list, init=False)
    level: int = field(default=0, init=False)

    def choose(self, root: Node) -> list[Node]:
        """Return the open nodes of the beam."""
        found = [child for node in self.kept for child in ([node] if node.finished else node.children)] if self.kept else [root]
        self.kept = self.pick(found) if self.kept else found
        self.level += 1
        if self.gate is not None and any(node.value > self.gate for node in self.kept):
            return []
        return [node for node in self.kept if node.open]

    def pick(self, nodes: list[Node]) -> list[Node]:
        """Return the beam of a level."""
        return sorted(nodes, key=lambda node: -score_of(node, self.by))[: self.width]

    def results(self, root: Node) -> list[Node]:
        """Return the beam; every leaf where it is empty, because nothing in it could be grown."""
        return ranked(self.kept or leaves(root), lambda node: score_of(node, self.by))

    def growths(self, branch: int, steps: int) -> int:
        """Return the most growths of a search."""
        return sum(min(self.width, branch**level) for level in range(steps))


@dataclass(slots=True)
class StochasticBeam(Beam):
    """A beam that is drawn without replacement, with weights score^(1/heat); near heat 0 it is the plain beam.

    Args:
        heat: how much luck counts.
        decay: what the heat is multiplied by after each level.
        seed: of the draws.
    """

    heat: float = 0.5
    decay: float = 1.0
    seed: str = ""

    def pick(self, nodes: list[Node]) -> list[Node]:
        """Draw the beam of a level."""
        heat = self.heat * self.decay**self.level
        if heat < COLD:
            return Beam.pick(self, nodes)
        chance, left, drawn = random.Random(f"{self.seed}/{self.level}"), list(nodes), list[Node]()
        best = max(score_of(node, self.by) for node in nodes) if nodes else 0.0
        while left and len(drawn) < self.width:
            weights = [(score_of(node, self.by) / best) ** (1 / heat) if best else 1.0 for node in left]
            drawn.append(left.pop(chance.choices(range(len(left)), weights if any(weights) else None)[0]))
        return drawn


COLD = 0.005
"""The heat below which a stochastic beam is a plain one (057)."""
