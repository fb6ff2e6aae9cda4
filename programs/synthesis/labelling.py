"""Labelling: a task's own program answers new inputs, once or by a vote, and says how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_origin

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught.errors import InputError, SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import listed
from selftaught.programs.step import Step
from selftaught.programs.synthesis.propose_inputs import plain, typed
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.programs.vote.core import Vote
from selftaught.signatures import Task, input_names, output_names

FEW_WORDS = 6
"""The words up to which a text is an answer that samples can agree on."""
VALUES = (bool, int, float)


class Label(Stage):
    """Answers a row's input with a program; a vote on which too few samples agree rejects it."""

    name = "label"

    def __init__(self, task: Task, program: dspy.Module, least: float) -> None:
        super().__init__()
        self.task, self.program, self.least = task, program, least

    async def run(self, row: Row) -> Sequence[Out]:
        """Label one row."""
        given = {name: value for name, value in row.values.items() if name in self.task.input_fields}
        found = await self.program.acall(**typed(self.task, given))
        labelled = row.with_values(**{name: plain(found[name]) for name in output_names(self.task)})
        if not isinstance(self.program, Vote):
            return [labelled]
        scored = labelled.scored("agreement", float(found.confidence))
        if found.confidence < self.least:
            return [Rejected(scored, self.name, f"samples agree on less than {self.least:.0%}", str(found.votes))]
        return [scored]

    def cost(self) -> Calls:
        """Return the program's calls."""
        return cost_of(self.program)


def labeller(task: Task, examples: Sequence[Mapping[str, Any]], program: dspy.Module | None, votes: int) -> dspy.Module:
    """Return what labels: a program, shown the labelled examples where it is ours, asked so many times."""
    if program is not None and not isinstance(program, dspy.Module):
        raise SettingError(f"program={program!r}: expected a program for the task.")
    step = program or Step(task)
    if program is None:
        whole = [one for one in examples if all(name in one for name in output_names(task))]
        step.demos = [dspy.Example(**one).with_inputs(*input_names(task)) for one in whole]
    return step if votes == 1 else Vote(task, samples=votes, generate=step)


def comparable(task: Task, examples: Sequence[Mapping[str, Any]]) -> bool:
    """True where answers are short and can be compared: numbers, truth values, fixed values, texts of a few words."""
    for name, field in task.output_fields.items():
        kind = field.annotation
        if kind in VALUES or get_origin(kind) is Literal:
            continue
        known = [one[name] for one in examples if name in one]
        if kind is not str or not known or any(len(str(one).split()) > FEW_WORDS for one in known):
            return False
    return True


def checked(task: Task, examples: Sequence[dspy.Example | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the examples as plain values of the task's fields.

    Raises:
        SettingError: there is none. InputError: one lacks an input.
    """
    found = []
    for number, one in enumerate(listed("examples", examples, (dspy.Example, Mapping), "examples")):
        values = {name: serialize_for_json(one[name]) for name in task.fields if name in one}
        if missing := [name for name in input_names(task) if name not in values]:
            raise InputError(f"examples[{number}] lacks the input {missing[0]!r}. It has {sorted(one.keys())}.")
        found.append(values)
    if not found:
        raise SettingError("examples=[]: expected at least one example of the task, with its inputs.")
    return found
