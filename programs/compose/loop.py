"""A part again and again, until a condition holds."""

from __future__ import annotations

from typing import Any

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.compose.condition import Condition
from selftaught.programs.compose.diagram import Arrows, Diagram
from selftaught.programs.compose.fields import Wires, module_of
from selftaught.programs.compose.flow import Flow, Values, drawn, ran, wired
from selftaught.programs.sampling import at_least


class Loop(Flow):
    """Run a part until a condition holds after it, at most `rounds` times.

    `generate >> Loop(critique >> If("not acceptable", refine), until="acceptable", rounds=3)` is Self-Refine, written by hand.

    Args:
        body: a task, module or composition; each round sees what the one before wrote.
        until: the condition that ends it; see `If`.
        rounds: the most rounds, at least 1.

    Raises:
        SettingError: the condition is none, or `rounds` is below 1.
        TaskError: a field has another type than the one that the body, in its first or a later round, takes.
    """

    def __init__(self, body: Any, *, until: Any, rounds: int = 3) -> None:
        self.body = module_of(body)
        self.until = Condition(until)
        self.rounds = at_least("rounds", rounds, 1)
        super().__init__()

    def wire(self, wires: Wires) -> dict[str, Any]:
        """Wire the body after what is before it, and after itself."""
        outputs = wired(self.body, wires)
        self.until.wire(wires)
        wired(self.body, wires)
        return outputs

    async def flow(self, values: Values) -> None:
        """Run the rounds."""
        for _ in range(self.rounds):
            await ran(self.body, values)
            if self.until.holds(values.known):
                return

    def cost(self) -> Calls:
        """Return the calls of one round at least, and of all at most."""
        one = cost_of(self.body)
        return Calls(one.at_least, one.at_most * self.rounds)

    def draw(self, diagram: Diagram, entries: Arrows) -> Arrows:
        """Draw the body, the question after it, and the way back."""
        first = diagram.count
        ends = drawn(self.body, diagram, entries)
        node = diagram.question(self.until.text, ends)
        yes, no = self.until.answers
        diagram.lead([(node, no)], f"n{first}")
        return [(node, f"{yes}, or after {self.rounds} rounds")]
