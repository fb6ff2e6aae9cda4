"""Guards of the instructions themselves, before a candidate is paid for: no training answers inside, and not too long.

Anti-copy: an instruction must not hold the answers of the labelled examples, as whole words. One long answer suffices;
of short ones it takes several. Allowed: a small closed set of labels, and what the baseline's instruction says already.
Cap: an instruction has at most `most` tokens, counted as a fourth of its characters; a longer baseline raises the cap.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args, get_origin, runtime_checkable

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.guards.base import Finding
from selftaught.signatures import Task, output_names, render

LONG_CHARACTERS, LONG_WORDS = 12, 3
"""From this length on one answer in an instruction is a copy and no chance."""
SHORT_CHARACTERS = 3
FEW_LABELS, EACH_LABEL = 5, 3
"""Answers are a closed set of labels where there are few, or where each stands for several examples on average."""
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Known:
    """What guards of instructions know: the task, the labelled examples, and the baseline's instructions by predictor."""

    task: Task
    labelled: tuple[dspy.Example, ...]
    own: Mapping[str, str]


@runtime_checkable
class InstructionGuard(Protocol):
    """Looks at a candidate's instructions before it is evaluated."""

    name: str

    def examine(self, candidate: Candidate, known: Known) -> Finding | None:
        """Return why the candidate is refused; None where it is not."""


class AntiCopy:
    """Refuses instructions that carry the training answers."""

    name = "answers in the instruction"

    def examine(self, candidate: Candidate, known: Known) -> Finding | None:
        """Look for the labelled answers in each instruction."""
        answers = answers_of(known)
        for predictor, text in _instructions(candidate):
            own = known.own.get(predictor, "")
            inside = [one for one in answers if _stands_in(one, text) and not _stands_in(one, own)]
            long = [one for one in inside if len(one) >= LONG_CHARACTERS or len(one.split()) >= LONG_WORDS]
            if long or len(inside) >= max(2, math.ceil(0.05 * len(answers))):
                shown = ", ".join(repr(one[:60]) for one in (long or inside)[:3])
                return Finding(self.name, f"the instruction of {predictor} holds answers of the training examples: {shown}")
        return None


class TokenCap:
    """Refuses instructions that are too long.

    Args:
        most: tokens; 400 by default.

    Raises:
        SettingError: less than 1.
    """

    name = "instruction length"

    def __init__(self, most: int = 400) -> None:
        if most < 1:
            raise SettingError(f"most={most}: an instruction needs at least 1 token.")
        self.most = most

    def examine(self, candidate: Candidate, known: Known) -> Finding | None:
        """Count the tokens of each instruction."""
        for predictor, text in _instructions(candidate):
            own, size = tokens(known.own.get(predictor, "")), tokens(text)
            if size > max(self.most, own):
                said = f"the instruction of {predictor} has about {size} tokens, more than the {max(self.most, own)} allowed"
                return Finding(self.name, said, before=float(own), after=float(size))
        return None


def tokens(text: str) -> int:
    """Return about how many tokens a text has: a fourth of its characters, rounded up."""
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)


def answers_of(known: Known) -> list[str]:
    """Return the different labelled answers that an instruction must not hold; none where they are a closed set of labels."""
    names = output_names(known.task)
    found: list[str] = []
    for name in names:
        if is_closed(known.task.output_fields[name].annotation):
            continue
        texts = [render([name], dict(one)).strip().lower() for one in known.labelled if name in one]
        different = dict.fromkeys(text for text in texts if len(text) >= SHORT_CHARACTERS)
        many = len(different) > FEW_LABELS and len(texts) < EACH_LABEL * len(different)
        if many or len(different) > len(texts) / 2:
            found += different
    return list(dict.fromkeys(found))


def is_closed(kind: Any) -> bool:
    """True for a type with few values, or with values that are no text: a Literal, an enumeration, a bool, a number."""
    if get_origin(kind) is Literal:
        return True
    arms = get_args(kind)
    if arms and type(None) in arms:
        return all(is_closed(arm) for arm in arms if arm is not type(None))
    return isinstance(kind, type) and (issubclass(kind, bool | int | float) or hasattr(kind, "__members__"))


def _instructions(candidate: Candidate) -> Sequence[tuple[str, str]]:
    return [(name, one.instruction) for name, one in sorted(candidate.tunings.items()) if one.instruction]


def _stands_in(piece: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text.lower()) is not None
