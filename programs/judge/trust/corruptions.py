"""Labels by construction: solved examples as good answers, mechanical faults in them as bad ones. No model is asked.

What they show is a lower bound of what a judge must see: one that misses faults this gross misses real ones too; one that
sees them may still miss what is subtle. Kinds: `swapped` (another example's answer), `truncated` (the second half is cut
off), `numbers` (one number is changed), `shuffled` (the words are in disorder).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import dspy

from selftaught.errors import DataError, SettingError, nearest
from selftaught.programs.judge.trust.labels import CORRUPTION, LABEL
from selftaught.signatures import Task, as_task, output_names

Outputs = dict[str, Any]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
TRIES = 5


def label_by_construction(
    task: str | Task, examples: Sequence[dspy.Example], kinds: Sequence[str] = ("swapped",), seed: int = 0
) -> list[dspy.Example]:
    """Return labelled answers made from solved examples: each with its own answer (good) and with faults (bad).

    Args:
        task: what the examples are examples of.
        examples: with their outputs.
        kinds: faults, out of `swapped`, `truncated`, `numbers`, `shuffled`; one that does not apply to an answer, or
            changes nothing, makes no bad answer of it.
        seed: of the faults.

    Raises:
        DataError: no wrong answer could be made. SettingError: an unknown kind.
    """
    names = output_names(as_task(task))
    if not isinstance(examples, Sequence) or not all(isinstance(example, dspy.Example) for example in examples):
        raise DataError(f"Solved examples are a list of dspy.Example, not {type(examples).__name__}.")
    for kind in kinds:
        if kind not in FAULTS and kind != "swapped":
            known = ["swapped", *FAULTS]
            raise SettingError(f"kinds={list(kinds)}: there is no {kind!r}{nearest(kind, known)}. Known: {', '.join(known)}.")
    answers = [{name: example[name] for name in names} for example in examples]
    made = []
    for number, example in enumerate(examples):
        made.append(_labelled(example, answers[number], True, ""))
        for kind in kinds:
            wrong = _wrong(answers, number, kind, random.Random(f"{seed} {number} {kind}"))
            if wrong is not None:
                made.append(_labelled(example, wrong, False, kind))
    if all(example[LABEL] for example in made):
        raise DataError(
            "All examples have the same answer, or none to which these kinds of fault apply: no wrong answers can be made."
        )
    return made


def _labelled(example: dspy.Example, outputs: Outputs, good: bool, kind: str) -> dspy.Example:
    inputs = dict(example.inputs())
    return dspy.Example(**{**inputs, **outputs, LABEL: good, CORRUPTION: kind}).with_inputs(*inputs, *outputs)


def _wrong(answers: list[Outputs], number: int, kind: str, draws: random.Random) -> Outputs | None:
    own = answers[number]
    if kind == "swapped":
        return next((other for other in (*answers[number + 1 :], *answers[:number]) if other != own), None)
    changed = {name: FAULTS[kind](value, draws) for name, value in own.items()}
    return changed if changed != own else None


def _truncated(value: Any, draws: random.Random) -> Any:
    if not isinstance(value, str):
        return value
    words = value.split()
    return " ".join(words[: len(words) // 2]) if len(words) > 1 else value[: (len(value) + 1) // 2]


def _numbers(value: Any, draws: random.Random) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + draws.randint(1, max(3, int(abs(value)) // 5))
    found = list(NUMBER.finditer(value)) if isinstance(value, str) else []
    if not found:
        return value
    place = draws.choice(found)
    number = place.group()
    changed = _numbers(float(number) if "." in number else int(number), draws)
    return value[: place.start()] + (f"{changed:g}" if "." in number else str(changed)) + value[place.end() :]


def _shuffled(value: Any, draws: random.Random) -> Any:
    words = value.split() if isinstance(value, str) else []
    if len(set(words)) < 2:
        return value
    for _ in range(TRIES):
        mixed = draws.sample(words, len(words))
        if mixed != words:
            return " ".join(mixed)
    return " ".join(words[::-1]) if words[::-1] != words else value


FAULTS: dict[str, Callable[[Any, random.Random], Any]] = {
    "truncated": _truncated,
    "numbers": _numbers,
    "shuffled": _shuffled,
}
