"""Instances of an instruction: an input and an output, the label first where the task is a classification.

1. A classification: ask for its labels, then for one input to each, so that the labels come out even. Where fewer instances are
   wanted than there are labels, the instruction's own hash says with which label to begin.
2. Any other task: ask for an input and its output.
3. Drop instances that say nothing; drop the task where one input has two different outputs.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis import instance_steps as steps
from selftaught.programs.synthesis.instance_steps import LABELS
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage

Instance = tuple[str, str]


class Instances(Stage):
    """Turns a row with `instruction` and `classification` into rows with `input` and `output`.

    Args:
        count: instances of an instruction, at most; of a classification at most one for each label.
    """

    def __init__(self, count: int = 1) -> None:
        super().__init__()
        self.count, self.name = at_least("count", count, 1), "instances"
        self.labels, self.fill, self.solve = steps.label(), steps.fill(), steps.solve()

    async def run(self, row: Row) -> Sequence[Out]:
        """Make the instances of one instruction."""
        found = await (self.by_label(row) if row.get("classification") else self.by_input(row))
        made = [(number, one) for number, one in enumerate(found)]
        if conflicting([one for _, one in made]):
            return [Rejected(row, self.name, "one input has two outputs")]
        out: list[Out] = []
        seen: set[tuple[str, str]] = set()
        for number, (given, answer) in made:
            one = row.split(number, {**row.without("examples").values, "input": given, "output": answer})
            reason = empty(str(row["instruction"]), given, answer)
            key = (normalise(given), normalise(answer))
            if key not in seen:
                out.append(Rejected(one, self.name, reason) if reason else one)
            seen.add(key)
        return out or [Rejected(row, self.name, "no instance")]

    async def by_label(self, row: Row) -> list[Instance]:
        """Return an input for each label."""
        said = await self.labels.acall(instruction=row["instruction"])
        labels = turned(list(dict.fromkeys(label.strip() for label in said["choices"] if label.strip())), str(row["instruction"]))
        labels = labels[: self.count]
        filled = await survivors(self.fill.acall(instruction=row["instruction"], label=label) for label in labels)
        return [(one.input.strip(), label) for one, label in zip(filled, labels, strict=True) if one is not None]

    async def by_input(self, row: Row) -> list[Instance]:
        """Return inputs with their outputs."""
        sampled = (
            {"config": {"temperature": 0.7, "rollout_id": f"instance{number}"}} if number else {} for number in range(self.count)
        )
        found = await survivors(self.solve.acall(instruction=row["instruction"], **one) for one in sampled)
        return [(one.input.strip(), one.output.strip()) for one in found if one is not None]

    def cost(self) -> Calls:
        """Return the calls of one instruction."""
        return Calls(min(2, self.count), max(1 + min(self.count, LABELS), self.count))


def turned(labels: list[str], by: str) -> list[str]:
    """Return the labels from another one on: models name the same label first, such as yes."""
    first = zlib.crc32(by.encode(errors="surrogatepass")) % len(labels) if labels else 0
    return labels[first:] + labels[:first]


def conflicting(instances: Sequence[Instance]) -> bool:
    """True where one input has two different outputs."""
    outputs: dict[str, set[str]] = {}
    for given, answer in instances:
        outputs.setdefault(normalise(given), set()).add(normalise(answer))
    return any(len(different) > 1 for different in outputs.values())


def empty(instruction: str, given: str, answer: str) -> str:
    """Return why an instance says nothing, or an empty text."""
    if not answer:
        return "no output"
    if normalise(answer) in (normalise(given), normalise(instruction)):
        return "the output repeats the input"
    if given.strip() and normalise(given) == normalise(instruction):
        return "the input repeats the instruction"
    return "ends in a colon" if given.endswith(":") or answer.endswith(":") else ""
