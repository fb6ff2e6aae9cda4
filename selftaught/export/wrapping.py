"""What the wrappers for other frameworks share: typed inputs and outputs of a program."""

from __future__ import annotations

from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json
from pydantic import BaseModel, Field, create_model

from selftaught.errors import ExportError

WRAPPER = '''"""A program of selftaught as a {what}. Configure a model first, such as dspy.configure(lm=selftaught.lm("openai/...")).

Needs: pip install 'selftaught[{package}]'
"""

from pathlib import Path

from selftaught import load
from selftaught.export.{module} import {function}

{name} = {function}(load(Path(__file__).with_name("program.st")))
'''


def models_of(program: Any) -> tuple[type[BaseModel], type[BaseModel]]:
    """Return what a program takes and gives as pydantic models.

    Raises:
        ExportError: it has no `task` and no `signature`.
    """
    task = _task(program)
    takes = {name: (field.annotation, _described(field)) for name, field in task.input_fields.items()}
    gives = {name: (field.annotation, _described(field)) for name, field in task.output_fields.items()}
    return create_model(f"{task.__name__}Inputs", **takes), create_model(f"{task.__name__}Outputs", **gives)  # type: ignore[call-overload]


def about(program: Any) -> str:
    """Return what a program is for: its task's instruction."""
    return str(_task(program).instructions)


def outputs_of(program: Any, prediction: dspy.Prediction) -> dict[str, Any]:
    """Return the outputs of a prediction as plain data."""
    return {name: serialize_for_json(prediction[name]) for name in _task(program).output_fields}


def _task(program: Any) -> Any:
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    if task is None:
        raise ExportError(f"What {type(program).__name__} takes cannot be known. Set its attribute `task` to its signature.")
    return task


def _described(field: Any) -> Any:
    text = str((field.json_schema_extra or {}).get("desc") or "")
    default = ... if field.is_required() else field.get_default(call_default_factory=True)
    return Field(default, description=None if not text or text.startswith("${") else text)
