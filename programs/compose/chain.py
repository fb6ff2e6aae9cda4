"""One stage after another: `generate >> critique >> refine`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftaught.errors import SettingError, TaskError, nearest
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.compose.diagram import Arrows, Diagram
from selftaught.programs.compose.fields import Wires, module_of
from selftaught.programs.compose.flow import Flow, Values, drawn, ran, wired


class Chain(Flow):
    """Stages in a row; each takes what it needs of the inputs and of what earlier stages wrote.

    `a >> b >> c` is `Chain([a, b, c])`. The prediction holds the last stage's outputs and everything else that was written.

    Args:
        stages: tasks, predictors, programs, judges (which give `score`, `passed`, `reasons`, `problems`) or compositions.
        outputs: the names of the outputs, in order; those of the last stage by default.

    Raises:
        SettingError: no stage.
        TaskError: a field has another type than the one a stage takes, or an output is written by no stage.
    """

    def __init__(self, stages: Sequence[Any], *, outputs: Sequence[str] | None = None) -> None:
        if isinstance(stages, str) or not isinstance(stages, Sequence) or not stages:
            raise SettingError(f"stages={stages!r}: expected a list of at least one stage, such as [generate, critique, refine].")
        self.stages = [module_of(stage) for stage in stages]
        self.names = None if outputs is None else list(outputs)
        super().__init__()

    def wire(self, wires: Wires) -> dict[str, Any]:
        """Wire the stages in order."""
        written: dict[str, Any] = {}
        last: dict[str, Any] = {}
        for stage in self.stages:
            last = wired(stage, wires)
            written |= last
        if self.names is None:
            return last
        for name in self.names:
            if name not in written:
                raise TaskError(
                    f"The output {name!r} is written by no stage{nearest(name, written)}. They write {sorted(written)}."
                )
        return {name: written[name] for name in self.names}

    async def flow(self, values: Values) -> None:
        """Run the stages in order."""
        for stage in self.stages:
            await ran(stage, values)

    def cost(self) -> Calls:
        """Return the calls of all stages."""
        return sum((cost_of(stage) for stage in self.stages), Calls(0, 0))

    def draw(self, diagram: Diagram, entries: Arrows) -> Arrows:
        """Draw the stages in order."""
        for stage in self.stages:
            entries = drawn(stage, diagram, entries)
        return entries
