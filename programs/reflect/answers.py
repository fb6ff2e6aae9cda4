"""Answers as the steps of looking again exchange them, and what is known of one input on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import dspy

from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import REASONING, reasoned
from selftaught.signatures import Task, Verdict, output_names, render

Answer = dict[str, Any]
UNREADABLE = "(it could not be read)"
"""Stands for an answer that did not parse."""


class Answers:
    """The answers to one task: with their reasoning where that is wanted, and compared without it.

    Attributes:
        task: the task as the steps see it, with `reasoning` as its first output where that is wanted.
    """

    def __init__(self, task: Task, *, reasoning: bool) -> None:
        self.task = reasoned(task) if reasoning else task
        self.asked = task

    def of(self, found: Mapping[str, Any] | dspy.Prediction) -> Answer:
        """Return the answer in a prediction."""
        return {name: found[name] for name in output_names(self.task) if name in found}

    def text(self, answer: Answer | None) -> str:
        """Return an answer as text."""
        return UNREADABLE if answer is None else render(output_names(self.task), answer)

    def key(self, answer: Answer) -> str:
        """Return the comparable form of an answer."""
        return answer_key(answer, [name for name in output_names(self.asked) if name != REASONING] or [REASONING])

    def same(self, one: Answer, other: Answer) -> bool:
        """Say whether two answers are the same after normalisation."""
        return self.key(one) == self.key(other)

    def reasoning_of(self, answer: Answer) -> Answer:
        """Return the reasoning of an answer, where the task does not ask for it itself."""
        return {REASONING: answer[REASONING]} if REASONING in answer and REASONING not in self.asked.fields else {}


@dataclass(slots=True)
class Trial:
    """One input on its way.

    `draft`: the answer as it stands. `second`: the newest look, None where it could not be read. `known`: what checks and notes
    may see besides the inputs. `told`: what the prediction will hold besides the answer.
    """

    inputs: dict[str, Any]
    first: Answer
    draft: Answer
    second: Answer | None = None
    looks: int = 0
    decided_by: Literal["first", "second", "decision"] = "first"
    note: str | None = None
    verdict: Verdict | None = None
    known: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
