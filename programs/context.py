"""Answering with more in view: what the programs share that make something first and then answer with it.

A step made by `with_more` answers the task with lists of texts beside its inputs. Where nothing was made, the same step is asked
for the plain task (`signature=task`), so that the request is that of the plain program.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.errors import TaskError
from selftaught.programs.normalise import normalise
from selftaught.signatures import Task, copied, derived

Fields = dict[str, tuple[Any, Any]]
LONGEST_TEXT = 300
"""Characters of one text of a list; small models otherwise write on until their token limit."""
MANY_WORDS = 5
"""From so many words on, a text that only goes on behind another one counts as repeating it."""
_HEAD = re.compile(r"^(?:\s*(?:(?:step|question)\s*\d+\s*[.:)]|[-*•]|\(?\d+[.)])\s+)+", re.IGNORECASE)


def with_more(
    task: Task,
    role: str,
    instruction: str,
    given: Mapping[str, str],
    *,
    before: Fields | None = None,
    after: Fields | None = None,
) -> Task:
    """Return the signature of a step that answers a task with lists of texts in view.

    Args:
        task: what to answer.
        role: the name of the step, shown in errors.
        instruction: how to use what is given.
        given: name -> what it is; lists of texts, which may be left out of a call.
        before: what is written before the task's outputs.
        after: what is written after them.

    Raises:
        TaskError: the task has a field of one of these names.
    """
    lists = {name: (list[str], dspy.InputField(desc=about, default=[])) for name, about in given.items()}
    return derived(task, role, instruction, lists, outputs_and(task, role, before or {}, after or {}))


def outputs_and(task: Task, role: str, before: Fields, after: Fields) -> Fields:
    """Return the outputs of a task with further ones around them.

    Raises:
        TaskError: the task has an output of one of these names.
    """
    for name in sorted(task.output_fields.keys() & (before.keys() | after.keys())):
        raise TaskError(f"The task {task.__name__} has a field named {name!r}, which the {role.lower()} step needs for itself. Rename the field.")  # fmt: skip
    own = {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in task.output_fields.items()}
    return {**before, **own, **after}


def short_text(about: str, longest: int = LONGEST_TEXT) -> tuple[Any, Any]:
    """Return an output field for one text of limited length."""
    return str, dspy.OutputField(desc=about, max_length=longest)


def short_texts(about: str, *, least: int = 1, most: int, longest: int = LONGEST_TEXT) -> tuple[Any, Any]:
    """Return an output field for a list of texts of limited length."""
    return list[Annotated[str, Field(max_length=longest)]], dspy.OutputField(desc=about, min_length=least, max_length=most)


def cleaned(texts: Iterable[Any]) -> list[str]:
    """Return texts without numbers and bullets at their heads; blank ones and repetitions are left out."""
    found: dict[str, str] = {}
    for text in texts:
        bare = _HEAD.sub("", str(text)).strip()
        if bare:
            found.setdefault(normalise(bare), bare)
    return list(found.values())


def repeats(text: str, seen: Iterable[str]) -> bool:
    """True for a text that is one of those seen once more, perhaps with something after it: nothing was made."""
    said = normalise(text)
    for one in seen:
        known = normalise(one)
        if said == known or (len(known.split()) >= MANY_WORDS and said.startswith(known)):
            return True
    return False


def prompts_key(steps: Iterable[dspy.Predict]) -> str:
    """Return what a value made by steps depends on, as a key: their instructions and demonstrations. Tuned steps make another."""
    told = [[step.signature.instructions, [dict(demo) for demo in step.demos]] for step in steps]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]
