"""Choosing demonstrations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from selftaught.optimizers.rollouts import Demos
from selftaught.optimizers.strategy import Problem
from selftaught.programs.normalise import answer_key
from selftaught.signatures import Task, output_names


def choose(examples: Sequence[Any], shots: int, task: Task, chooser: random.Random) -> list[dict[str, Any]]:
    """Return up to `shots` examples as demonstrations, in random order.

    Where the answers are few classes, they take turns, so that each is shown as often as the others while there are examples
    of it: a small model otherwise says what it saw most (and last). Classes: at most half as many different answers as examples.
    """
    by_answer: dict[str, list[Any]] = {}
    for example in chooser.sample(list(examples), len(examples)):
        by_answer.setdefault(answer_key(dict(example), output_names(task)), []).append(example)
    if len(by_answer) > len(examples) / 2 or len(by_answer) == 1:
        chosen = chooser.sample(list(examples), min(shots, len(examples)))
    else:
        turns = range(max(len(group) for group in by_answer.values()))
        chosen = [group[turn] for turn in turns for group in by_answer.values() if turn < len(group)][:shots]
    return [dict(example) for example in chooser.sample(chosen, len(chosen))]


def shots_of(problem: Problem, name: str, own: Sequence[Demos], shots: int) -> list[dict[str, Any]]:
    """Return the demonstrations of one step: bootstrapped ones, then labelled ones where it gives the task's outputs.

    Args:
        own: what the steps saw and said on examples that the program solved, one dictionary an example.
        shots: the most demonstrations.
    """
    demos = [demo for one in own for demo in one.get(name, [])[:1]]
    if name in problem.targets:
        inputs = list(problem.task.input_fields)
        shown = [{key: demo[key] for key in inputs if key in demo} for demo in demos]
        rest = [dict(example) for example in problem.labelled if dict(example.inputs()) not in shown]
        demos += choose(rest, shots - len(demos), problem.task, problem.random) if rest else []
    return demos[:shots]
