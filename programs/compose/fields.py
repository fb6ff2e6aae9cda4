"""What a stage of a composition takes and gives: its typed fields, and how it is called."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin

import dspy

from selftaught.errors import TaskError
from selftaught.programs.judge.base import Judge
from selftaught.programs.refine.drafts import review_of
from selftaught.programs.step import Step
from selftaught.signatures import Task, as_task, input_names

DRAFT = "draft"
"""The name under which critics, revisers and judges take an answer as text."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A module of a composition.

    `takes`: its inputs, as fields. `gives`: its outputs and their types. `drafts`: what it gives is an answer that may be
    drafted, criticised and judged further; false for what takes a draft itself, and for judges.
    """

    module: dspy.Module
    takes: dict[str, Any]
    gives: dict[str, Any]
    drafts: bool

    @property
    def name(self) -> str:
        """What the stage is called in errors and diagrams."""
        signature = getattr(self.module, "signature", None)
        own = type(self.module).__name__
        return signature.__name__ if own in ("Step", "Predict") and signature is not None else own

    async def run(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Call the module with what it takes of the known values, and return what it gives."""
        found = await self.module.acall(**{name: known[name] for name in self.takes if name in known})
        if isinstance(self.module, Judge):
            return {name: found[name] for name in JUDGED if name in found} | {"problems": review_of(found).problems}
        return {name: found[name] for name in self.gives}


@dataclass(slots=True)
class Wires:
    """Which fields are known where, while a composition is checked from its first stage to its last.

    `needed`: what nothing before writes, so the caller must give it. `types`: of every known field, with who wrote it.
    `drafted`: the fields whose newest values are the draft.
    """

    needed: dict[str, Any] = field(default_factory=dict)
    types: dict[str, tuple[Any, str]] = field(default_factory=dict)
    drafted: tuple[str, ...] = ()

    def copy(self) -> Wires:
        """Return wires that branch off here; what they need is needed here too."""
        return Wires(self.needed, dict(self.types), self.drafted)

    def join(self, *branches: Wires) -> None:
        """Take over what branches that left here need of the caller."""
        for branch in branches:
            for name in self.needed.keys() & branch.types.keys():
                self.types.setdefault(name, branch.types[name])

    def take(self, name: str, wanted: Any, by: str) -> None:
        """Note that a stage takes a field.

        Raises:
            TaskError: another stage, or the caller, gives it another type.
        """
        if name not in self.types:
            if name == DRAFT and self.drafted:
                return
            self.needed[name] = wanted
            self.types[name] = (wanted.annotation, "the input")
            return
        kind, writer = self.types[name]
        if not fits(kind, wanted.annotation):
            raise TaskError(
                f"{by} takes {name!r} as {_named(wanted.annotation)}, and {writer} gives it as {_named(kind)}. "
                "Rename one of the fields, or give them the same type."
            )

    def write(self, gives: Mapping[str, Any], by: str, *, drafts: bool) -> None:
        """Note what a stage writes."""
        self.types |= {name: (kind, by) for name, kind in gives.items()}
        if drafts:
            self.drafted = tuple(gives)


def module_of(given: Any) -> dspy.Module:
    """Return a part of a composition as a module; a task becomes a step on it.

    Raises:
        TaskError: it is neither, or what it takes and gives cannot be known.
    """
    if isinstance(given, str) or (isinstance(given, type) and issubclass(given, dspy.Signature)):
        return Step(as_task(given))
    if not isinstance(given, dspy.Module):
        raise TaskError(
            f"{given!r} is no stage: expected a task, a predictor, a program, a judge or a module around a predictor."
        )
    return given


def stage_of(module: dspy.Module) -> Stage:
    """Return what a module takes and gives.

    Args:
        module: a predictor, a program, a judge, or any DSPy module around one predictor.

    Raises:
        TaskError: what it takes and gives cannot be known.
    """
    if isinstance(module, Judge):
        return Stage(module, {**module.task.input_fields, **module.task.output_fields}, dict(JUDGED), drafts=False)
    task = _task_of(module)
    gives = {name: one.annotation for name, one in task.output_fields.items()}
    return Stage(module, dict(task.input_fields), gives, drafts=DRAFT not in input_names(task))


def _task_of(module: dspy.Module) -> Task:
    task = getattr(module, "task", None) or getattr(module, "signature", None)
    predictors = module.predictors()
    if task is None and len(predictors) == 1:
        task = predictors[0].signature
    if task is None:
        wanted = ", ".join(inspect.signature(module.forward).parameters) if hasattr(module, "forward") else ""
        raise TaskError(
            f"What {type(module).__name__}({wanted}) gives cannot be known: it holds {len(predictors)} predictors and no `task`. "
            "Set its attribute `task` to the signature that it carries out."
        )
    return as_task(task)


def field_of(kind: Any) -> Any:
    """Return an input field of a type."""
    made = dspy.InputField()
    made.annotation = kind
    return made


def fits(given: Any, wanted: Any) -> bool:
    """True where a value of one type may be taken as another."""
    if wanted is Any or given is Any or given == wanted:
        return True
    if get_origin(given) in (Union, UnionType):
        return all(fits(one, wanted) for one in get_args(given))
    if get_origin(wanted) in (Union, UnionType):
        return any(fits(given, one) for one in get_args(wanted))
    if isinstance(given, type) and isinstance(wanted, type):
        return issubclass(given, wanted)
    return get_origin(given) is wanted


def _named(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind).replace("typing.", "")


JUDGED = {"score": float | None, "passed": bool | None, "reasons": str, "problems": list[str]}
"""What a judge gives to the stages after it."""
