"""Finding in a piece of code the names that mean something outside it, the attributes it uses, and what is local.

Each reference says where it stands in the text, so that it can be given another name there; and whether it stands in an
annotation, which needs nothing at run time, or where only the kind of a value is asked (`isinstance`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from selftaught.export.bundle.sources import OURS, Source, imported, meaning, resolved, standard


@dataclass(frozen=True)
class Reference:
    """A name, or a dotted name, and the symbol that it means."""

    symbol: str
    start: int
    end: int
    kind: str
    hidden: frozenset[str]


@dataclass
class Uses:
    """What a piece of code uses. `gone`: imports inside functions, as places in the text, with the indent of the line."""

    references: list[Reference] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    gone: list[tuple[int, int]] = field(default_factory=list)


class Reader(ast.NodeVisitor):
    """Collects the uses of one piece of a module."""

    def __init__(self, source: Source, *, member: bool = False) -> None:
        self.source, self.uses, self.member = source, Uses(), member
        self.local: list[dict[str, str | None]] = []
        self.kind = "value"

    def visit_Name(self, node: ast.Name) -> None:
        """Note a global name."""
        if isinstance(node.ctx, ast.Store) and self.member and not self.local:
            return
        self._refer(node, self._symbol(node))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Note what a module gives, such as `dspy.Prediction`, or an attribute of a value."""
        symbol = self._symbol(node)
        if symbol is not None:
            self._refer(node, symbol)
            return
        base = self._symbol(node.value)
        if base is None or not base.endswith(":"):
            self.uses.attributes.add(node.attr)
        self.visit(node.value)

    def _symbol(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            for scope in reversed(self.local):
                if node.id in scope:
                    return scope[node.id]
            return meaning(self.source, node.id)
        if isinstance(node, ast.Attribute):
            base = self._symbol(node.value)
            if base is not None and base.endswith(":") and not standard(base):
                return resolved(base + node.attr) if base.partition(".")[0] == OURS else _dotted(base, node.attr)
        return None

    def _refer(self, node: ast.expr, symbol: str | None) -> None:
        if symbol is None:
            return
        start = self.source.offset(node.lineno, node.col_offset)
        end = self.source.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        hidden = frozenset(name for scope in self.local for name, known in scope.items() if known is None)
        self.uses.references.append(Reference(symbol, start, end, self.kind, hidden))

    def visit_Call(self, node: ast.Call) -> None:
        """Note what only the kind of a value is compared with, and attributes that are named by a text."""
        named = node.func.id if isinstance(node.func, ast.Name) else ""
        if named in ("getattr", "hasattr", "setattr") and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
            self.uses.attributes.add(str(node.args[1].value))
        self.visit(node.func)
        for number, part in enumerate([*node.args, *(one.value for one in node.keywords)]):
            if named in ("isinstance", "issubclass") and number == 1:
                self._within("kind", part)
            else:
                self.visit(part)

    def _within(self, kind: str, *nodes: ast.AST | None) -> None:
        before, self.kind = self.kind, kind
        for node in nodes:
            if node is not None:
                self.visit(node)
        self.kind = before

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """An import inside a function: what it means is known, and the statement is not needed."""
        meanings = {name: resolved(one) for name, one in imported(node).items()}
        self.local[-1] |= meanings
        start = self.source.offset(node.lineno, 0)
        self.uses.gone.append(
            (
                start,
                self.source.offset(node.end_lineno or node.lineno, 0)
                + len(self.source.lines[(node.end_lineno or node.lineno) - 1]),
            )
        )

    def visit_Import(self, node: ast.Import) -> None:
        """See `visit_ImportFrom`."""
        self.visit_ImportFrom(node)  # type: ignore[arg-type]

    def visit_arg(self, node: ast.arg) -> None:
        """Read the annotation of an argument."""
        self._within("annotation", node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Read an annotated assignment."""
        self.visit(node.target)
        self._within("annotation", node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Read a function: its defaults and annotations outside, its body inside."""
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.visit(node.args)
        self._within("annotation", node.returns)
        self.local.append(dict.fromkeys(bound_in(node)))
        for statement in node.body:
            self.visit(statement)
        self.local.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Read a lambda."""
        self.visit(node.args)
        self.local.append(dict.fromkeys(bound_in(node)))
        self.visit(node.body)
        self.local.pop()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        names = [one.id for part in node.generators for one in ast.walk(part.target) if isinstance(one, ast.Name)]
        self.local.append(dict.fromkeys(names))
        self.generic_visit(node)
        self.local.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def bound_in(node: ast.AST) -> set[str]:
    """Return the names that a function binds, those of functions inside it left out."""
    names: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        names |= {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(one.name)
            continue
        if isinstance(one, ast.Lambda):
            continue
        if isinstance(one, ast.comprehension):  # its target is known in the comprehension only
            waiting += [one.iter, *one.ifs]
            continue
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            names.add(one.id)
        if isinstance(one, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and one.name:
            names.add(one.name)
        waiting += ast.iter_child_nodes(one)
    return names


def _dotted(base: str, name: str) -> str:
    """Return what a library's module gives: a module of it, or a name in it."""
    import importlib.util

    module = base[:-1]
    try:
        inner = importlib.util.find_spec(f"{module}.{name}") is not None
    except (ImportError, ValueError, AttributeError):
        inner = False
    return f"{module}.{name}:" if inner else f"{module}:{name}"


def uses_of(source: Source, node: ast.AST, *, member: bool = False) -> Uses:
    """Return what a piece of a module uses; a member of a class has a name that means nothing outside it."""
    reader = Reader(source, member=member)
    reader.visit(node)
    return reader.uses
