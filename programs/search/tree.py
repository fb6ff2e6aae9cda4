"""A tree of partial answers, and the one loop that explores it.

1. The policy names the nodes to grow next; none: the search is over.
2. They are grown together. A node that cannot be grown is closed: it is missing data, not a bad node.
3. Go to 1, until so many growths are paid.

No language model is needed to try it: what grows a node is a function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from selftaught.errors import CallError


@dataclass(slots=True, eq=False)
class Node:
    """A partial answer.

    `value` in [0, 1]. `finished`: nothing is to be added to it. `grown`: how often it was grown. `drawn`: samples asked for
    below it. `closed`: it is not grown any more. `extra`: what a program keeps with it.
    """

    state: Any
    parent: Node | None = None
    value: float = 0.0
    finished: bool = False
    children: list[Node] = field(default_factory=list)
    grown: int = 0
    drawn: int = 0
    closed: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """It can be grown."""
        return not self.finished and not self.closed

    def path(self) -> list[Node]:
        """Return the nodes from the root's child down to this one."""
        return [] if self.parent is None else [*self.parent.path(), self]

    def subtree(self) -> Iterator[Node]:
        """Yield this node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.subtree()


class Policy(Protocol):
    """Which nodes are grown next, and which are the results."""

    def choose(self, root: Node) -> list[Node]:
        """Return the nodes to grow now, together; none ends the search."""

    def results(self, root: Node) -> list[Node]:
        """Return the nodes that answer, the best first."""


Grow = Callable[[Node], Awaitable[list[Node]]]


async def explore(root: Node, policy: Policy, grow: Grow, growths: int) -> int:
    """Grow a tree as its policy says and return how many growths were paid.

    Args:
        grow: returns new children of a node; none: nothing new comes from it.
        growths: the most.

    Raises:
        CallError: the root itself could not be grown.
    """
    paid = 0
    while chosen := policy.choose(root)[: growths - paid]:  # 1
        paid += len(chosen)
        found = await asyncio.gather(*(grow(node) for node in chosen), return_exceptions=True)  # 2
        for node, children in zip(chosen, found, strict=True):
            node.grown += 1
            if isinstance(children, BaseException):
                if not isinstance(children, CallError) or (node is root and not root.children):
                    raise children
                children = []
            for child in children:
                child.parent = node
            node.children.extend(children)
            node.closed = not children and not node.finished
    return paid


def outline(root: Node, text: Callable[[Node], str]) -> list[dict[str, Any]]:
    """Return a tree as plain rows, parents first: `parent` is the row of a node's parent, None for the root."""
    nodes = list(root.subtree())
    rows = {node: number for number, node in enumerate(nodes)}
    return [
        {"parent": rows.get(node.parent) if node.parent else None, "text": text(node), "value": node.value,
         "finished": node.finished, "grown": node.grown}
        for node in nodes
    ]  # fmt: skip
