"""Hostile programs as data: what code that means harm would try, and what must be true afterwards."""

from tests.sandbox.hostile import files, interpreter, kernel, network, processes, resources
from tests.sandbox.hostile.snippet import PRELUDE, Snippet

SNIPPETS: list[Snippet] = [
    *files.SNIPPETS,
    *interpreter.SNIPPETS,
    *kernel.SNIPPETS,
    *network.SNIPPETS,
    *processes.SNIPPETS,
    *resources.SNIPPETS,
]

__all__ = ["PRELUDE", "SNIPPETS", "Snippet"]
