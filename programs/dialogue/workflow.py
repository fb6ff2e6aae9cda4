"""A workflow: what an agent has to say in a conversation, and which reply leads where. Plain data, no model."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError, nearest
from selftaught.programs.given import listed

NODE = "{'name': ..., 'says': ..., 'then': [[reply, name], ...]}"
WORD = re.compile(r"\w+")


class Workflow:
    """A graph of what is to be said. It begins with the first node; a node without replies ends the conversation.

    Args:
        nodes: a list of `{"name": ..., "says": what the agent says, "then": [[client's reply, name of the next node], ...]}`.

    Raises:
        SettingError: a node in another form, a reply that leads nowhere, or no way to an end.
    """

    def __init__(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        self.says: dict[str, str] = {}
        self.then: dict[str, dict[str, str]] = {}
        for number, node in enumerate(listed("workflow", nodes, Mapping, NODE)):
            try:
                name, said, replies = (
                    str(node["name"]),
                    node["says"],
                    {str(reply): str(to) for reply, to in node.get("then") or []},
                )
            except (KeyError, TypeError, ValueError) as error:
                raise SettingError(f"workflow[{number}] is {node!r}: expected {NODE}.") from error
            if not isinstance(said, str) or not WORD.search(said) or name in self.says:
                raise SettingError(f"workflow[{number}] is {node!r}: expected something to say, and a name of its own.")
            self.says[name], self.then[name] = said, replies
        for name, replies in self.then.items():
            if lost := [target for target in replies.values() if target not in self.says]:
                raise SettingError(f"workflow: {name!r} leads to {lost[0]!r}, which is no node{nearest(lost[0], self.says)}.")
        self.paths = list(self._paths([next(iter(self.says))])) if self.says else []
        if not self.paths:
            raise SettingError("workflow: no way leads from the first node to one without replies, which would be an end.")

    @property
    def start(self) -> str:
        """The name of the first node."""
        return next(iter(self.says))

    def _paths(self, so_far: list[str]) -> Iterator[list[str]]:
        """Return every way from here to an end that passes no node twice."""
        following = dict.fromkeys(self.then[so_far[-1]].values())
        if not following:
            yield so_far
        for name in following:
            if name not in so_far:
                yield from self._paths([*so_far, name])

    def done(self, said: Sequence[str], threshold: float = 0.5) -> tuple[int, float]:
        """Return how many nodes of a way through were said in order, and which share that is, for the way where it is largest.

        Args:
            said: what the agent said, in order.
            threshold: which share of a node's words, in order, a turn must hold to have said it.
        """
        found = {
            name: [turn for turn, text in enumerate(said) if recall(text, self.says[name]) >= threshold] for name in self.says
        }
        counts = [(_longest([found[name] for name in path]), len(path)) for path in self.paths]
        done, length = max(counts, key=lambda one: (one[0] / one[1], one[0]))
        return done, done / length


def recall(text: str, wanted: str) -> float:
    """Return which share of the wanted words a text holds in this order: the recall of ROUGE-L."""
    left, right = WORD.findall(wanted.lower()), WORD.findall(text.lower())
    row = [0] * (len(right) + 1)
    for one in left:
        before = 0
        for column, other in enumerate(right, 1):
            before, row[column] = row[column], before + 1 if one == other else max(row[column], row[column - 1])
    return row[-1] / len(left)


def _longest(turns_of: Sequence[Sequence[int]]) -> int:
    """Return how many nodes can be found one after the other, each in one of its turns and none before the last."""
    ends: list[int] = []  # at i: the earliest turn in which i + 1 nodes are done
    for turns in turns_of:
        for turn in sorted(turns, reverse=True):
            place = bisect_right(ends, turn)
            ends[place : place + 1] = [turn]
    return len(ends)
