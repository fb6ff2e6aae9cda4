"""The exported file as a whole: what it says of itself, its imports, its parts, the program, and what callers see."""

from __future__ import annotations

import inspect
from typing import Any

from selftaught import __version__
from selftaught.export.bundle.face import Face
from selftaught.export.bundle.frozen import Freezer
from selftaught.export.bundle.layout import Group, Named, Node, atom, quoted_line, written
from selftaught.export.bundle.provided import RUNTIME
from selftaught.export.bundle.reach import Reach, canonical
from selftaught.export.bundle.sources import source_of
from selftaught.export.bundle.write import Writer

WIDEST = 130
SIGNATURE = Named(f"{RUNTIME}.signatures:Signature")


class Page:
    """One exported file.

    Args:
        reach: what was taken.
        freezer: the program as source; `root` is its last value.
        face: what callers see.
        settings: of every request.
    """

    def __init__(self, reach: Reach, freezer: Freezer, root: Node, face: Face, settings: dict[str, Any]) -> None:
        self.freezer, self.root, self.face = freezer, root, face
        self.classes = freezer.types.classes
        self.writer = Writer(reach, self.classes)
        self.given = self.writer.names.given
        self.given.update({f"class:{name}": name for name in self.classes})
        defaults, about = f"{RUNTIME}.server:DEFAULTS", '"""The settings of every request."""'
        self.writer.instead[defaults] = f"{self.given[defaults]}: dict[str, Any] = {written(atom(settings), str)}\n{about}"

    def text(self) -> str:
        """Return the file."""
        sections = []
        for module in self.writer.modules:
            sections.append(_heading(module))
            sections += [self.writer.text_of(symbol) for symbol in self.writer.symbols() if symbol.partition(":")[0] == module]
        sections += [*self._program(), self.face.text(self._named)]
        imports = "\n".join(self.writer.import_lines())
        return f"{self.face.docstring(__version__)}\n\nfrom __future__ import annotations\n\n{imports}\n\n{spaced(sections)}\n"

    def _named(self, key: str) -> str:
        return self.given.get(key) or self.given[canonical(key)]

    def _program(self) -> list[str]:
        """Return the user's types, the prompts, the parts that are used twice, and the program."""
        values, uses = self.freezer.values, self.freezer.uses
        kept = [key for key, node in values.items() if uses[key] > 1 or (isinstance(node, Group) and node.opens[0] == SIGNATURE)]
        for key in kept:
            self.writer.names.give(key, self.freezer.wishes[key])
        inside = {key: node for key, node in values.items() if key not in kept}
        parts = ["# The program: its types, its prompts, its parts.", *(self._class(name) for name in self.classes)]
        parts += [self._assigned(self.given[key], inlined(values[key], inside)) for key in kept]
        return [*parts, self._assigned("PROGRAM", inlined(self.root, inside))]

    def _assigned(self, name: str, node: Node) -> str:
        return f"{name} = {written(node, self._named, 0, len(name) + 3)}"

    def _class(self, name: str) -> str:
        kind, lines, base = self.classes[name]
        about = inspect.cleandoc(kind.__doc__) if kind.__dict__.get("__doc__") else ""
        literal = quoted_line(about) if '"' in about or "\\" in about or "\n" in about else f'"""{about}"""'
        said = [f"    {literal}\n"] if about else []
        body = [f"    {label}{written(node, self._named, 4)}" for label, node in lines]
        return "\n".join([f"class {name}({self._named(base)}):", *said, *body])


def inlined(node: Node, values: dict[str, Node]) -> Node:
    """Put values that are used once where they are used."""
    if isinstance(node, Named) and node.key in values:
        return inlined(values[node.key], values)
    if isinstance(node, Group):
        opens = [inlined(one, values) for one in node.opens]
        return Group(opens, node.closes, [(label, inlined(one, values)) for label, one in node.parts], node.pieces)
    return node


def spaced(sections: list[str]) -> str:
    """Join definitions with two empty lines around functions and classes, and none between values."""
    text, before = "", "value"
    for section in (one.strip("\n") for one in sections):
        kind = _kind(section)
        wide = {"def", "note"} & {kind, before} and not (before == "note" and kind == "value")
        text += "\n" * (3 if wide else 2 if before == "note" else 1) + section
        before = kind
    return text.strip()


def _kind(section: str) -> str:
    if section.startswith("# "):
        return "note"
    return "def" if section.startswith(("def ", "class ", "async def ", "@", "if ")) else "value"


def _heading(module: str) -> str:
    about = " ".join(source_of(module).text.decode().split('"""')[1].split("\n\n")[0].split())
    line = f"# {module.replace(f'{RUNTIME}.', '').removeprefix('selftaught.')}: {about}"
    return line if len(line) <= WIDEST else line[: WIDEST - 4].rsplit(" ", 1)[0] + " ..."
