"""Cases that a solution must pass: given with the input, or written by the model; and whether one tells anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from selftaught.errors import InputError

Case = str | tuple[str, str]
"""What a solution must pass: assertions in Python on its names, or a standard input and the output expected."""


def cases_in(value: Any, name: str) -> list[Case]:
    """Return the cases that an input holds.

    Args:
        value: a list of assertions in Python, or of pairs of standard input and the output expected, which may also be
            dictionaries with two values; a single text is one assertion (or several, on lines of their own).
        name: of the input, for the error.

    Raises:
        InputError: it is none of these.
    """
    if isinstance(value, str):
        return [value] if value.strip() else []
    if not isinstance(value, Iterable):
        raise InputError(f"{name}={value!r}: expected a list of assertions, or of pairs of input and expected output.")
    return [_case(one, f"{name}[{number}]") for number, one in enumerate(value)]


def _case(value: Any, name: str) -> Case:
    parts = list(value.values()) if isinstance(value, Mapping) else value
    if isinstance(parts, str):
        return parts
    if isinstance(parts, list | tuple) and len(parts) == 2 and all(isinstance(part, str) for part in parts):
        return parts[0], parts[1]
    raise InputError(f"{name} is {value!r}: expected an assertion, or a pair of texts: input and expected output.")


def written_cases(texts: Iterable[str]) -> list[str]:
    """Return the assertions among texts that a model wrote, each once: what parses, and asserts something about a name."""
    found: dict[str, None] = {}
    for text in texts:
        text = text.strip().strip("`").strip()
        for said in (text, f"assert {text}"):
            if _asserts(said):
                found.setdefault(said)
                break
    return list(found)


def _asserts(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    asserted = [node.test for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return any(isinstance(inner, ast.Call) for test in asserted for inner in ast.walk(test))


def hollow_versions(code: str) -> list[str]:
    """Return wrong versions of a solution, which a case worth its name fails: its functions return nothing, or their input.

    Of code without functions the one wrong version is no code at all.
    """
    versions = [_hollowed(code, inside) for inside in ("return None", "return {first}")]
    return list(dict.fromkeys(version for version in versions if version is not None)) or [""]


def _hollowed(code: str, inside: str) -> str | None:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in functions:
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if one.arg != "self"]
        node.body = ast.parse(f"def f(): {inside.format(first=names[0] if names else None)}").body[0].body  # type: ignore[attr-defined]
    return ast.unparse(ast.fix_missing_locations(tree)) if functions else None
