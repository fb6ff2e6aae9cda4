"""What changed between two instructions, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

ALIKE = 0.35
"""Below this share of common words a mixture of both texts cannot be read; then the old one is struck out as a whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text: kept, inserted or deleted."""

    kind: Literal["same", "ins", "del"]
    text: str


def changes(before: str, after: str) -> list[Change]:
    """Return the pieces that lead from one text to the other. The kept and inserted ones together are `after`."""
    old, new = (re.findall(r"\s*\S+", text) for text in (before, after))
    matcher = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False)
    if matcher.ratio() < ALIKE:
        return _pieces(("del", before), ("ins", after))
    found: list[Change] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            found += _pieces(("same", "".join(new[k:m])))
        else:
            found += _pieces(("del", "".join(old[i:j])), ("ins", "".join(new[k:m])))
    return found


def _pieces(*pieces: tuple[Literal["same", "ins", "del"], str]) -> list[Change]:
    return [Change(kind, text) for kind, text in pieces if text]
