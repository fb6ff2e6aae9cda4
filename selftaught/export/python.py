"""A program as one file of Python that needs nothing but Python.

1. Everything is followed from the program: its classes, the methods of these that a call reaches, and what those use.
2. The program as it stands (prompts, demonstrations, settings) becomes source that builds it again.
3. What needs a library is replaced by our runtime; what nothing can stand in for is refused, with the reason.
4. The parts are written in the order in which they need each other, under names of their own.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.artifact_format import SETTINGS
from selftaught.errors import ExportError
from selftaught.export.bundle.face import Face
from selftaught.export.bundle.frozen import Freezer
from selftaught.export.bundle.layout import Node
from selftaught.export.bundle.page import Page
from selftaught.export.bundle.provided import REFUSED, RUNTIME
from selftaught.export.bundle.reach import Reach

ALWAYS = (
    "steps:Module",
    "server:configure",
    "command:run",
    "command:finished",
    "command:given",
    "kinds:NOTHING",
    "values:Prediction",
)
CALLED = ("aforward", "acall", "accepts", "task", "signature")
MODEL_SETTINGS = {"max_tokens": 1024}


def to_python(program: dspy.Module, *, settings: dict[str, Any] | None = None) -> str:
    """Return a program as one readable file of Python that needs the standard library only.

    Args:
        program: a program of the catalogue, tuned or not.
        settings: of every request, such as `temperature`; `max_tokens` is 1024 unless it is given.

    Raises:
        ExportError: the program, or a part of it, has no form in such a file; the message says which and why.
    """
    if unknown := sorted((settings or {}).keys() - SETTINGS):
        raise ExportError(
            f"settings: {unknown[0]!r} is no setting of how to decode. Where requests go and with which key is said when the file runs."
        )
    if not hasattr(program, "aforward") or (not hasattr(program, "task") and not hasattr(program, "signature")):
        raise ExportError(f"A {type(program).__name__} has no task that it carries out, so there is nothing to export.")
    reach, freezer, root, face = _followed(program)
    refuse(program, reach)
    return Page(reach, freezer, root, face, {**MODEL_SETTINGS, **(settings or {})}).text()


def _followed(program: dspy.Module) -> tuple[Reach, Freezer, Node, Face]:
    reach = Reach()
    reach.use(CALLED)
    reach.take("sys:")
    for one in ALWAYS:
        reach.take(f"{RUNTIME}.{one}")
    before: Any = None
    while before != (size := reach.size()):
        before = size
        freezer = Freezer(program, reach)
        root = freezer.node(program, type(program).__name__)
        face = Face(program, freezer.types)
    return reach, freezer, root, face


def refuse(program: dspy.Module, reach: Reach) -> None:
    """Refuse what nothing can stand in for.

    Raises:
        ExportError: a library, or a module of ours that does what a file cannot.
    """
    name = type(program).__name__
    for symbol in [*reach.classes, *reach.others]:
        for module, why in REFUSED.items():
            if symbol.partition(":")[0] == module or symbol.startswith(module + "."):
                raise ExportError(f"{name} cannot be exported as a file of Python: {why}. {INSTEAD}")
    for symbol, by in reach.outside.items():
        library = symbol.partition(":")[0].partition(".")[0]
        raise ExportError(f"{name} cannot be exported as a file of Python: {by.rpartition(':')[2]} needs {library}. {INSTEAD}")


INSTEAD = "Serve it where selftaught is installed, or export a container."
