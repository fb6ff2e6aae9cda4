"""What a program needs to run: starting from what is called, every definition that can be reached.

Only those methods of a class are taken whose name is used somewhere in the code that is taken already, and only of classes of
which there are instances. So constructors go, where the parts of the program were made here already; and so do costs, diagrams,
training and saving.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from selftaught.export.bundle.names import Uses, uses_of
from selftaught.export.bundle.provided import ALWAYS_LEFT, GUARDED, LEFT_DECORATORS, LEFT_METHODS, PROVIDED, RUNTIME
from selftaught.export.bundle.sources import OURS, Definition, Source, resolved, source_of, standard


@dataclass
class Class:
    """A class that is taken: its bases, the methods taken of it, and whether there are instances of it."""

    symbol: str
    source: Source
    node: ast.ClassDef
    bases: list[str]
    live: bool = False
    taken: dict[str, Uses] = field(default_factory=dict)
    made_by_code: bool = False


class Reach:
    """The definitions that are taken.

    Attributes:
        classes, others: symbol -> what is taken; others are functions and values.
        attributes: every attribute name that the code uses.
        outside: symbols of libraries that are used -> by which definition.
        why: symbol -> what asked for it first.
        open: guarded methods that may be called, see `provided.GUARDED`.
    """

    def __init__(self) -> None:
        self.classes: dict[str, Class] = {}
        self.others: dict[str, tuple[Source, Definition, Uses]] = {}
        self.attributes: dict[str, str] = {}
        self.outside: dict[str, str] = {}
        self.libraries: set[str] = set()
        self.why: dict[str, str] = {}
        self.open: set[str] = set()
        self._waiting: list[tuple[str, str, str]] = []

    def take(self, symbol: str, kind: str = "value", by: str = "") -> None:
        """Take what a symbol means, with everything that it needs."""
        self._waiting.append((symbol, kind, by))
        while self._waiting:
            self._take(*self._waiting.pop())
            if not self._waiting:
                self._take_methods()

    def use(self, attributes: Iterable[str], by: str = "") -> None:
        """Note attribute names that are used, and take the methods of these names."""
        for name in attributes:
            self.attributes.setdefault(name, by)

    def _take(self, symbol: str, kind: str, by: str) -> None:
        symbol = canonical(symbol)
        module, _, name = symbol.partition(":")
        if module.partition(".")[0] != OURS:
            if standard(symbol):
                self.libraries.add(symbol)
            elif kind != "annotation":
                self.outside.setdefault(symbol, by)
            return
        if not name or kind == "annotation":
            return
        source = source_of(module)
        node = source.definitions[name]
        self.why.setdefault(symbol, by)
        if isinstance(node, ast.ClassDef):
            self._take_class(symbol, source, node, kind)
        elif symbol not in self.others:
            uses = uses_of(source, node)
            self.others[symbol] = source, node, uses
            self._follow(uses, symbol)

    def _take_class(self, symbol: str, source: Source, node: ast.ClassDef, kind: str) -> None:
        if symbol not in self.classes:
            bases = [canonical(one.symbol) for base in node.bases for one in uses_of(source, base).references]
            self.classes[symbol] = Class(symbol, source, node, bases)
            self._waiting += [(base, "kind", symbol) for base in bases]
            self._follow(self._header(source, node), symbol)
        found = self.classes[symbol]
        found.made_by_code |= kind == "value"
        found.live |= kind in ("value", "instance")

    def _header(self, source: Source, node: ast.ClassDef) -> Uses:
        """Return what is used outside the methods of a class; the annotations of a value type are read at run time."""
        header = Uses()
        parts = [*node.decorator_list, *(one.value for one in node.keywords), *class_values(node)]
        parts += [one.annotation for one in node.body if isinstance(one, ast.AnnAssign) and not node.decorator_list]
        for part in parts:
            found = uses_of(source, part)
            header.references += found.references
            header.attributes |= found.attributes
        return header

    def ancestors(self, symbol: str) -> list[str]:
        """Return a class and its bases, those of the standard library left out."""
        found = self.classes.get(symbol)
        return [symbol, *(one for base in found.bases for one in self.ancestors(base))] if found else []

    def _take_methods(self) -> None:
        live = {above for one in self.classes.values() if one.live for above in self.ancestors(one.symbol)}
        made = {above for one in self.classes.values() if one.made_by_code for above in self.ancestors(one.symbol)}
        for symbol in live:
            found = self.classes[symbol]
            for name, node in methods_of(found.node):
                if name not in found.taken and self._wanted(symbol, name, made):
                    found.taken[name] = uses = uses_of(found.source, node)
                    self.why.setdefault(f"{symbol}.{name}", f".{name} in {self.attributes.get(name)}")
                    self._follow(uses, f"{symbol}.{name}")

    def _wanted(self, symbol: str, name: str, made: set[str]) -> bool:
        if (
            name in LEFT_METHODS
            and (name in ALWAYS_LEFT or f"{RUNTIME}.steps:Module" in self.ancestors(symbol))
            and RUNTIME not in symbol
        ):
            return False
        if f"{symbol}.{name}" in GUARDED and f"{symbol}.{name}" not in self.open:
            return False
        if name == "__init__":
            return symbol in made
        return name.startswith("__") or name in self.attributes

    def _follow(self, uses: Uses, by: str) -> None:
        self.use(uses.attributes, by)
        self._waiting += [(one.symbol, one.kind, by) for one in uses.references if one.symbol not in LEFT_DECORATORS]

    def constructed(self, symbol: str) -> bool:
        """True for a class whose constructor is taken, its own or that of a base other than the runtime's."""
        return any("__init__" in self.classes[one].taken for one in self.ancestors(symbol) if one != f"{RUNTIME}.steps:Module")

    def size(self) -> tuple[int, ...]:
        """Return how much is taken; the same twice means that nothing more is reached."""
        methods = sum(len(one.taken) for one in self.classes.values())
        return len(self.classes), len(self.others), len(self.attributes), methods, len(self.libraries), len(self.open)

    def trace(self, symbol: str) -> list[str]:
        """Return why a symbol was taken, back to the program."""
        found = [symbol]
        while (before := self.why.get(found[-1]) or self.outside.get(found[-1])) and before not in found:
            found.append(before.rpartition(" in ")[2])
        return found


def canonical(symbol: str) -> str:
    """Return where a symbol is defined, or what is provided in its place."""
    if symbol in PROVIDED:
        return PROVIDED[symbol]
    found = resolved(symbol)
    return PROVIDED.get(found, found)


def methods_of(node: ast.ClassDef) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Return the methods of a class; a property and its setter have the same name."""
    return [(one.name, one) for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]


def class_values(node: ast.ClassDef) -> list[ast.expr]:
    """Return the values that the body of a class assigns."""
    return [one.value for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None]
