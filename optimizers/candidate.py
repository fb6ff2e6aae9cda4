"""Candidates: what a program would be with other instructions and demonstrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.space import turned
from selftaught.signatures import Task, instructed, output_names
from selftaught.store import fingerprint


@dataclass(frozen=True, slots=True)
class Tuning:
    """Changes to one predictor. None leaves a part as it is. `demos`: field values, one dictionary a demonstration."""

    instruction: str | None = None
    demos: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point of the search space.

    `tunings` by predictor name; `parent`: the candidate it was made from; `origin`: how, in words for the report. `program`:
    which of the interchangeable programs, None for the one that is tuned; `knobs`: its settings that differ.
    Candidates that are the same program are the same candidate: `key` says so.
    """

    tunings: Mapping[str, Tuning] = field(default_factory=dict)
    parent: str | None = None
    origin: str = "baseline"
    program: str | None = None
    knobs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What identifies a candidate: a short hash of its tunings, program and knobs."""
        told = self.to_dict()
        chosen = {name: told[name] for name in ("program", "knobs") if name in told}
        return fingerprint({"tunings": told["tunings"], **chosen} if chosen else told["tunings"])[:12]

    @property
    def instructions(self) -> dict[str, str]:
        """The instructions that it sets, by predictor."""
        return {name: one.instruction for name, one in self.tunings.items() if one.instruction is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the journal."""
        tunings = {
            name: {"instruction": one.instruction, "demos": None if one.demos is None else [dict(demo) for demo in one.demos]}
            for name, one in sorted(self.tunings.items())
        }
        chosen = {"program": self.program} if self.program else {}
        return {
            "tunings": tunings,
            "parent": self.parent,
            "origin": self.origin,
            **chosen,
            **({"knobs": dict(self.knobs)} if self.knobs else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Candidate:
        """Return the candidate that `to_dict` described."""
        tunings = {
            name: Tuning(one["instruction"], None if one["demos"] is None else tuple(one["demos"]))
            for name, one in data["tunings"].items()
        }
        return cls(tunings, data["parent"], data["origin"], data.get("program"), data.get("knobs", {}))


BASELINE = Candidate()


def apply(candidate: Candidate, program: dspy.Module, programs: Mapping[str, dspy.Module] | None = None) -> dspy.Module:
    """Return a copy of a program as a candidate has it: which program, its knobs, then the tunings of its predictors.

    Args:
        programs: those that a candidate may choose instead, by name.

    Raises:
        SettingError: there is no program, knob or predictor of that name.
    """
    if candidate.program is not None and candidate.program not in (programs or {}):
        raise SettingError(f"There is no program {candidate.program!r} to choose. Known: {sorted(programs or {})}.")
    tuned = turned(program if candidate.program is None else (programs or {})[candidate.program], candidate.knobs)
    predictors = dict(tuned.named_predictors())
    for name, tuning in candidate.tunings.items():
        if name not in predictors:
            raise SettingError(f"The program has no predictor {name!r}. It has {sorted(predictors)}.")
        predictor = predictors[name]
        if tuning.instruction is not None:
            predictor.signature = instructed(predictor.signature, tuning.instruction)
        if tuning.demos is not None:
            predictor.demos = [dspy.Example(**demo) for demo in tuning.demos]
    return tuned


def targets(program: dspy.Module, task: Task, named: tuple[str, ...] | None = None) -> list[str]:
    """Return the predictors to tune: the named ones, or those that give the task's own outputs from its inputs.

    Raises:
        SettingError: there is none.
    """
    predictors = dict(program.named_predictors())
    if not predictors:
        raise SettingError(f"{type(program).__name__} has no predictor, so there is nothing to tune.")
    if named is not None:
        unknown = [name for name in named if name not in predictors]
        if unknown:
            raise SettingError(f"The program has no predictor {unknown[0]!r}. It has {sorted(predictors)}.")
        return list(named)
    wanted, given = set(output_names(task)), set(task.input_fields)
    found = [
        name
        for name, predictor in predictors.items()
        if wanted <= set(predictor.signature.output_fields) and set(predictor.signature.input_fields) <= given
    ]
    return found or list(predictors)[:1]


def task_of(program: dspy.Module) -> Task:
    """Return the task of a program; of any other module, the fields of its last predictor.

    Raises:
        SettingError: it has no predictor.
    """
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    if task is not None:
        return task
    predictors = program.predictors()
    if not predictors:
        raise SettingError(f"{type(program).__name__} has no predictor, so there is nothing to tune.")
    return predictors[-1].signature
