"""Artifacts: a program in one zip of JSON and text. Loading runs no code but that of catalogue classes.

manifest.json        format version, versions of selftaught and dspy, hashes of the other parts
program.json         class, constructor arguments and task, nested
state.json           instruction and demonstrations of every predictor
learned.json         what its judges have learned: trust, calibration, checklists
provenance.json      where it comes from: scores with intervals, budget spent, data hashes
instructions/*.txt   the instructions once more, for people
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught import __version__
from selftaught.errors import ArtifactError, SettingError, TaskError
from selftaught.registry import registered_class
from selftaught.signatures import Task, as_task, instructed, task_from_json, task_to_json
from selftaught.signatures.schema import differences

FORMAT = 1
LARGEST = 64 * 2**20
PARTS = ("program.json", "state.json", "provenance.json")
LEFT_BY_DSPY = ("trial_logs", "candidate_programs", "mb_candidate_programs", "detailed_results")
"""Where DSPy's optimizers leave programs that they tried on the one that they return."""
LATER_PARTS = ("learned.json",)
"""Parts that files written by earlier versions of this format do not have."""


def save(program: dspy.Module, path: str | Path) -> Path:
    """Save a program of the catalogue.

    Args:
        program: an instance of a catalogue class, tuned or not.
        path: the file; by custom it ends in `.st`. An existing file is replaced only when the new one is complete.

    Raises:
        ArtifactError: the program is of a class outside the catalogue, or holds something that has no JSON form.
    """
    target = Path(path)
    parts = {
        "program.json": _describe(program), "state.json": _state(program), "provenance.json": _provenance(program),
        "learned.json": _learned(program),
    }  # fmt: skip
    try:
        texts = {
            name: json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
            for name, value in parts.items()
        }
        for text in texts.values():
            text.encode()
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"The program holds a value without a JSON form, so it cannot be saved: {error}.") from error
    manifest = {
        "format": FORMAT, "selftaught": __version__, "dspy": dspy.__version__,
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }  # fmt: skip
    half = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
            for name, text in texts.items():
                archive.writestr(name, text)
            for name, predictor in program.named_predictors():
                archive.writestr(f"instructions/{name}.txt", predictor.signature.instructions + "\n")
        half.replace(target)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise ArtifactError(f"{target} cannot be written: {error}.") from error
    return target


def load(path: str | Path, *, task: str | Task | None = None) -> Any:
    """Load a program.

    Args:
        path: a file that `save` wrote.
        task: the task you expect; a saved program with other fields is refused, and your classes are used for its types.

    Raises:
        ArtifactError: the file is missing, broken, from a newer version, or no longer fits the task or its class; the
        message names the field.
    """
    source = Path(path)
    parts = _read(source)
    expected = as_task(task) if task is not None else None
    try:
        program = _build(parts["program.json"], expected)
    except (SettingError, TaskError, TypeError, KeyError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{source} cannot be built: {error}") from error
    if expected is not None and hasattr(program, "task"):
        found = differences(_saved_task(parts["program.json"], program), task_to_json(expected))
        if found:
            raise ArtifactError(f"{source} was saved for another task: {'; '.join(found)}.")
    if not isinstance(program, dspy.Module):
        raise ArtifactError(f"{source} cannot be built: it describes no program.")
    try:
        _restore(program, parts["state.json"], source)
        _relearn(program, parts.get("learned.json", {}), source)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{source} is broken: its state cannot be read: {type(error).__name__}: {error}.") from error
    program.provenance = parts["provenance.json"]
    return program


def _read(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > LARGEST:
                raise ArtifactError(f"{path} unpacks to more than {LARGEST >> 20} MiB, which no program needs.")
            manifest = json.loads(archive.read("manifest.json"))
            if (
                not isinstance(manifest, dict)
                or not isinstance(manifest.get("format"), int)
                or not isinstance(manifest.get("sha256"), dict)
            ):
                raise ArtifactError(f"{path} is no artifact, or is broken: its manifest cannot be read.")
            if manifest["format"] > FORMAT:
                raise ArtifactError(
                    f"{path} has format {manifest['format']}; this version reads up to {FORMAT}. Update selftaught."
                )
            there = {*archive.namelist(), *manifest["sha256"]}
            texts = {name: archive.read(name) for name in (*PARTS, *(name for name in LATER_PARTS if name in there))}
    except FileNotFoundError as error:
        raise ArtifactError(f"There is no artifact at {path}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError, OSError) as error:
        raise ArtifactError(f"{path} is no artifact, or is broken: {error}.") from error
    for name, text in texts.items():
        if hashlib.sha256(text).hexdigest() != manifest.get("sha256", {}).get(name):
            raise ArtifactError(f"{path} is damaged: the hash of {name} does not match.")
    return {name: json.loads(text) for name, text in texts.items()}


def _describe(value: Any) -> Any:
    """Return a constructor argument, or a whole program, as plain data."""
    if isinstance(value, type) and issubclass(value, dspy.Signature):
        return {"task": task_to_json(value)}
    arguments = getattr(value, "arguments", None)
    if isinstance(value, dspy.Module):
        path = f"{type(value).__module__}:{type(value).__qualname__}"
        try:
            registered_class(path)
        except SettingError as error:
            raise ArtifactError(
                f"A {type(value).__qualname__} is no class of the catalogue, so it cannot be saved in an artifact. Use DSPy's own save for it."
            ) from error
        values = arguments.values if arguments is not None else {}
        return {"class": path, "arguments": {name: _describe(item) for name, item in values.items()}}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_describe(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(name): _describe(item) for name, item in value.items()}}
    raise ArtifactError(
        f"A constructor argument of type {type(value).__name__} has no JSON form, so the program cannot be saved."
    )


def _build(data: Any, expected: Task | None) -> Any:
    if isinstance(data, list):
        return [_build(item, None) for item in data]
    if not isinstance(data, dict):
        return data
    if "task" in data:
        saved = task_from_json(data["task"])
        fits = expected is not None and not differences(data["task"], task_to_json(expected))
        return expected if fits else saved
    if "dict" in data:
        return {name: _build(item, None) for name, item in data["dict"].items()}
    cls = registered_class(data["class"])
    if not issubclass(cls, dspy.Module):
        raise SettingError(f"{data['class']} is no program")
    return cls(**{name: _build(item, expected) for name, item in data["arguments"].items()})


def _saved_task(data: dict[str, Any], program: Any) -> dict[str, Any]:
    if "task" not in data["arguments"]:
        return task_to_json(program.task)
    found = data["arguments"]["task"]
    return found["task"] if isinstance(found, dict) else task_to_json(as_task(found))  # not built and described again: that loses


def _state(program: dspy.Module) -> dict[str, Any]:
    state = {}
    for name, predictor in program.named_predictors():
        state[name] = {
            "instruction": predictor.signature.instructions,
            "fields": {field: role for role, fields in (("input", predictor.signature.input_fields), ("output", predictor.signature.output_fields)) for field in fields},
            "demos": [{key: serialize_for_json(value) for key, value in dict(demo).items()} for demo in predictor.demos],
            "config": json.loads(json.dumps(predictor.config, default=serialize_for_json)),
        }  # fmt: skip
    return state


def _restore(program: dspy.Module, state: dict[str, Any], path: Path) -> None:
    predictors = dict(program.named_predictors())
    for name in state.keys() ^ predictors.keys():
        where = "was saved and is gone from the class" if name in state else "is new in the class and was not saved"
        raise ArtifactError(f"{path} no longer fits {type(program).__name__}: the step {name!r} {where}.")
    for name, saved in state.items():
        signature = predictors[name].signature
        now = dict.fromkeys(signature.input_fields, "input") | dict.fromkeys(signature.output_fields, "output")
        for field in sorted(saved["fields"].keys() ^ now.keys()):
            where = "was saved and is gone" if field in saved["fields"] else "is new and was not saved"
            raise ArtifactError(f"{path} no longer fits {type(program).__name__}: the field {field!r} of step {name!r} {where}.")
        if not isinstance(saved["instruction"], str):
            raise TypeError("an instruction that is no text")
        predictors[name].signature = instructed(signature, saved["instruction"])
        predictors[name].demos = [dspy.Example(**demo) for demo in saved["demos"]]
        predictors[name].config = {**predictors[name].config, **saved["config"]}


def _learners(program: dspy.Module) -> dict[str, Any]:
    """Return the parts of a program that learn more than instructions and demonstrations, by name."""
    return {
        name: module
        for name, module in program.named_sub_modules()
        if hasattr(module, "relearn") and not name.removeprefix("self.").startswith(LEFT_BY_DSPY)
    }


def _learned(program: dspy.Module) -> dict[str, Any]:
    return {name: found for name, module in _learners(program).items() if (found := module.learned())}


def _relearn(program: dspy.Module, learned: dict[str, Any], path: Path) -> None:
    learners = _learners(program)
    for name in learned.keys() - learners.keys():
        raise ArtifactError(f"{path} no longer fits {type(program).__name__}: the judge {name!r} was saved and is gone.")
    for name, module in learners.items():
        module.relearn(learned.get(name, {}))


def _provenance(program: dspy.Module) -> dict[str, Any]:
    outcome = getattr(program, "tuning", None)
    known = dict(getattr(program, "provenance", {}) or {})
    if outcome is not None:
        known["tuning"] = json.loads(json.dumps(outcome.to_dict(), default=str))
    return known
