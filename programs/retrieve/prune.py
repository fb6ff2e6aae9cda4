"""Semantic pruning: leave out the words that a text can best do without (TCRA-LLM's semantic compression).

1. For each word: how far does the embedding of its surroundings move when the word is left out?
2. Keep the words that move it most, in their order; protected ones (numbers, negations) before all others.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.programs.retrieve.context import pieces

WINDOW = 64
"""Words around which an embedding is taken; in a longer text a single word would move nothing."""
NEGATIONS = frozenset(
    {"no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "unless", "except", "only"}
)


def prune(
    text: str, limit: int, encoder: Encoder | None = None, *, keep: Collection[str] = NEGATIONS, unit: str = "words"
) -> str:
    """Return at most `limit` words of a text, in their order. A text that is short enough comes back as it is.

    Args:
        text: what to shorten.
        limit: words that may stay, at least 1.
        encoder: see `selftaught.embedding`.
        keep: words, in small letters, that go last; numbers and words with n't always do.
        unit: `"words"` leaves out single words; `"sentences"` whole ones, or words where no sentence would be left.
    """
    words = text.split()
    if len(words) <= limit:
        return text
    if unit == "sentences" and (kept := _sentences(text, limit, encoder)):
        return kept
    moved = movement(words, encoder)
    order = sorted(range(len(words)), key=lambda i: (not _protected(words[i], keep), -moved[i], i))
    return " ".join(words[i] for i in sorted(order[:limit]))


def movement(parts: list[str], encoder: Encoder | None = None) -> list[float]:
    """Return for each part how far the embedding of the parts around it moves when it is left out."""
    moved: list[float] = []
    for start in range(0, len(parts), WINDOW):
        window = parts[start : start + WINDOW]
        without = [" ".join(window[:i] + window[i + 1 :]) for i in range(len(window))]
        rows = embed([" ".join(window), *without], encoder)
        moved += np.linalg.norm(rows[1:] - rows[0], axis=1).round(9).tolist()
    return moved


def _sentences(text: str, limit: int, encoder: Encoder | None) -> str:
    parts = [piece.strip() for piece in pieces(text)]
    moved, kept, left = movement(parts, encoder), set[int](), limit
    for i in sorted(range(len(parts)), key=lambda i: (-moved[i], i)):
        if (size := len(parts[i].split())) <= left:
            kept.add(i)
            left -= size
    return " ".join(parts[i] for i in sorted(kept))


def _protected(word: str, keep: Collection[str]) -> bool:
    bare = word.strip(".,;:!?()[]\"'").lower()
    return bare in keep or bare.replace("\u2019", "'").endswith("n't") or any(sign.isdigit() for sign in bare)
