"""Cutting an answer into its steps.

1. A list is its items. 2. A text with two or more numbered parts is these parts. 3. Else its lines. 4. One line is cut into
sentences. Numbers and bullets at the head of a step are left out.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from selftaught.programs.judge.constraints.text import sentences

_NUMBER = re.compile(r"\s*[*#]*\s*(?:step\s*\d+\s*[.:)]|\d+[.)](?=\s)|\(\d+\))[*\s]*", re.IGNORECASE)
_BULLET = re.compile(r"\s*[-*\u2022]\s+")


def steps_of(answer: Any) -> list[str]:
    """Return the steps of an answer, a list or a text; none of them is blank."""
    if isinstance(answer, list | tuple):
        return [text for item in answer if (text := str(item).strip())]
    lines = [line for line in str(answer).splitlines() if line.strip()]
    heads = [number for number, line in enumerate(lines) if _NUMBER.match(line)]
    if len(heads) > 1:
        starts = [*({0} if heads[0] else ()), *heads, len(lines)]
        lines = [" ".join(map(str.strip, lines[start:end])) for start, end in pairwise(starts)]
    elif len(lines) == 1:
        lines = sentences(lines[0]) or lines
    return [text for line in lines if (text := _bare(line))]


def _bare(line: str) -> str:
    head = _NUMBER.match(line) or _BULLET.match(line)
    return (line[head.end() :] if head else line).strip()


def grouped(steps: list[str], most: int) -> list[str]:
    """Return at most so many steps, neighbours joined as evenly as possible."""
    if len(steps) <= most:
        return steps
    bounds = [number * len(steps) // most for number in range(most + 1)]
    return [" ".join(steps[start:end]) for start, end in pairwise(bounds)]
