"""What leaves the house: a program in the form that its next place takes.

`export(program, to, path)`: chat templates (`messages`), `prompty`, `jinja`, DSPy's own state (`dspy`), one file of Python (`python`),
a `langchain` or `llama-index` wrapper, a `container`. No target writes a key, an address or a header: these are the model's.

The package itself can be called too, so that `st.export(...)` is the same whether or not something below it was imported before.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from selftaught.export.dispatch import TARGETS, Target, default_path, export

__all__ = ["TARGETS", "Target", "default_path", "export"]


class _Callable(ModuleType):
    def __call__(self, program: Any, to: str, path: str | Path | None = None) -> Path:
        """See `export`."""
        return export(program, to, path)


sys.modules[__name__].__class__ = _Callable
