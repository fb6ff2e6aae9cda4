"""Rows of several kinds in one pipeline: which stage a row goes through depends on a value of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Out, Stage


class Either(Stage):
    """Carries a row on by one of several stages.

    Args:
        field: the value that says by which.
        stages: value -> stage. A row with another value goes on as it is.
        name: of the stage.

    Raises:
        SettingError: no stages.
    """

    def __init__(self, field: str, stages: Mapping[str, Stage], name: str) -> None:
        super().__init__()
        if not stages or not all(isinstance(stage, Stage) for stage in stages.values()):
            raise SettingError(f"stages={dict(stages)!r}: expected at least one stage by value, such as {{'code': Made(...)}}.")
        self.field, self.stages, self.name = field, dict(stages), name

    async def run(self, row: Row) -> Sequence[Out]:
        """Carry on one row."""
        stage = self.stages.get(str(row.get(self.field)))
        return [row] if stage is None else await stage.run(row)

    def cost(self) -> Calls:
        """Return the calls of one row, by whichever stage."""
        costs = [stage.cost() for stage in self.stages.values()]
        return Calls(min(one.at_least for one in costs), max(one.at_most for one in costs))
