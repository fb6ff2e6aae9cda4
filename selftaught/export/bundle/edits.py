"""Taking a piece of a module's text, with other names for what it refers to; its layout and comments stay."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from selftaught.export.bundle.names import Reference, Uses, uses_of
from selftaught.export.bundle.provided import LEFT_DECORATORS
from selftaught.export.bundle.reach import Class, methods_of
from selftaught.export.bundle.sources import Definition, Source

MARKS = re.compile(r"[ \t]+# (?:noqa|type: ignore)(?:(?!  #)[^\n])*")
"""Comments for the linter and the type checker of this repository."""


class Editor:
    """Takes pieces.

    Args:
        renamed: the name of what a reference means.
    """

    def __init__(self, renamed: Callable[[Reference], str]) -> None:
        self.renamed = renamed

    def definition(self, source: Source, node: Definition, uses: Uses, name: str) -> str:
        """Return a function or a value under a name, with the text that says what the value is."""
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = self._lines(source, first_line(node), last_line(node), uses)
            return re.sub(rf"^((?:async )?def ){node.name}\b", rf"\g<1>{name}", text, count=1, flags=re.MULTILINE)
        text = self._lines(source, first_line(node), last_line(node), uses)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        said = next((source.said[one.id] for one in targets if isinstance(one, ast.Name) and one.id in source.said), None)
        return text + (self._lines(source, said.lineno, last_line(said), Uses()) if said else "")

    def _lines(self, source: Source, first: int, last: int, uses: Uses) -> str:
        begin, end = source.starts[first - 1], source.starts[last - 1] + len(source.lines[last - 1])
        return MARKS.sub("", self._edited(source, begin, end, uses))

    def _edited(self, source: Source, begin: int, end: int, uses: Uses) -> str:
        edits = {(one.start, one.end, self.renamed(one).encode()) for one in uses.references if one.symbol not in LEFT_DECORATORS}
        edits |= {(start, stop, b"") for start, stop in uses.gone}
        text = source.text[begin:end]
        for start, stop, new in sorted(edits, reverse=True):
            if begin <= start < end:
                text = text[: start - begin] + new + text[stop - begin :]
        return text.decode()

    def expression(self, source: Source, node: ast.expr) -> str:
        """Return an expression."""
        end = source.offset(last_line(node), node.end_col_offset or 0)
        return self._edited(source, source.offset(node.lineno, node.col_offset), end, uses_of(source, node))

    def class_of(self, found: Class, name: str) -> str:
        """Return a class under a name, with the methods that were taken."""
        node, source = found.node, found.source
        lines = [f"@{self.expression(source, one)}\n" for one in node.decorator_list if not left(source, one)]
        bases = [self.expression(source, one) for one in node.bases]
        bases += [f"{one.arg}={self.expression(source, one.value)}" for one in node.keywords]
        lines.append(_class_line(name, bases))
        about = (ast.get_docstring(node) or "").split("\n\n")[0]
        lines += [_docstring(about)] if about else []
        body = "".join(self._members(found)).strip("\n")
        return "".join(lines) + (f"\n{body}\n" if body else "" if about else "    pass\n")

    def _members(self, found: Class) -> Iterable[str]:
        methods = {id(node) for name, node in methods_of(found.node) if name in found.taken}
        after_method = False
        for one in found.node.body:
            method = isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            if (method and id(one) in methods) or isinstance(one, ast.Assign | ast.AnnAssign):
                text = self._lines(found.source, first_line(one), last_line(one), uses_of(found.source, one, member=True))
                yield ("\n" if method or after_method else "") + text
                after_method = method


def left(source: Source, decorator: ast.expr) -> bool:
    """True for a decorator that has no meaning in the file."""
    return any(one.symbol in LEFT_DECORATORS for one in uses_of(source, decorator).references)


def first_line(node: ast.stmt) -> int:
    """Return the line on which a definition begins, with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    return int(decorators[0].lineno if decorators else node.lineno)


def last_line(node: ast.stmt | ast.expr) -> int:
    """Return the line on which a piece ends."""
    return node.end_lineno or node.lineno


def _class_line(name: str, bases: list[str]) -> str:
    return f"class {name}({', '.join(bases)}):\n" if bases else f"class {name}:\n"


def _docstring(about: str) -> str:
    lines = [line.strip().replace("\\", "\\\\") for line in about.splitlines()]
    return f'    """{lines[0]}"""\n' if len(lines) == 1 else '    """' + "\n    ".join(lines) + '\n    """\n'
