"""DSPy's own forms: the state that `dspy.Module.load` takes, and for a program of one step the source of a plain DSPy module."""

from __future__ import annotations

import json
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json
from dspy.utils.saving import get_dependency_versions

from selftaught.artifact_format import SETTINGS
from selftaught.errors import ExportError
from selftaught.export.source import module_source


def to_dspy(program: dspy.Module) -> dict[str, str]:
    """Return `state.json`, `module.py` where the program is one step, and what to do with them.

    Raises:
        ExportError: a value has no JSON form.
    """
    try:
        state = json.dumps(dspy_state(program), indent=1, ensure_ascii=False, allow_nan=False, default=serialize_for_json)
    except (TypeError, ValueError) as error:
        raise ExportError(f"The program holds a value without a JSON form: {error}.") from error
    files = {"state.json": state + "\n"}
    name = f"{type(program).__module__}.{type(program).__qualname__}"
    how = f"Build the same program ({name}, with the same arguments) and call program.load('state.json')."
    if isinstance(program, dspy.Predict):
        files["module.py"] = module_source(program)
        how += "\nmodule.py holds the same as a plain DSPy module that needs DSPy only."
    else:
        how += f"\nThere is no source of a plain DSPy module: {type(program).__name__} has a control flow of its own, which only its class has."
    return {**files, "README.txt": how + "\n"}


def dspy_state(program: dspy.Module) -> dict[str, Any]:
    """Return the state of a program as DSPy saves it, without models, traces and training rows, with the decoding settings."""
    metadata = {"dependency_versions": get_dependency_versions()}
    if isinstance(program, dspy.Predict):
        return {**_kept(program), "metadata": metadata}
    return {**{name: _kept(predictor) for name, predictor in program.named_parameters()}, "metadata": metadata}


def _kept(predictor: Any) -> dict[str, Any]:
    config = {key: value for key, value in predictor.config.items() if key in SETTINGS}
    return {**predictor.dump_state(), "lm": None, "traces": [], "train": [], "config": config}
