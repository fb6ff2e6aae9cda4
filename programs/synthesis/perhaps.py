"""Stages that may fail without costing the row: they improve what is there already."""

from __future__ import annotations

from collections.abc import Sequence

from selftaught.errors import CallError
from selftaught.programs.base import Calls
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Out, Stage


class Perhaps(Stage):
    """Carries a row on by some stages, each of which makes one row of one; where a call fails, the row goes on as it came.

    Args:
        stages: in order.
        name: of the whole.
    """

    def __init__(self, stages: Sequence[Stage], name: str) -> None:
        super().__init__()
        self.stages, self.name = list(stages), name

    async def run(self, row: Row) -> Sequence[Out]:
        """Carry on one row."""
        going = row
        for stage in self.stages:
            try:
                (found,) = await stage.run(going)
            except CallError:
                return [row]
            if not isinstance(found, Row):
                return [row]
            going = found
        return [going]

    def cost(self) -> Calls:
        """Return the calls of all stages; fewer where one fails."""
        return sum((stage.cost() for stage in self.stages), Calls(0, 0))
