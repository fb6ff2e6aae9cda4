"""Artifacts: a program in one zip of JSON and text. Loading runs no code but that of catalogue classes.

manifest.json        format version, versions of selftaught and dspy, hashes of the other parts
program.json         class, constructor arguments and task, nested
state.json           instruction and demonstrations of every predictor
learned.json         what its judges have learned: trust, calibration, checklists
provenance.json      where it comes from: scores with intervals, budget spent, data hashes
instructions/*.txt   the instructions once more, for people
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught import __version__
from selftaught.archive import LARGEST, LATER_PARTS, MANIFEST, PARTS, content_of, instruction_file, unpacked, write_archive
from selftaught.artifact_format import FORMAT, SETTINGS, checked, migrated
from selftaught.errors import ArtifactError, SettingError, TaskError, UserError, nearest
from selftaught.registry import registered_class
from selftaught.signatures import Task, as_task, instructed, task_from_json, task_to_json
from selftaught.signatures.schema import differences
from selftaught.signatures.task import plain_types
from selftaught.strict_json import parsed

LEFT_BY_DSPY = ("trial_logs", "candidate_programs", "mb_candidate_programs", "detailed_results")
"""Where DSPy's optimizers leave programs that they tried on the one that they return."""
_MISFITS = (
    UserError,
    TypeError,
    ValueError,
    AttributeError,
    NameError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
)
"""What the classes of the catalogue, DSPy and pydantic raise at data that do not fit."""

__all__ = ["FORMAT", "LARGEST", "LATER_PARTS", "PARTS", "check_settings", "describe", "load", "read", "save"]


def save(program: dspy.Module, path: str | Path) -> Path:
    """Save a program of the catalogue.

    Args:
        program: an instance of a catalogue class, tuned or not.
        path: the file; by custom it ends in `.st`. An existing file is replaced only when the new one is complete.

    Raises:
        ArtifactError: the program is of a class outside the catalogue, or holds something that has no JSON form.
    """
    target = Path(path)
    described = {
        "program.json": describe(program), "state.json": _state(program), "provenance.json": _provenance(program),
        "learned.json": _learned(program),
    }  # fmt: skip
    texts = _texts(described)
    manifest = {
        "format": FORMAT, "selftaught": __version__, "dspy": dspy.__version__,
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }  # fmt: skip
    try:
        checked({MANIFEST: manifest, **{name: parsed(text.encode(), name) for name, text in texts.items()}})
    except ValueError as error:
        raise ArtifactError(f"The program holds something that an artifact cannot hold: {error}.") from error
    instructions = {instruction_file(name): f"{one.signature.instructions}\n" for name, one in program.named_predictors()}
    return write_archive(target, {MANIFEST: json.dumps(manifest, indent=1, sort_keys=True), **texts, **instructions})


def _texts(parts: dict[str, Any]) -> dict[str, str]:
    try:
        texts = {
            name: json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)  # keys in their order: prompts depend on it
            for name, value in parts.items()
        }
        for text in texts.values():
            text.encode()
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"The program holds a value without a JSON form, so it cannot be saved: {error}.") from error
    return texts


def load(path: str | Path, *, task: str | Task | None = None, signed_by: str | Path | None = None) -> Any:
    """Load a program. Nothing but classes of the catalogue is built, and nothing that the file holds is run.

    Args:
        path: a file that `save` wrote.
        task: the task you expect; a saved program with other fields is refused, and your classes are used for its types.
        signed_by: a public key (PEM); a file without a signature by its owner (`selftaught sign`) beside it is refused.

    Raises:
        ArtifactError: the file is missing, broken, from a newer version, or no longer fits the task or its class; the
        message names the field. SignatureError: it is not signed by the owner of the key.
    """
    source = Path(path)
    parts = read(source, signed_by=signed_by)
    expected = as_task(task) if task is not None else None
    try:
        with plain_types():
            program = _build(parts["program.json"], expected, {})
    except _MISFITS as error:
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
    except ArtifactError:
        raise
    except _MISFITS as error:
        raise ArtifactError(f"{source} is broken: its state cannot be read: {type(error).__name__}: {error}.") from error
    program.provenance = parts["provenance.json"]
    return program


def read(path: str | Path, *, signed_by: str | Path | None = None) -> dict[str, Any]:
    """Return the parts of an artifact as data, checked against the format, without building anything.

    Args:
        path: a file that `save` wrote.
        signed_by: see `load`.

    Raises:
        ArtifactError, SignatureError: see `load`.
    """
    source = Path(path)
    content = content_of(source)
    if signed_by is not None:
        from selftaught.signing import check

        check(content, source, signed_by)
    entries = unpacked(content, source)
    try:
        manifest = parsed(entries[MANIFEST], MANIFEST)
        hashes = manifest.get("sha256") if isinstance(manifest, dict) else None
        if not isinstance(hashes, dict):
            raise ValueError("its manifest cannot be read")
        _check_hashes(entries, hashes, source)
        parts = migrated({MANIFEST: manifest, **{name: parsed(entries[name], name) for name in entries if name != MANIFEST}})
        checked(parts)
    except ArtifactError as error:
        raise ArtifactError(f"{source}: {error}") from error
    except ValueError as error:
        raise ArtifactError(f"{source} is no artifact, or is broken: {error}.") from error
    return parts


def _check_hashes(entries: dict[str, bytes], hashes: dict[str, Any], source: Path) -> None:
    for name in hashes.keys() - entries.keys():
        raise ArtifactError(f"It is damaged: the part {name[:100]!r} is missing.")
    for name in entries.keys() - {MANIFEST}:
        if hashlib.sha256(entries[name]).hexdigest() != hashes.get(name):
            raise ArtifactError(f"It is damaged: the hash of {name} does not match.")


def describe(value: Any, seen: dict[int, dict[str, Any]] | None = None) -> Any:
    """Return a constructor argument, or a whole program, as plain data.

    Args:
        value: the argument or program.
        seen: the modules described so far; one that is used twice is described once, and stays one when it is loaded.

    Raises:
        ArtifactError: a class outside the catalogue, or a value without a JSON form.
    """
    seen = {} if seen is None else seen
    if isinstance(value, type) and issubclass(value, dspy.Signature):
        return {"task": task_to_json(value)}
    arguments = getattr(value, "arguments", None)
    if id(value) in seen:
        known = seen[id(value)]
        return {"same": known.setdefault("number", sum("number" in one for one in seen.values()))}
    if isinstance(value, dspy.Module):
        path = f"{type(value).__module__}:{type(value).__qualname__}"
        try:
            registered_class(path)
        except SettingError as error:
            raise ArtifactError(
                f"A {type(value).__qualname__} is no class of the catalogue, so it cannot be saved in an artifact. Use DSPy's own save for it."
            ) from error
        values = arguments.values if arguments is not None else {}
        if isinstance(value, dspy.Predict):
            _check_settings(value, "The step", "It cannot be saved")
        if isinstance(values.get("task"), str):
            _check_task(values["task"])
        seen[id(value)] = found = {"class": path, "arguments": {name: describe(item, seen) for name, item in values.items()}}
        return found
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [describe(item, seen) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(name): describe(item, seen) for name, item in value.items()}}
    raise ArtifactError(
        f"A constructor argument of type {type(value).__name__} has no JSON form, so the program cannot be saved."
    )


def _build(data: Any, expected: Task | None, built: dict[int, Any]) -> Any:
    if isinstance(data, list):
        return [_build(item, None, built) for item in data]
    if not isinstance(data, dict):
        return data
    if "task" in data:
        saved = task_from_json(data["task"])
        fits = expected is not None and not differences(data["task"], task_to_json(expected))
        return expected if fits else saved
    if "same" in data:
        return built[data["same"]]
    if "dict" in data:
        return {name: _build(item, None, built) for name, item in data["dict"].items()}
    cls = registered_class(data["class"])
    if not issubclass(cls, dspy.Module):
        raise SettingError(f"{data['class']} is no program")
    program = cls(**{name: _build(item, expected, built) for name, item in data["arguments"].items()})
    if "number" in data:
        built[data["number"]] = program
    return program


def _saved_task(data: dict[str, Any], program: Any) -> dict[str, Any]:
    if "task" not in data["arguments"]:
        return task_to_json(program.task)
    found = data["arguments"]["task"]
    return found["task"] if isinstance(found, dict) else task_to_json(as_task(found))  # not built and described again: that loses


def _state(program: dspy.Module) -> dict[str, Any]:
    state = {}
    for name, predictor in program.named_predictors():
        _check_settings(predictor, f"The step {name!r}", "It cannot be saved")
        state[name] = {
            "instruction": predictor.signature.instructions,
            "fields": {field: role for role, fields in (("input", predictor.signature.input_fields), ("output", predictor.signature.output_fields)) for field in fields},
            "demos": [{key: serialize_for_json(value) for key, value in dict(demo).items()} for demo in predictor.demos],
            "config": json.loads(json.dumps(predictor.config, default=serialize_for_json)),
        }  # fmt: skip
    return state


def _check_task(text: str) -> None:
    try:
        with plain_types():
            as_task(text)
    except TaskError as error:
        raise ArtifactError(f"The task cannot be saved as a string: {error} Give it as a dspy.Signature class.") from error


def check_settings(program: dspy.Module) -> None:
    """Refuse a program whose steps say where a request goes, or with which key: what leaves the house holds neither.

    Raises:
        ArtifactError: a step has such a setting; its value is not shown.
    """
    for name, predictor in program.named_predictors():
        _check_settings(predictor, f"The step {name!r}", "It cannot be saved or exported")


def _check_settings(predictor: Any, step: str, refusal: str) -> None:
    """Refuse request settings that say where a request goes, or with which key; values are not shown."""
    for name in predictor.config:
        if name not in SETTINGS:
            raise ArtifactError(
                f"{step} has the setting {str(name)[:50]!r}{nearest(str(name), SETTINGS)}. {refusal}: an artifact holds how to decode, "
                f"never an address, a key or a header. Give these to the model: st.lm(model, {str(name)[:50]}=...)."
            )


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
        predictors[name].demos = [dspy.Example(demo) for demo in saved["demos"]]
        predictors[name].config = {**predictors[name].config, **saved["config"]}
        _check_settings(predictors[name], f"{path}: the step {name!r}", "It is refused")


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
