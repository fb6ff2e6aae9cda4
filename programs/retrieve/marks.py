"""Showing some sentences of a context: marked in their place, or alone. Sentences are numbered from 0 through all passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

START, END = "<key>", "</key>"
MARKS = re.compile(f"{START}|{END}", re.IGNORECASE)


def flat(split: Sequence[Sequence[str]]) -> list[str]:
    """Return the sentences of all passages."""
    return [piece for text in split for piece in text]


def _each(split: list[list[str]]) -> list[list[tuple[int, str]]]:
    """Return every sentence with its number, which goes on from passage to passage."""
    numbers = iter(range(len(flat(split))))
    return [[(next(numbers), piece) for piece in text] for text in split]


def marked(split: list[list[str]], chosen: set[int]) -> list[str]:
    """Return the passages with marks around the sentences of these numbers; without the marks they are what they were."""
    return ["".join(_wrapped(piece) if number in chosen else piece for number, piece in text) for text in _each(split)]


def _wrapped(piece: str) -> str:
    inner = piece.strip()
    return piece.replace(inner, f"{START}{inner}{END}", 1) if inner else piece


def alone(split: list[list[str]], chosen: set[int]) -> list[str]:
    """Return the passages with only the sentences of these numbers, and no passage without one."""
    kept = [" ".join(piece.strip() for number, piece in text if number in chosen) for text in _each(split)]
    return [text for text in kept if text]


def unmarked(value: Any) -> Any:
    """Return a value without marks in its texts."""
    if isinstance(value, str):
        return MARKS.sub("", value)
    if isinstance(value, list):
        return [unmarked(one) for one in value]
    return {key: unmarked(one) for key, one in value.items()} if isinstance(value, dict) else value
