"""A program as a stage that also writes down what it tells besides its outputs: votes, confidence, passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dspy.adapters.utils import serialize_for_json

from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Made, Out, resampled


class Told(Made):
    """Adds a program's outputs to the row, and facts of its prediction. A row on which the program declines is rejected.

    Args:
        program: any program.
        tells: fact of the prediction -> row field, such as `{"confidence": "agreement"}`; a fact that is not told is left out.
        settings: see `Made`.
    """

    def __init__(self, program: Any, tells: Mapping[str, str], **settings: Any) -> None:
        super().__init__(program, **settings)
        self.tells = dict(tells)

    async def run(self, row: Row) -> Sequence[Out]:
        """Call the program on one row."""
        known = {name: row[there] for name in self.takes if (there := self.rename.get(name, name)) in row.values}
        with resampled(row, self.temperature):
            found = await self.program.acall(**known)
        if found.get("declined"):
            return [Rejected(row, self.name, "declined")]
        facts = {there: found[name] for name, there in self.tells.items() if name in found}
        values = {self.rename.get(name, name): found[name] for name in self.gives}
        return [row.with_values(**serialize_for_json({**values, **facts}))]
