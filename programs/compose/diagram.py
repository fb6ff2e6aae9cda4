"""Drawing a program as a Mermaid flowchart, which GitHub, GitLab, Jupyter and most documentation tools show as a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Arrows = list[tuple[str, str]]
"""Where arrows come from, each with its label."""


@dataclass(slots=True)
class Diagram:
    """A flowchart that grows from top to bottom."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def terminal(self, text: str) -> str:
        """Add what goes in or comes out; returns its node."""
        return self._node(f'(["{_safe(text)}"])')

    def box(self, title: str, below: str, entries: Arrows) -> Arrows:
        """Add a stage after what leads to it."""
        node = self._node(f'["{_safe(title)}<br/><i>{_safe(below)}</i>"]')
        self.lead(entries, node)
        return [(node, "")]

    def question(self, text: str, entries: Arrows) -> str:
        """Add a decision after what leads to it; returns its node."""
        node = self._node(f'{{"{_safe(text)}?"}}')
        self.lead(entries, node)
        return node

    def lead(self, entries: Arrows, node: str) -> None:
        """Draw arrows to a node."""
        for source, label in entries:
            arrow = f"-- {_safe(label)} -->" if label else "-->"
            self.lines.append(f"  {source} {arrow} {node}")

    def text(self) -> str:
        """Return the chart."""
        return "\n".join(["flowchart TD", *self.lines])

    def _node(self, shape: str) -> str:
        name = f"n{self.count}"
        self.count += 1
        self.lines.append(f"  {name}{shape}")
        return name


def program_chart(program: Any) -> str:
    """Return the chart of a method: its inputs, its steps in a frame, its outputs."""
    diagram = Diagram()
    given = diagram.terminal(", ".join(program.accepts()))
    diagram.lines.append(f"  subgraph {type(program).__name__}")
    for name, step in program.named_predictors():
        diagram.box(name, ", ".join(step.signature.output_fields), [])
    diagram.lines.append("  end")
    answer = diagram.terminal(", ".join(program.task.output_fields))
    diagram.lead([(given, "")], type(program).__name__)
    diagram.lead([(type(program).__name__, "")], answer)
    return diagram.text()


def _safe(text: str) -> str:
    """Return text that cannot end a label: Mermaid reads entities as characters."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
