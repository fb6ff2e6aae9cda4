"""Reading tasks: a `dspy.Signature` class, or DSPy's string form."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TypeAlias

import dspy

from selftaught.errors import TaskError

Task: TypeAlias = type[dspy.Signature]
"""A task: typed inputs, typed outputs and an instruction."""

PLAIN_TYPES = (
    "str", "int", "float", "bool", "list", "dict", "tuple", "set", "List", "Dict", "Tuple", "Set", "Optional", "Union", "Literal", "Any",
)  # fmt: skip
_only_plain: ContextVar[bool] = ContextVar("selftaught_plain_types", default=False)


@contextlib.contextmanager
def plain_types() -> Iterator[None]:
    """Read task strings from files that nobody vouches for: DSPy would import a module that a type names."""
    token = _only_plain.set(True)
    try:
        yield
    finally:
        _only_plain.reset(token)


def as_task(task: str | Task) -> Task:
    """Return a task as a signature class.

    Args:
        task: a `dspy.Signature` class, or a string such as `"question -> answer: int"`.

    Raises:
        TaskError: the string cannot be read, or there is no input or no output field.
    """
    if isinstance(task, str):
        task = _from_string(task)
    if not (isinstance(task, type) and issubclass(task, dspy.Signature)):
        raise TaskError(f"A task is a dspy.Signature class or a string such as 'question -> answer', not {task!r}.")
    if not task.output_fields:
        raise TaskError(f"The task {task.__name__} has no output field. Declare one: answer: str = dspy.OutputField().")
    if not task.input_fields:
        raise TaskError(f"The task {task.__name__} has no input field. Declare one: question: str = dspy.InputField().")
    return task


def _from_string(text: str) -> Task:
    if text.count("->") != 1:
        raise TaskError(
            f"The task {text!r} cannot be read: it needs exactly one '->' between inputs and outputs, as in 'question -> answer'."
        )
    names = re.findall(r"(?:^|,|->)\s*(\w+)\s*(?=[:,]|->|$)", re.sub(r"\[[^\]]*\]", "", text))
    if twice := [name for name in names if names.count(name) > 1]:
        raise TaskError(f"The task {text!r} cannot be read: the field {twice[0]!r} is there twice.")
    try:
        _check_types(text)
        return dspy.Signature(text)
    except (ValueError, SyntaxError, TypeError, NameError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TaskError(
            f"The task {text!r} cannot be read: {reason}. Expected a form such as 'question, context -> answer: int'."
        ) from error


def _check_types(text: str) -> None:
    """Refuse types that are more than names. A type in quotes would be evaluated as Python by pydantic."""
    for part in text.split("->"):
        for argument in ast.parse(f"def f({part}): pass").body[0].args.args:  # type: ignore[attr-defined]
            if argument.annotation is not None:
                _check_type(argument.annotation)


def _check_type(node: ast.expr, quoted: bool = False) -> None:
    if isinstance(node, ast.Subscript):
        name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        _check_type(node.value)
        _check_type(node.slice, quoted=name == "Literal")
    elif isinstance(node, ast.Tuple):
        for item in node.elts:
            _check_type(item, quoted)
    elif isinstance(node, ast.BinOp):
        _check_type(node.left)
        _check_type(node.right)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not quoted:
        raise ValueError(f"the type {node.value[:50]!r} stands in quotes")
    elif _only_plain.get() and not (isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in PLAIN_TYPES)):
        raise ValueError(f"the type {ast.unparse(node)[:50]!r} is none of {', '.join(PLAIN_TYPES)}, and a file may name no other")


def instructed(task: Task, instruction: str) -> Task:
    """Return a task with another instruction and the same name."""
    changed = task.with_instructions(instruction)
    changed.__name__ = task.__name__
    return changed


def input_names(task: Task) -> list[str]:
    """Return the names of a task's inputs, in order."""
    return list(task.input_fields)


def output_names(task: Task) -> list[str]:
    """Return the names of a task's outputs, in order."""
    return list(task.output_fields)
