"""Pydantic models of a task's inputs and outputs, for OpenAPI, validation and MCP."""

from __future__ import annotations

import re
import warnings
from typing import Annotated, Any

import dspy
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from selftaught.errors import TaskError
from selftaught.signatures import Task, as_task


class Usage(BaseModel):
    """What an answer took. `usd` is null where the price is unknown."""

    calls: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


class StepSaid(BaseModel):
    """What one step of the program said."""

    step: str
    outputs: dict[str, Any]
    seconds: float | None = None


class Problem(BaseModel):
    """Why there is no answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    id: str
    errors: list[dict[str, str]] | None = None


class Forms:
    """The models of one task: `Inputs`, `Outputs`, `Answer`, `Rows` and `Answers`.

    Args:
        task: whose fields they have.
        most: rows of a batch.

    Raises:
        TaskError: a field's type has no JSON schema.
    """

    def __init__(self, task: Task, most: int) -> None:
        self.task = task
        self.name = re.sub(r"\W+", "_", task.__name__)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Field name", category=UserWarning)  # such as a field named `json`
                self.inputs = _model(self.name + "Inputs", task.input_fields, inputs=True)
                self.outputs = _model(self.name + "Outputs", task.output_fields, inputs=False)
            self.inputs.model_json_schema()
            self.outputs.model_json_schema()
        except (PydanticUserError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise TaskError(
                f"The task {task.__name__} cannot be served: a field has a type without a JSON form: {reason}"
            ) from error
        self.answer = self._answer()
        unchecked = list[SkipValidation[self.inputs]]  # type: ignore[name-defined]  # row by row, so that a bad one fails alone
        self.rows = create_model(
            self.name + "Rows", __config__=ConfigDict(extra="forbid"), rows=(unchecked, Field(min_length=1, max_length=most))
        )
        optional: Any = self.answer | None
        row = create_model(
            self.name + "Row",
            index=(int, ...), answer=(optional, None), problem=(Problem | None, None),
        )  # fmt: skip
        self.answers = create_model(self.name + "Answers", id=(str, ...), rows=(list[row], ...), usage=(Usage, ...))  # type: ignore[valid-type]

    def _answer(self) -> type[BaseModel]:
        more: Any = Field(default={}, description="What the program tells beside the answer, such as votes or a confidence.")
        return create_model(
            self.name + "Answer",
            id=(str, ...), outputs=(self.outputs, ...), more=(dict[str, Any], more), steps=(list[StepSaid] | None, None), usage=(Usage, ...),
        )  # fmt: skip


def _model(name: str, fields: dict[str, FieldInfo], *, inputs: bool) -> type[BaseModel]:
    made: dict[str, Any] = {}
    for field_name, field in fields.items():
        kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        default = ... if field.is_required() else field.get_default(call_default_factory=True)
        description = _description(field_name, field)
        if inputs:
            made[field_name] = (kind, Field(default, description=description))
        else:  # a program that declines gives null
            made[field_name] = (kind | None if _can_be_joined(kind) else kind, Field(..., description=description))
    config = ConfigDict(extra="forbid" if inputs else "allow", protected_namespaces=(), arbitrary_types_allowed=False)
    return create_model(name, __config__=config, **made)


def _can_be_joined(kind: Any) -> bool:
    try:
        return bool(kind | None)
    except TypeError:
        return False


def _description(name: str, field: FieldInfo) -> str | None:
    text = str((field.json_schema_extra or {}).get("desc") or "")  # type: ignore[union-attr]
    return None if text in ("", f"${{{name}}}") else text


def task_of(program: dspy.Module, task: str | Task | None = None) -> Task:
    """Return the task of a program.

    Raises:
        TaskError: it does not tell, and none is given.
    """
    if task is not None:
        return as_task(task)
    found = getattr(program, "task", None) or getattr(program, "signature", None)
    if found is None:
        raise TaskError(
            f"A {type(program).__name__} does not say which inputs it takes. Give serve(program, task=...), a signature with its fields."
        )
    return as_task(found)


def described(program: dspy.Module, task: Task) -> str:
    """Return the instruction that the program was declared with, not the one that it was tuned to."""
    arguments = getattr(program, "arguments", None)
    declared = (arguments.values if arguments is not None else {}).get("task", task)
    try:
        return as_task(declared).instructions.strip()
    except TaskError:
        return task.instructions.strip()
