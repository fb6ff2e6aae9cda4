"""Values as Python source that people can read: broken over lines where they are long."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

WIDTH = 120


@dataclass(frozen=True)
class Named:
    """A name that is known only when everything is taken: of a symbol, or of a value that stands before."""

    key: str


@dataclass
class Group:
    """A call, a list or a dictionary: what opens and closes it, and its parts, each with what stands before it.

    `pieces`: the parts are pieces of one text, so no commas stand between them.
    """

    opens: list[Any]
    closes: str
    parts: list[tuple[str, Any]] = field(default_factory=list)
    pieces: bool = False


Node = str | Named | Group


def atom(value: Any) -> Node:
    """Return a plain value as source."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, dict):
        return Group(["{"], "}", [(f"{quoted_line(str(name))}: ", atom(one)) for name, one in value.items()])
    if isinstance(value, list):
        return Group(["["], "]", [("", atom(one)) for one in value])
    return repr(value)


def quoted_line(text: str) -> str:
    """Return a text as a literal on one line."""
    return json.dumps(text, ensure_ascii=bool(re.search("[\ud800-\udfff]", text)))


def quoted(text: str) -> Node:
    """Return a text as a literal; a long one in parentheses, a piece a line."""
    if len(quoted_line(text)) <= WIDTH - 20:
        return quoted_line(text)
    pieces = [
        piece for line in text.splitlines(keepends=True) for piece in re.findall(r".{1,90}(?:\s+|$)|.{1,90}", line, re.DOTALL)
    ]
    if "".join(pieces) != text:
        pieces = [text]
    return Group(["("], ")", [("", quoted_line(piece)) for piece in pieces], pieces=True)


def written(node: Node, named: Callable[[str], str], indent: int = 0, before: int = 0) -> str:
    """Return a node as source.

    Args:
        node: what to write.
        named: the name of a key.
        indent: of the line on which it begins.
        before: characters that stand on that line already.
    """
    if isinstance(node, str):
        return node
    if isinstance(node, Named):
        return named(node.key)
    opens = "".join(written(one, named) for one in node.opens)
    short = opens + ", ".join(label + written(part, named) for label, part in node.parts if not node.pieces) + node.closes
    if not node.pieces and "\n" not in short and indent + before + len(short) <= WIDTH:
        return short
    comma = "" if node.pieces else ","
    pad = " " * (indent + 4)
    lines = [f"{pad}{label}{written(part, named, indent + 4, len(label) + 1)}{comma}" for label, part in node.parts]
    return "\n".join([opens, *lines, " " * indent + node.closes])
