"""Reading the source of installed modules: what they define at their top level, and what each name in it means.

A symbol is `module:name`, where the thing is defined; a name that is imported from a package leads to the module that
defines it. What comes from outside selftaught is `module:name` of that library.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

OURS = "selftaught"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass
class Source:
    """One module: its text, its top-level definitions by name, what its imports mean, and the texts behind its values."""

    name: str
    text: bytes
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    said: dict[str, ast.Expr] = field(default_factory=dict)

    @property
    def lines(self) -> list[bytes]:
        """The lines, with their ends."""
        return self.text.splitlines(keepends=True)

    def offset(self, line: int, column: int) -> int:
        """Return the place in the text of a line (from 1) and a column (in bytes)."""
        return self.starts[line - 1] + column

    @property
    def starts(self) -> list[int]:
        """Where each line begins."""
        if not hasattr(self, "_starts"):
            places, place = [], 0
            for line in self.lines:
                places.append(place)
                place += len(line)
            self._starts = places
        return self._starts


@cache
def source_of(module: str) -> Source:
    """Return a module of selftaught, read."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None, module
    text = Path(spec.origin).read_bytes()
    found = Source(module, text)
    package = module if spec.submodule_search_locations else module.rpartition(".")[0]
    statements = ast.parse(text).body
    for statement in statements:
        _take(found, statement, package, binding=True)
    _take_texts(found, statements)
    return found


def _take(found: Source, statement: ast.stmt, package: str, *, binding: bool) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        meanings = imported(statement, package)
        found.imports |= meanings
        if binding:
            found.needs += [meaning.partition(":")[0] for meaning in meanings.values()]
    elif isinstance(statement, ast.If):  # TYPE_CHECKING
        for inner in statement.body:
            _take(found, inner, package, binding=False)
    else:
        for name in _defined(statement):
            found.definitions[name] = statement  # type: ignore[assignment]


def _take_texts(found: Source, statements: list[ast.stmt]) -> None:
    """Note the texts that stand behind values and say what these are."""
    for before, statement in pairwise(statements):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            found.said |= dict.fromkeys(_defined(before), statement)


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id


def imported(statement: ast.Import | ast.ImportFrom, package: str = "") -> dict[str, str]:
    """Return what an import binds: name -> `module:` or `module:name`."""
    if isinstance(statement, ast.Import):
        return {
            one.asname or one.name.partition(".")[0]: f"{one.name if one.asname else one.name.partition('.')[0]}:"
            for one in statement.names
        }
    above = package.split(".")[: len(package.split(".")) - statement.level + 1] if statement.level else []
    module = ".".join([*above, *([statement.module] if statement.module else [])])
    return {one.asname or one.name: f"{module}:{one.name}" for one in statement.names}


def resolved(symbol: str) -> str:
    """Follow imports of selftaught's packages to where a symbol is defined; a module is `module:`."""
    module, _, name = symbol.partition(":")
    if not name or module.partition(".")[0] != OURS:
        return symbol
    source = source_of(module)
    if name in source.definitions:
        return symbol
    if name in source.imports:
        return resolved(source.imports[name])
    if importlib.util.find_spec(f"{module}.{name}") is not None:
        return f"{module}.{name}:"
    raise LookupError(symbol)


def standard(symbol: str) -> bool:
    """True for a symbol of the standard library."""
    return symbol.partition(":")[0].partition(".")[0] in sys.stdlib_module_names


def meaning(source: Source, name: str) -> str | None:
    """Return the symbol of a global name in a module; None for a builtin."""
    if name in source.definitions:
        return f"{source.name}:{name}"
    if name in source.imports:
        return resolved(source.imports[name])
    if hasattr(builtins, name) or name.startswith("__"):
        return None
    raise LookupError(f"{source.name}: {name}")
