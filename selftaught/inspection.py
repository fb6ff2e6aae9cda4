"""Looking into saved programs, and comparing two, without trusting them: what they hold is read as data and shown, never run."""

from __future__ import annotations

import difflib
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftaught.archive import MANIFEST
from selftaught.artifact import load, read
from selftaught.errors import ArtifactError


def inspected(path: str | Path) -> dict[str, Any]:
    """Return what a saved program is and holds.

    Args:
        path: an artifact.

    Raises:
        ArtifactError: the file is missing, broken, or from a newer version. One that is whole but does not fit this version of the
            catalogue is shown all the same; `loads` says why it does not load.
    """
    source = Path(path)
    parts = read(source)
    manifest, program, state = parts[MANIFEST], parts["program.json"], parts["state.json"]
    loads, calls, task = _loaded(source)
    return {
        "file": str(source), "format": manifest["format"], "selftaught": manifest["selftaught"], "dspy": manifest["dspy"],
        "class": program["class"], "method": _methods(program["class"]), "loads": loads, "calls": calls, "task": task,
        "knobs": knobs_of(program), "steps": state, "learned": parts.get("learned.json", {}), "provenance": parts["provenance.json"],
        "scores": scores_of(parts["provenance.json"]), "sizes": _sizes(source, state),
        "signed": source.with_name(source.name + ".sig").exists(),
    }  # fmt: skip


def _loaded(source: Path) -> tuple[str, dict[str, int] | None, dict[str, Any] | None]:
    from selftaught.signatures import task_to_json

    try:
        program = load(source)
    except ArtifactError as error:
        return f"no: {error}", None, None
    task = getattr(program, "task", None)
    calls = program.cost() if hasattr(program, "cost") else None
    counted = {"at_least": calls.at_least, "at_most": calls.at_most} if calls is not None else None
    return "yes", counted, task_to_json(task) if task is not None else None


def _methods(path: str) -> list[str]:
    from selftaught.registry import registrations

    return [slug for slug, one in registrations().items() if f"{one.serves.__module__}:{one.serves.__qualname__}" == path]


def knobs_of(program: dict[str, Any]) -> dict[str, Any]:
    """Return the constructor arguments of a described program that are neither tasks nor parts; those of its parts by path."""
    found: dict[str, Any] = {}

    def walk(built: dict[str, Any], prefix: str) -> None:
        for name, value in built["arguments"].items():
            if not isinstance(value, dict):
                found[prefix + name] = value
            elif "class" in value:
                found[prefix + name] = value["class"].rpartition(":")[2]
                walk(value, f"{prefix}{name}.")
            elif "task" not in value:
                found[prefix + name] = value.get("dict", value)

    walk(program, "")
    return found


def scores_of(provenance: dict[str, Any]) -> dict[str, Any]:
    """Return the scores that a saved program came with: name -> score, interval, rows; nothing where it was not tuned."""
    tuning = provenance.get("tuning")
    found = {}
    for name in ("baseline", "tuned"):
        one = tuning.get(name) if isinstance(tuning, dict) else None
        if isinstance(one, dict) and "score" in one:
            found[name] = {key: one.get(key) for key in ("metric", "score", "interval", "n", "failed") if key in one}
    return found


def _sizes(source: Path, state: dict[str, Any]) -> dict[str, int]:
    with zipfile.ZipFile(source) as archive:
        unpacked = sum(one.file_size for one in archive.infolist())
    return {
        "bytes": source.stat().st_size, "unpacked": unpacked, "steps": len(state),
        "demonstrations": sum(len(one["demos"]) for one in state.values()),
        "instruction_characters": sum(len(one["instruction"]) for one in state.values()),
    }  # fmt: skip


@dataclass(slots=True)
class Difference:
    """How two saved programs differ. `changed`: name -> before and after, as texts. `lines`: a unified diff."""

    before: str
    after: str
    changed: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changed)

    @property
    def lines(self) -> list[str]:
        """The unified diff, part by part."""
        return [line for name, (old, new) in self.changed.items() for line in self._part(name, old, new)]

    def _part(self, name: str, old: str, new: str) -> Iterator[str]:
        yield from difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"{self.before}: {name}", f"{self.after}: {name}", lineterm=""
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        changed = {name: {"before": old, "after": new} for name, (old, new) in self.changed.items()}
        return {"before": self.before, "after": self.after, "differ": bool(self), "changed": changed, "diff": self.lines}


def difference(before: str | Path, after: str | Path) -> Difference:
    """Compare two saved programs: class, knobs, and step by step instruction, demonstrations, decoding; and what judges learned.

    Raises:
        ArtifactError: one of them is missing, broken, or from a newer version.
    """
    old, new = (_comparable(read(path)) for path in (before, after))
    found = Difference(str(before), str(after))
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name, "") != new.get(name, ""):
            found.changed[name] = old.get(name, ""), new.get(name, "")
    return found


def _comparable(parts: dict[str, Any]) -> dict[str, str]:
    found = {"program": _written(parts["program.json"])}
    for name, step in parts["state.json"].items():
        found[f"{name}: instruction"] = step["instruction"] + "\n"
        found[f"{name}: demonstrations"] = "\n".join(json.dumps(demo, ensure_ascii=False) for demo in step["demos"])
        found[f"{name}: settings"] = _written(step["config"]) if step["config"] else ""
        found[f"{name}: fields"] = "\n".join(f"{role} {field}" for field, role in step["fields"].items())
    found["learned"] = _written(parts["learned.json"]) if parts.get("learned.json") else ""
    return found


def _written(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False)


def printable(text: str) -> str:
    """Return a text without signs that a terminal obeys; a file must not be able to write over what is shown of it."""
    return "".join(
        one
        if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cf", "Cs")
        else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )
