"""Which target is written by what. A target is loaded when it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

from selftaught.artifact import check_settings, load
from selftaught.errors import ExportError, SettingError, nearest
from selftaught.export.writing import Content, write


@dataclass(frozen=True, slots=True)
class Target:
    """A form that programs are exported in.

    `made_by`: `module:function`, from a program to a text (`ending` is the file's) or to the files of a folder (no `ending`).
    """

    about: str
    made_by: str
    ending: str = ""


TARGETS = {
    "messages": Target("chat templates as JSON, one a step, for any language", "selftaught.export.messages:to_messages", ".messages.json"),
    "prompty": Target("a folder with a .prompty file a step", "selftaught.export.prompty:to_prompty"),
    "jinja": Target("a folder with a Jinja template a step, which renders the messages as JSON", "selftaught.export.prompty:to_jinja"),
    "dspy": Target("a folder with DSPy's state, and a plain DSPy module where there is one step", "selftaught.export.dspy_state:to_dspy"),
    "python": Target("one file of Python that needs an HTTP client only", "selftaught.export.python:to_python", ".py"),
    "langchain": Target("a folder with the program as a LangChain runnable", "selftaught.export.langchain:to_langchain"),
    "llama-index": Target("a folder with the program as a LlamaIndex tool", "selftaught.export.llama_index:to_llama_index"),
    "container": Target("a folder that builds an image which serves the program", "selftaught.export.container:to_container"),
}  # fmt: skip


def export(program: dspy.Module | str | Path, to: str, path: str | Path | None = None) -> Path:
    """Write a program in another form.

    Args:
        program: a program, or the path of an artifact.
        to: one of `TARGETS`.
        path: the file or folder to write; by default named after the artifact, beside it. What an earlier export wrote there is
            replaced, other files never.

    Raises:
        SettingError: an unknown target. ExportError: a program without a form in it, or a place that cannot be written.
        ArtifactError: there is no good artifact at the path, or a step holds an address or a key.
    """
    target = TARGETS.get(to)
    if target is None:
        raise SettingError(f"There is no target {to!r}{nearest(to, TARGETS)}. Expected one of {', '.join(TARGETS)}.")
    if path is None and isinstance(program, dspy.Module):
        raise ExportError(f"export(program, {to!r}): say where to, as export(program, {to!r}, path).")
    place = Path(path) if path is not None else default_path(Path(str(program)), to)
    found = program if isinstance(program, dspy.Module) else load(program)
    check_settings(found)
    return write(place, _content(target, found))


def default_path(artifact: Path, to: str) -> Path:
    """Return where the export of an artifact goes when nobody says."""
    target = TARGETS[to]
    return artifact.with_name(artifact.stem + (target.ending or f"-{to}"))


def _content(target: Target, program: Any) -> Content:
    module, _, function = target.made_by.partition(":")
    return getattr(importlib.import_module(module), function)(program)
