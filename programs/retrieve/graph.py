"""InstructRAG's instruction graph: past sequences of steps, joined where they share a step.

1. Every step of every past task is a node; nodes whose steps are alike (cosine of at least `alike`) become one.
2. An edge leads from a node to the next of the same past sequence, and carries that task as its label.
3. A walk starts where a past sequence started, and ends where one ended. It follows the edges whose labels are like what is
   asked, and comes to no node twice. Where sequences share a node, a walk may go on in the other: a new sequence.
   What was done before is always among the walks, as it was done.

Departures: alikeness is closed under chains (if a is like b and b like c, all three are one), so that a lower `alike` always
merges more, whatever the order of the past tasks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.programs.retrieve.corpus import Corpus

LONGEST = 12
"""Nodes of a new sequence."""
STARTS = 10
"""Past tasks, the likest ones, from whose first step walks are taken."""
MOST_TRIED = 100
"""Walks looked at from one start, the short ones first."""


@dataclass(frozen=True, slots=True)
class Past:
    """A task that was done, and the steps that did it."""

    task: str
    steps: tuple[str, ...]


class InstructionGraph:
    """Past sequences as a graph. It never changes, so copies of a program share it.

    Args:
        past: tasks that succeeded; failures have no place here.
        alike: cosine from which two steps are one; from 1 on nothing is merged.
        encoder: see `selftaught.embedding`.

    Attributes:
        nodes: the steps of each node, the first is shown.
        edges: from each node to the next ones, with the numbers of the past tasks that went there.
        sequences: the nodes of each past task, equal neighbours once.
    """

    def __init__(self, past: Sequence[Past], alike: float = 0.8, encoder: Encoder | None = None) -> None:
        self.past, self.encoder = list(past), encoder
        steps = [step for one in self.past for step in one.steps]
        numbers = _merged(steps, alike, encoder)
        self.nodes: list[list[str]] = [[] for _ in range(max(numbers, default=-1) + 1)]
        for step, number in zip(steps, numbers, strict=True):
            self.nodes[number].append(step)
        left = iter(numbers)
        self.sequences = [tuple(node for node, _ in groupby(next(left) for _ in one.steps)) for one in self.past]
        self.edges: dict[int, dict[int, list[int]]] = {}
        for label, nodes in enumerate(self.sequences):
            for one, other in pairwise(nodes):
                self.edges.setdefault(one, {}).setdefault(other, []).append(label)

    def __deepcopy__(self, memo: dict[int, object]) -> InstructionGraph:
        return self

    def paths(self, asked: str, count: int, least: float = 0.1) -> list[list[str]]:
        """Return up to `count` sequences of steps for a task, the likeliest first.

        Args:
            asked: the task.
            count: how many.
            least: cosine with what is asked below which a past task leads nowhere.
        """
        if not self.past or not count:
            return []
        like = self._tasks.similar(asked)
        wanted = {number for number in range(len(self.past)) if like[number] >= least}
        starts = sorted(wanted, key=lambda number: (-like[number], number))[: max(STARTS, count)]
        walks = list(dict.fromkeys(walk for number in starts for walk in self._from(number, wanted)))
        if not walks:
            return []
        scores = Corpus([self._labels(walk, wanted) for walk in walks], self.encoder).similar(asked)
        order = sorted(range(len(walks)), key=lambda i: (-scores[i], len(walks[i]), i))
        return [[self.nodes[node][0] for node in walks[i]] for i in order[:count]]

    def _from(self, number: int, wanted: set[int]) -> Iterator[tuple[int, ...]]:
        """Yield a past sequence, then the walks that begin as it did, along the edges of tasks that are wanted."""
        yield self.sequences[number]
        ends = {self.sequences[one][-1] for one in wanted}
        waiting = deque([self.sequences[number][:1]])
        for _ in range(MOST_TRIED):
            if not waiting:
                return
            walk = waiting.popleft()
            if walk[-1] in ends and len(walk) > 1:
                yield walk
            onward = [node for node, labels in self.edges.get(walk[-1], {}).items() if wanted & set(labels)]
            waiting.extend((*walk, node) for node in onward if node not in walk and len(walk) < LONGEST)

    def _labels(self, walk: tuple[int, ...], wanted: set[int]) -> str:
        """Return the past tasks that a walk was taken from as one text."""
        used = {label for one, other in pairwise(walk) for label in self.edges[one][other] if label in wanted}
        used = used or {number for number in wanted if self.sequences[number][0] == walk[0]}
        return "\n".join(self.past[number].task for number in sorted(used))

    @cached_property
    def _tasks(self) -> Corpus:
        return Corpus([one.task for one in self.past], self.encoder)


def _merged(steps: list[str], alike: float, encoder: Encoder | None) -> list[int]:
    """Return the number of each step's node; nodes are numbered in the order in which they come up."""
    if not steps or alike >= 1.0:
        return list(range(len(steps)))
    from scipy.sparse.csgraph import connected_components  # heavy, and needed by few

    rows = embed(steps, encoder)
    _, labels = connected_components((np.einsum("if,jf->ij", rows, rows).round(9) >= alike).astype(int), directed=False)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(int(label), len(numbers)) for label in labels]
