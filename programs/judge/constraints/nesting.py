"""Brackets within brackets, quotations within quotations (IFBench's format group).

1. Go through the text with a stack of what is open.
2. A closing mark takes its partner from the stack; a wrong partner starts the search afresh.
3. Remember how many levels were closed below the deepest point reached.

Departures from the published checkers: (1) all levels asked for must be closed; IFBench looks for the first closing bracket
only. (2) An apostrophe opens no quotation, and curly marks count as straight ones.
"""

from __future__ import annotations

import re

from selftaught.programs.judge.constraints.arguments import Count
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted

PAIRS = {")": "(", "]": "[", "}": "{"}
STRAIGHT = str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")


class _Depth:
    """The stack of open marks, and the deepest nest that was closed again."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.deepest = 0
        self.closed = 0

    def push(self, sign: str) -> None:
        self.open.append(sign)
        self.deepest = max(self.deepest, len(self.open))

    def pop(self) -> None:
        self.open.pop()
        self.closed = max(self.closed, self.deepest - len(self.open))
        self.deepest = self.deepest if self.open else 0

    def reset(self) -> None:
        self.open, self.deepest = [], 0


@kind("format:parentheses", "Nest brackets (and [these {{and these}}]) at least {levels:level} deep.")
def parentheses(text: str, levels: Count = 5) -> str:
    """Brackets of any kind are nested and closed again, some levels deep."""
    depth = _Depth()
    for sign in text:
        if sign in PAIRS.values():
            depth.push(sign)
        elif sign in PAIRS:
            if depth.open and depth.open[-1] == PAIRS[sign]:
                depth.pop()
            else:
                depth.reset()
    return _deep_enough("brackets", depth.closed, levels)


@kind(
    "format:quotes",
    "Put quotations within quotations, at least {levels:level} deep, with double and single marks in turn.",
)
def quotes(text: str, levels: Count = 3) -> str:
    """Double and single quotation marks are nested in turn and closed again, some levels deep."""
    flat, depth = text.translate(STRAIGHT), _Depth()
    for place, sign in enumerate(flat):
        before, around = flat[max(0, place - 1) : place], flat[max(0, place - 1) : place + 2]
        if sign not in "\"'" or re.fullmatch(r"\w'\w", around):
            continue
        if depth.open and depth.open[-1] == sign:
            depth.pop()
        elif not before.isalnum():
            depth.push(sign)
    return _deep_enough("quotations", depth.closed, levels)


def _deep_enough(what: str, found: int, asked: int) -> str:
    return "" if found >= asked else f"Its {what} are nested {counted(found, 'level')} deep; {asked} were asked."
