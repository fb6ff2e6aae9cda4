"""JSON from files that nobody vouches for: strict, and bounded before it costs anything."""

from __future__ import annotations

import json
from typing import Any, NoReturn

DEEPEST = 64
"""Levels of nesting."""
MOST_VALUES = 1_000_000
"""Objects and lists together; there may be four times as many values in them."""
LONGEST_TEXT = 4 * 2**20
"""Characters of one text, such as an instruction or a value of a demonstration."""


def parsed(content: bytes, name: str) -> Any:
    """Return a part as data: strict JSON in UTF-8, every name once, no deeper and no larger than a program needs.

    Raises:
        ValueError: it is not; the message names the part.
    """
    if content.count(b"{") + content.count(b"[") > MOST_VALUES or content.count(b",") > 4 * MOST_VALUES:
        raise ValueError(f"{name} holds too many values")
    try:
        data = json.loads(content.decode("utf-8"), parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError(f"{name} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{name} is no JSON: {str(error)[:200]}") from None
    _check_depth(data, name)
    return data


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:30]} is too large a number")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice in one object")
    return found


def _check_depth(data: Any, name: str) -> None:
    level = [data]
    for _ in range(DEEPEST):
        for item in level:
            if isinstance(item, str):
                _check_text(item, name)
        inner = [
            one for item in level if isinstance(item, dict | list) for one in (item.values() if isinstance(item, dict) else item)
        ]
        inner += [key for item in level if isinstance(item, dict) for key in item]
        if not inner:
            return
        level = inner
    raise ValueError(f"{name} is nested more than {DEEPEST} levels deep")


def _check_text(text: str, name: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"{name} holds a text of {len(text)} characters; no text is longer than {LONGEST_TEXT}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name} holds half a character") from None
