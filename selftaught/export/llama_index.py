"""A program as a LlamaIndex tool, which agents and workflows call."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import dspy

from selftaught.errors import PackageMissing
from selftaught.export.wrapping import WRAPPER, about, models_of, outputs_of
from selftaught.export.writing import artifact_bytes


def tool(program: Any, *, lm: dspy.BaseLM | None = None, name: str | None = None) -> Any:
    """Return a program as a `llama_index.core.tools.FunctionTool` with a typed schema.

    Args:
        program: a program of the catalogue, or a DSPy module with a `task` or a `signature`.
        lm: the model it asks; by default the one that DSPy is configured with.
        name: of the tool; by default that of the task.

    Raises:
        PackageMissing: llama-index-core is not installed. ExportError: what the program takes cannot be known.
    """
    try:
        from llama_index.core.tools import FunctionTool
    except ImportError as error:
        raise PackageMissing("A tool needs llama-index-core. Install it with: pip install 'selftaught[llama-index]'") from error
    takes, _ = models_of(program)

    def answer(**inputs: Any) -> dict[str, Any]:
        with dspy.context(lm=lm) if lm is not None else contextlib.nullcontext():
            return outputs_of(program, program(**inputs))

    async def aanswer(**inputs: Any) -> dict[str, Any]:
        with dspy.context(lm=lm) if lm is not None else contextlib.nullcontext():
            return outputs_of(program, await program.acall(**inputs))

    named = name or re.sub(r"\W", "_", takes.__name__.removesuffix("Inputs")).lower()
    return FunctionTool.from_defaults(fn=answer, async_fn=aanswer, name=named, description=about(program), fn_schema=takes)


def to_llama_index(program: dspy.Module) -> dict[str, str | bytes]:
    """Return the artifact and a module that loads it as `tool`."""
    source = WRAPPER.format(
        what="LlamaIndex tool", module="llama_index", function="tool", name="answer_tool", package="llama-index"
    )
    return {"tool.py": source, "program.st": artifact_bytes(program)}
