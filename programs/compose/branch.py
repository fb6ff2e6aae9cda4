"""A stage only where a condition holds, and one stage or another."""

from __future__ import annotations

from typing import Any

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.compose.condition import Condition
from selftaught.programs.compose.diagram import Arrows, Diagram
from selftaught.programs.compose.fields import Wires, field_of, module_of
from selftaught.programs.compose.flow import Flow, Values, drawn, ran, wired


class If(Flow):
    """Run one part where a condition holds, another (or none) where it does not.

    Without `otherwise` what is known stays as it is, so the fields that `then` writes must be known before.

    Args:
        condition: the name of a yes/no field, or `not` and its name; or a function from the known values to a yes or no, with
            which the composition cannot be saved.
        then: a task, module or composition.
        otherwise: the same.

    Raises:
        SettingError: the condition is none of these.
        TaskError: the condition's field is no yes/no field, or a field has another type than a part takes.
    """

    def __init__(self, condition: Any, then: Any, otherwise: Any = None) -> None:
        self.condition = Condition(condition)
        self.then = module_of(then)
        if otherwise is not None:
            self.otherwise = module_of(otherwise)
        self.either = otherwise is not None
        super().__init__()

    def wire(self, wires: Wires) -> dict[str, Any]:
        """Wire both parts; what both write is the output."""
        self.condition.wire(wires)
        yes, no = wires.copy(), wires.copy()
        outputs = wired(self.then, yes)
        other = wired(self.otherwise, no) if self.either else {}
        wires.join(yes, no)
        if self.either:
            outputs = {name: kind for name, kind in outputs.items() if name in other}
        else:
            for name in outputs.keys() - no.types.keys():  # what may not be written here must be known before
                wires.needed[name] = field_of(outputs[name])
        wires.write(outputs, type(self).__name__, drafts=False)
        wires.drafted = yes.drafted if not self.either or no.drafted else ()
        return outputs

    async def flow(self, values: Values) -> None:
        """Run the part that the condition names."""
        if self.condition.holds(values.known):
            await ran(self.then, values)
        elif self.either:
            await ran(self.otherwise, values)
        else:
            wires = Wires(drafted=values.drafted)
            values.written |= {name: values.known[name] for name in wired(self.then, wires)}
            values.drafted = wires.drafted

    def cost(self) -> Calls:
        """Return the fewest and the most calls of the two."""
        one, other = cost_of(self.then), cost_of(self.otherwise) if self.either else Calls(0, 0)
        return Calls(min(one.at_least, other.at_least), max(one.at_most, other.at_most))

    def draw(self, diagram: Diagram, entries: Arrows) -> Arrows:
        """Draw the question and both ways on from it."""
        node = diagram.question(self.condition.text, entries)
        yes, no = self.condition.answers
        ends = drawn(self.then, diagram, [(node, yes)])
        return ends + (drawn(self.otherwise, diagram, [(node, no)]) if self.either else [(node, no)])
