"""Writing what was exported: a file or a folder, whole or not at all."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import dspy

from selftaught.artifact import save
from selftaught.errors import ExportError

Content = str | Mapping[str, str | bytes]
"""The text of a file, or the files of a folder by name."""


def write(place: Path, content: Content) -> Path:
    """Write a file or a folder and return where; what an earlier export wrote there is replaced.

    Raises:
        ExportError: it cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            _write_file(place, content.encode())
        else:
            _write_folder(place, {name: text.encode() if isinstance(text, str) else text for name, text in content.items()})
    except (OSError, ValueError) as error:
        raise ExportError(f"{place} cannot be written: {error}.") from error
    return place


def _write_file(place: Path, content: bytes) -> None:
    half = place.with_name(place.name + ".part")
    try:
        half.write_bytes(content)
        half.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            half.unlink()
        raise


def _write_folder(place: Path, files: Mapping[str, bytes]) -> None:
    """Write all files beside the folder first; only then does one after the other take its place. Files of others stay."""
    with tempfile.TemporaryDirectory(prefix=f"{place.name}.part-", dir=place.parent) as half:
        new = Path(half) / "new"
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        if not place.exists():
            new.replace(place)
            return
        for name in files:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).replace(place / name)


def step_file(step: str, ending: str) -> str:
    """Return the name of a step's file; no step's name leads out of the folder."""
    return quote(step, safe="[]_-. ").replace("..", "%2E%2E") + ending


def artifact_bytes(program: dspy.Module) -> bytes:
    """Return a program as the content of an artifact.

    Raises:
        ArtifactError: it cannot be saved as one.
    """
    with tempfile.TemporaryDirectory() as folder:
        return save(program, Path(folder) / "program.st").read_bytes()
