"""CoCoS (124; Cho et al., 2025): a small code model looks at its own code again, without running anything.

Where code cannot be run. The published gain comes from training the model on such trajectories; prompted alone, a model of
this size hardly gains, and breaks right code about as often as it mends wrong code.

1. Write the code.   2. Ask for it again, with the code and the remark that it may hold an error; `turns` programs in all.
3. Return the last.

The algorithm is the refine core's without feedback. `trajectory_reward` is the paper's score of such a trajectory, for any
program that answers in turns.

Departures: (1) the reward may be taken of shares of tests instead of numbers, so that problems with many tests do not outweigh
the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from selftaught.errors import SettingError
from selftaught.programs.refine.core import Refine
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, refine_of


@method(124, "cocos", family="refine", missing="training the model on its trajectories (RLOO with the reward that is here)")
class SecondLook(Refine):
    """Write the code, then write it again with an eye for errors; nothing is run.

    Args:
        task: what to do.
        turns: programs written, the first included.
    """

    def __init__(self, task: str | Task, *, turns: int = 2) -> None:
        rounds = at_least("turns", turns, 1) - 1
        again = Step(refine_of(task, THERE_MAY_BE_AN_ERROR).delete("problems")) if rounds else None
        super().__init__(task, rounds=rounds, reviser=again, select="last", feedback="none", stop="never")
        self.turns = turns


def trajectory_reward(passed: Sequence[int], *, tests: int | None = None, discount: float = 0.5) -> float:
    """Return the reward of a trajectory: the gains of its turns, of which later ones count more.

    Args:
        passed: tests that the code of each turn passed, in order.
        tests: how many there are, to count shares instead of numbers.
        discount: from 0 (only the last step counts) to 1 (only where it ended counts).

    Raises:
        SettingError: a discount that is none, or more tests passed than there are.
    """
    if not 0 <= discount <= 1:
        raise SettingError(f"discount={discount!r}: expected a number from 0 to 1.")
    if tests is not None and not (tests > 0 and all(0 <= one <= tests for one in passed)):
        raise SettingError(f"tests={tests!r}: expected a positive number, at least as large as each of {list(passed)}.")
    turns = len(passed)
    gains = [now - before for before, now in zip([0, *passed], passed, strict=False)]
    return sum(discount ** (turns - turn) * gain for turn, gain in enumerate(gains, 1)) / (tests or 1)


THERE_MAY_BE_AN_ERROR = "There may be an error in the draft. Look for it and write the whole code again, corrected."
