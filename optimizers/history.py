"""What a proposer is shown, as text: instructions that were tried with their scores, the best one last; solved examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.signatures import example_lines

MOST = 8
"""Instructions in one history. What a small model reads last it follows most, so the best ones stay and stand last."""


def history_of(standings: Iterable[Standing], instruction_of: Callable[[Candidate], str], most: int = MOST) -> str:
    """Return instructions with their scores in ascending order; "" where nothing has a score.

    Args:
        standings: what was tried; of equal instructions the best one is shown, and what has no score is left out.
        instruction_of: returns the instruction of a candidate.
        most: of them at most, the best.
    """
    known = [one for one in standings if one.score is not None]
    ascending = sorted(known, key=lambda one: (one.value, one.rows, instruction_of(one.candidate)))
    best = {instruction_of(one.candidate): one.value for one in ascending}  # a later one, which is better, takes the place
    shown = sorted(best.items(), key=lambda one: (one[1], one[0]))[-most:]
    return "\n\n".join(f"Instruction: {text}\nScore: {value * 100:.0f} of 100" for text, value in shown)


def some_examples(problem: Problem, count: int) -> str:
    """Return up to `count` labelled examples in random order; others at the next call."""
    chosen = problem.random.sample(problem.labelled, min(count, len(problem.labelled)))
    return "\n\n".join(example_lines(problem.task, one) for one in chosen)
