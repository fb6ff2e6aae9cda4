"""Choosing examples that tell a rule from its rivals (148; Vaduguru et al., 2023): the rational speech acts of a table.

1. The table: M[rival, example] is 1 where the rival agrees with the example; a last row of ones for the rule that is meant.
2. Literal listener: each column divided by its sum; it believes in what agrees. Pragmatic speaker: each row of that divided by its sum.
3. Choose the example that the speaker would most likely give for the rule: the one that fewest rivals agree with.
4. Drop the rivals that disagree with it; go to 3 with the rest. Without rivals left, any example does: the first, or all rivals
   start over for the examples that are left (`start_over`).

Departures: (1) what a rival says of an example may be unknown; then it counts as agreeing, since only what was seen refutes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selftaught.errors import SettingError

Agreement = bool | None
TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen example. `probability`: that the speaker gives it for the rule; `rivals`: numbers of those left after it."""

    example: int
    probability: float
    rivals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InformativeExampleSelector:
    """Chooses up to `shots` examples, the most telling first.

    Args:
        shots: examples to choose.
        start_over: once no rival is left, all of them have to be told apart again, by the examples that are left.
    """

    shots: int
    start_over: bool = False

    def __post_init__(self) -> None:
        if self.shots < 1:
            raise SettingError(f"shots={self.shots}: at least 1 example is chosen.")

    def select(self, agrees: Sequence[Sequence[Agreement]], examples: int | None = None) -> list[Choice]:
        """Return the choices in order; of equally telling examples the first.

        Args:
            agrees: one row for each rival, one entry for each example.
            examples: how many there are; needed only where there is no rival.

        Raises:
            SettingError: rows of different lengths.
        """
        count = len(agrees[0]) if len(agrees) else examples or 0
        if any(len(row) != count for row in agrees):
            raise SettingError("agrees: expected one entry for each example in every row.")
        table = np.array([[said is not False for said in row] for row in agrees], dtype=float).reshape(len(agrees), count)
        left, alive, chosen = list(range(count)), list(range(len(agrees))), list[Choice]()
        while left and len(chosen) < self.shots:
            if not alive and self.start_over:
                alive = list(range(len(agrees)))
            odds = speaker(listener(np.vstack([table[alive][:, left], np.ones(len(left))])))[-1]
            best = int(np.argmax(odds >= odds.max() - TIE))
            alive = [rival for rival in alive if table[rival, left[best]]]
            chosen.append(Choice(left.pop(best), float(odds[best]), tuple(alive)))
        return chosen


def listener(table: np.ndarray) -> np.ndarray:
    """Return what a literal listener believes: for each example, how likely each rule is."""
    return table / table.sum(axis=0, keepdims=True)


def speaker(beliefs: np.ndarray) -> np.ndarray:
    """Return what a pragmatic speaker says: for each rule, how likely each example is; rules without an example have zeros."""
    sums = beliefs.sum(axis=1, keepdims=True)
    return beliefs / np.where(sums > 0, sums, 1.0)
