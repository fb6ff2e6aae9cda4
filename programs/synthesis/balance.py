"""A gate that keeps the classes of a data set even."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Gate


class Balanced(Gate):
    """Lets through as many rows of one class as of each other, over all rounds so far; the first begun before the others.

    Args:
        field: the value that names a row's class.
        classes: all there are; of one that never comes there are none, and so of the others.
    """

    def __init__(self, field: str, classes: Sequence[Hashable]) -> None:
        self.field, self.classes, self.name = field, tuple(classes), "balance"
        self._admitted: Counter[Hashable] = Counter()

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Admit rows of each class up to the number that all classes reach."""
        there = self._admitted + Counter(row[self.field] for row in rows)
        most = min((there[one] for one in self.classes), default=0)
        return [self._decided(row, most) for row in rows]

    def _decided(self, row: Row, most: int) -> str:
        if self._admitted[row[self.field]] >= most:
            return f"enough rows with {self.field}={row[self.field]}"
        self._admitted[row[self.field]] += 1
        return ""

    def admit(self, row: Row) -> str:
        """Count a row that was admitted before."""
        self._admitted[row[self.field]] += 1
        return ""
