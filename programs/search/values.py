"""What a partial answer is worth, by name.

- `check`: is its newest step right? The chance of yes, or the share of yes where the model gives no probabilities.
- `rate`: how close does it bring the answer? A number.          - `votes`: which of the siblings is best? Shares of votes.
- `pairs`: siblings two at a time (051); the share of comparisons won.

Or any judge of the task of writing the next step (`next_step_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from selftaught.errors import SettingError, nearest
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.judge.step_pairs import NEXT, PREFIX, StepPairs, best_step
from selftaught.programs.search.step_judges import StepCheck, StepRating, StepVotes
from selftaught.signatures import Task


async def values_of(judge: Judge, inputs: dict[str, Any], before: Sequence[str], candidates: Sequence[str]) -> list[float | None]:
    """Return the value of each candidate next step, None where it is not known.

    Raises:
        CallError: no candidate could be judged.
    """
    if isinstance(judge, StepVotes | Pairwise) and len(candidates) == 1:
        return [1.0]
    if isinstance(judge, StepVotes):
        return await judge.among(inputs, before, candidates)
    if isinstance(judge, Pairwise):
        rivals = len(candidates) - 1
        choice = await best_step(judge, inputs, before, candidates)
        unknown = choice.failed == len(candidates) * rivals // 2
        return [None if unknown else wins / rivals for wins in choice.wins]
    asked = {**inputs, PREFIX: list(before)}
    found = await survivors(judge.acall(**asked, **{NEXT: text}) for text in candidates)
    return [None if one is None else one.verdict.score for one in found]


def cost_of_values(judge: Judge, candidates: int) -> Calls:
    """Return the calls of valuing so many different siblings."""
    if isinstance(judge, StepVotes):
        return Calls(judge.samples, judge.samples) if candidates > 1 else Calls(0, 0)
    if isinstance(judge, Pairwise):
        return judge.cost_of_preference() * (candidates * (candidates - 1) // 2)
    return judge.cost_of_many(candidates)


def value_named(value: str | Judge, task: str | Task, samples: int) -> Judge:
    """Return a judge of steps by its name, or the given one.

    Raises:
        SettingError: there is none of this name, or the given one does not judge next steps.
    """
    if isinstance(value, Judge):
        if not {PREFIX, NEXT} <= value.task.fields.keys():
            raise SettingError(f"value: a judge of {sorted(value.task.fields)}; expected one of `next_step_of(task)`.")
        return value
    if value not in VALUES:
        raise SettingError(f"value={value!r}: expected a judge or one of {sorted(VALUES)}{nearest(str(value), VALUES)}.")
    return VALUES[value](task, samples)


VALUES: dict[str, Callable[[Any, int], Judge]] = {
    "check": lambda task, samples: StepCheck(task, samples=samples),
    "rate": lambda task, samples: StepRating(task, samples=samples),
    "votes": lambda task, samples: StepVotes(task, samples=samples),
    "pairs": lambda task, samples: StepPairs(task),
}
