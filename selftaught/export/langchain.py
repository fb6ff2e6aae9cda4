"""A program as a LangChain `Runnable`: a dictionary of inputs in, a dictionary of outputs out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import dspy

from selftaught.errors import InputError, PackageMissing
from selftaught.export.wrapping import WRAPPER, models_of, outputs_of
from selftaught.export.writing import artifact_bytes


def runnable(program: Any, *, lm: dspy.BaseLM | None = None) -> Any:
    """Return a program as a `langchain_core.runnables.RunnableLambda` with typed input and output.

    Args:
        program: a program of the catalogue, or a DSPy module with a `task` or a `signature`.
        lm: the model it asks; by default the one that DSPy is configured with.

    Raises:
        PackageMissing: langchain-core is not installed. ExportError: what the program takes cannot be known.
    """
    try:
        from langchain_core.runnables import RunnableLambda
    except ImportError as error:
        raise PackageMissing("A runnable needs langchain-core. Install it with: pip install 'selftaught[langchain]'") from error
    takes, gives = models_of(program)

    def answer(inputs: Any) -> dict[str, Any]:
        with dspy.context(lm=lm) if lm is not None else contextlib.nullcontext():
            return outputs_of(program, program(**_named(inputs, takes)))

    async def aanswer(inputs: Any) -> dict[str, Any]:
        with dspy.context(lm=lm) if lm is not None else contextlib.nullcontext():
            return outputs_of(program, await program.acall(**_named(inputs, takes)))

    made: Any = RunnableLambda(answer, afunc=aanswer, name=type(program).__name__)
    return made.with_types(input_type=takes, output_type=gives)


def _named(inputs: Any, takes: Any) -> dict[str, Any]:
    names = list(takes.model_fields)
    if isinstance(inputs, Mapping):
        return dict(inputs)
    if len(names) == 1:
        return {names[0]: inputs}
    raise InputError(f"The runnable was given a {type(inputs).__name__}; it takes a dictionary with {', '.join(names)}.")


def to_langchain(program: dspy.Module) -> dict[str, str | bytes]:
    """Return the artifact and a module that loads it as `chain`."""
    source = WRAPPER.format(what="LangChain runnable", module="langchain", function="runnable", name="chain", package="langchain")
    return {"chain.py": source, "program.st": artifact_bytes(program)}
