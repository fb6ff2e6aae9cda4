"""Branches side by side: they see the same values and run at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError, TaskError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.compose.diagram import Arrows, Diagram
from selftaught.programs.compose.fields import Wires, module_of
from selftaught.programs.compose.flow import Flow, Values, drawn, ran, wired


class Parallel(Flow):
    """Branches that run at the same time on the same values.

    Args:
        branches: a list, whose branches must write different fields; or name -> branch, whose fields then get the name in front
            (`{"short": a, "long": b}` gives `short_answer` and `long_answer`).

    Raises:
        SettingError: no branch.
        TaskError: two branches write the same field, or a field has another type than a branch takes.
    """

    def __init__(self, branches: Sequence[Any] | Mapping[str, Any]) -> None:
        named = dict(branches) if isinstance(branches, Mapping) else {}
        listed = list(named.values() if named else branches) if not isinstance(branches, str) else []
        if not listed:
            raise SettingError(f"branches={branches!r}: expected a list of branches, or a dictionary from name to branch.")
        self.branches = [module_of(branch) for branch in listed]
        self.prefixes = [f"{name}_" for name in named] or [""] * len(self.branches)
        super().__init__()

    def wire(self, wires: Wires) -> dict[str, Any]:
        """Wire each branch on its own; their outputs come together."""
        outputs: dict[str, Any] = {}
        drafted: list[str] = []
        for branch, prefix in zip(self.branches, self.prefixes, strict=True):
            inner = wires.copy()
            found = {f"{prefix}{name}": kind for name, kind in wired(branch, inner).items()}
            wires.join(inner)
            for name in found.keys() & outputs.keys():
                raise TaskError(f"Two branches write {name!r}. Name them: Parallel({{'first': a, 'second': b}}).")
            outputs |= found
            drafted += found if inner.drafted != wires.drafted else ()
        wires.write(outputs, type(self).__name__, drafts=False)
        wires.drafted = tuple(drafted) or wires.drafted
        return outputs

    async def flow(self, values: Values) -> None:
        """Run all branches at once. The first error of a branch is that of the whole; the others run to their end, since a call
        that is under way is paid, and its answer is kept."""
        copies = [values.copy() for _ in self.branches]
        await asyncio.gather(*(ran(branch, copy) for branch, copy in zip(self.branches, copies, strict=True)))
        wires = Wires(drafted=values.drafted)
        self.wire(wires)
        for branch, prefix, copy in zip(self.branches, self.prefixes, copies, strict=True):
            values.write({f"{prefix}{name}": copy.known[name] for name in wired(branch, Wires())}, drafts=False)
        values.drafted = wires.drafted

    def cost(self) -> Calls:
        """Return the calls of all branches."""
        return sum((cost_of(branch) for branch in self.branches), Calls(0, 0))

    def draw(self, diagram: Diagram, entries: Arrows) -> Arrows:
        """Draw the branches next to each other."""
        return [
            (node, label or prefix.rstrip("_"))
            for branch, prefix in zip(self.branches, self.prefixes, strict=True)
            for node, label in drawn(branch, diagram, entries)
        ]
