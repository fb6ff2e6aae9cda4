"""Choosing demonstrations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.normalise import answer_key
from selftaught.signatures import Task, output_names


def choose(examples: Sequence[dspy.Example], shots: int, task: Task, chooser: random.Random) -> list[dict[str, Any]]:
    """Return up to `shots` examples as demonstrations, in random order.

    Where the answers are few classes, each class is shown equally often: a small model otherwise says what it saw most
    (and last). Classes: at most half as many different answers as examples.
    """
    by_answer: dict[str, list[dspy.Example]] = {}
    for example in chooser.sample(list(examples), len(examples)):
        by_answer.setdefault(answer_key(dict(example), output_names(task)), []).append(example)
    if len(by_answer) > len(examples) / 2 or len(by_answer) == 1:
        chosen = chooser.sample(list(examples), min(shots, len(examples)))
    else:
        each = max(1, min(shots // len(by_answer), *(len(group) for group in by_answer.values())))
        chosen = [example for group in by_answer.values() for example in group[:each]][:shots]
    return [dict(example) for example in chooser.sample(chosen, len(chosen))]
