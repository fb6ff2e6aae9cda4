"""What was taken, in the order and under the names of the exported file."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from selftaught.export.bundle.edits import Editor, left
from selftaught.export.bundle.names import Reference, Uses, uses_of
from selftaught.export.bundle.names_given import Names
from selftaught.export.bundle.provided import ORDER
from selftaught.export.bundle.reach import Class, Reach, canonical, class_values
from selftaught.export.bundle.sources import OURS, Definition, source_of, standard


class Writer:
    """Writes what was taken, under the names that it has in the file.

    Attributes:
        names: of everything, by its key.
        instead: symbol -> what stands in its place.
    """

    def __init__(self, reach: Reach, reserved: Iterable[str]) -> None:
        self.reach = reach
        self.instead: dict[str, str] = {}
        self._headers = {symbol: _header(found) for symbol, found in reach.classes.items()}
        hidden: dict[str, set[str]] = {}
        for uses in self._uses():
            for one in uses.references:
                hidden.setdefault(canonical(one.symbol), set()).update(one.hidden)
        self.names = Names(hidden, reserved)
        self.editor = Editor(lambda one: self.names.given[self.symbol_of(one)])
        self.modules = self._order()
        self._name_all()

    def _name_all(self) -> None:
        """Give every symbol its name: what is imported first, since it is known by its own."""
        used = {self.symbol_of(one) for uses in self._uses() for one in uses.references}
        for symbol in sorted(one for one in used | self.reach.libraries if not _ours(one)):
            module, _, name = symbol.partition(":")
            self.names.give(symbol, name or module)
        for symbol in self.symbols():
            module, _, name = symbol.partition(":")
            self.names.give(symbol, name, more=(module.rpartition(".")[2].strip("_"),))

    def _uses(self) -> Iterable[Uses]:
        for _, _, uses in self.reach.others.values():
            yield uses
        for symbol, found in self.reach.classes.items():
            yield self._headers[symbol]
            yield from found.taken.values()

    def symbol_of(self, one: Reference) -> str:
        """Return what a reference means in the file: `Any` where an annotation names what was not taken."""
        symbol = canonical(one.symbol)
        taken = symbol in self.reach.classes or symbol in self.reach.others if _ours(symbol) else standard(symbol)
        return symbol if taken else "typing:Any"

    def symbols(self) -> list[str]:
        """Return what was taken, in the order of the file."""
        place = {module: number for number, module in enumerate(self.modules)}
        return sorted([*self.reach.classes, *self.reach.others], key=lambda one: (place[_module(one)], _line(one)))

    def _order(self) -> list[str]:
        """Return the modules of which something was taken, each after those that it needs when it is loaded."""
        needed: dict[str, set[str]] = {}
        for symbol in self.reach.classes:
            needed.setdefault(_module(symbol), set()).update(_needed([self._headers[symbol]]))
        for symbol, (source, node, _) in self.reach.others.items():
            needed.setdefault(_module(symbol), set()).update(_needed(uses_of(source, part) for part in _loaded(node)))
        return _sorted(needed)

    def import_lines(self) -> list[str]:
        """Return the import statements."""
        plain, by_module = list[str](), dict[str, list[str]]()
        for symbol, name in self.names.given.items():
            module, _, what = symbol.partition(":")
            if not standard(symbol):
                continue
            known_as = f" as {name}" if name != (what or module) else ""
            if what:
                by_module.setdefault(module, []).append(what + known_as)
            else:
                plain.append(f"import {module}{known_as}")
        return [*sorted(plain), *(f"from {one} import {', '.join(sorted(names))}" for one, names in sorted(by_module.items()))]

    def text_of(self, symbol: str) -> str:
        """Return what was taken, or what is to stand in its place."""
        if symbol in self.instead:
            return self.instead[symbol]
        name = self.names.given[symbol]
        if symbol in self.reach.classes:
            return self.editor.class_of(self.reach.classes[symbol], name)
        source, node, uses = self.reach.others[symbol]
        return self.editor.definition(source, node, uses, name)


def _ours(symbol: str) -> bool:
    return _module(symbol).partition(".")[0] == OURS


def _module(symbol: str) -> str:
    return symbol.partition(":")[0]


def _line(symbol: str) -> int:
    module, _, name = symbol.partition(":")
    return source_of(module).definitions[name].lineno


def _header(found: Class) -> Uses:
    """Return what a class uses outside its methods."""
    whole = Uses()
    parts = [*found.node.bases, *class_values(found.node), *(one.value for one in found.node.keywords)]
    parts += [one for one in found.node.decorator_list if not left(found.source, one)]
    for part in parts:
        whole.references += uses_of(found.source, part).references
    for statement in found.node.body:
        if isinstance(statement, ast.AnnAssign):
            whole.references += uses_of(found.source, statement, member=True).references
    return whole


def _loaded(node: Definition) -> list[ast.AST]:
    """Return the parts of a definition that are evaluated when its module is loaded."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [*node.args.defaults, *(one for one in node.args.kw_defaults if one), *node.decorator_list]
    return [node]


def _needed(uses: Iterable[Uses]) -> set[str]:
    return {_module(canonical(one.symbol)) for each in uses for one in each.references if one.kind != "annotation"}


def _sorted(needed: dict[str, set[str]]) -> list[str]:
    """Return modules after those that they need, the runtime first and the program last."""
    found: list[str] = []
    inside: set[str] = set()

    def visit(module: str) -> None:
        if module not in inside:
            inside.add(module)
            for other in sorted(needed[module] & needed.keys()):
                visit(other)
            found.append(module)

    for module in sorted(
        needed, key=lambda one: (ORDER.index(one) if one in ORDER else len(ORDER), ".signatures" not in one, one)
    ):
        visit(module)
    return found
