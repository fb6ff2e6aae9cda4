"""Notes on a failed answer: the kinds of reflection (153; Renze and Guven, 2024; and 104's lesson), and what they must hide.

153: one call writes five sections, and a kind is a choice of them. `retry` is the control: no note at all, only that it was
wrong. Choices and the right answer are hidden, so that a note cannot simply tell what to say; `unredacted` leaves them in, which
shows how much of the gain is leakage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import ascii_uppercase
from typing import Any, Literal, get_args, get_origin

import dspy

from selftaught.programs.reflect.steps import note
from selftaught.signatures import Task, derived

MASK = "[hidden]"
SECTIONS = {
    "explanation": "Why it was wrong",
    "keywords": "Kinds of error, from general to specific",
    "solution": "Worked out again",
    "directions": "What to do, step by step",
    "advice": "For questions like this one",
}
KINDS: dict[str, tuple[str, ...]] = {
    "retry": (), "keywords": ("keywords",), "advice": ("advice",), "explanation": ("explanation",),
    "instructions": ("directions",), "solution": ("solution",), "composite": tuple(SECTIONS), "unredacted": tuple(SECTIONS),
}  # fmt: skip
LESSON = "lesson"
"""104's kind: one short text, from a failure of which nothing more is known."""
OPEN = (LESSON, "unredacted")
"""Kinds in which nothing is hidden."""


def reflection_of(task: Task, kind: str, *, reference: bool) -> Task:
    """Return the signature of reflection: task inputs, `draft`, `feedback` (`reference`) -> `lesson`, or the five sections."""
    given: dict[str, tuple[Any, Any]] = {
        "draft": (str, dspy.InputField(desc="an answer that is wrong")),
        "feedback": (str, dspy.InputField(desc="what is known of the failure")),
    }
    if kind == LESSON:
        return derived(
            task, "Reflect", SAY_WHAT_WENT_WRONG, given, {LESSON: (str, note("what went wrong, and what to do instead", 240))}
        )
    if reference:
        given["reference"] = (str, dspy.InputField(desc="the right answer"))
    errors = dspy.OutputField(desc="names of the errors, from general to specific", min_length=1, max_length=5)
    steps = dspy.OutputField(desc="what to do in a new try, in order", min_length=1, max_length=5)
    asked: dict[str, tuple[Any, Any]] = {
        "explanation": (str, note("why the answer is wrong")),
        "keywords": (list[str], errors),
        "solution": (str, note("the task worked out again, without the answer")),
        "directions": (list[str], steps),
        "advice": (str, note("general advice for tasks of this sort")),
    }
    return derived(task, "Reflect", LEARN_WHY, given, asked)


def note_of(kind: str, found: Mapping[str, Any] | dspy.Prediction) -> str:
    """Return what was said of a failure as one text: the sections of a kind, each under its heading, or the lesson."""
    if kind == LESSON:
        return str(found[LESSON])
    said = {section: found[section] for section in KINDS[kind]}
    texts = {section: "; ".join(value) if isinstance(value, list) else value for section, value in said.items()}
    return "\n".join(f"{SECTIONS[section]}: {text}" for section, text in texts.items())


def redacted(text: str, choices: Iterable[str], *, letters: int = 0) -> str:
    """Return a text with every choice masked where it stands as a whole word, in any case (a single character: as it is).

    Args:
        text: a note.
        choices: what may not stand in it.
        letters: so many capital letters, from A on, name the choices and are masked too.
    """
    hidden = sorted({one.strip() for one in choices if one.strip()}, key=lambda one: (-len(one), one))
    for one in hidden:
        flags = re.IGNORECASE if len(one) > 1 else 0
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", MASK, text, flags=flags)
    return re.sub(rf"(?<!\w)[{ascii_uppercase[:letters]}](?!\w)", MASK, text) if letters else text


def choices_of(task: Task) -> list[str]:
    """Return the texts that the outputs of a task may be one of."""
    kinds = [field.annotation for field in task.output_fields.values()]
    return [str(choice) for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]


LEARN_WHY = "An answer to the task is wrong. Say why, and how to come to the right one. Do not write the right answer itself."
SAY_WHAT_WENT_WRONG = (
    "An answer to the task failed a check. Say in a few words what went wrong, and what to do better next time. "
    "Do not answer the task."
)
