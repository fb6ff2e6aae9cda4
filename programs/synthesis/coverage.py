"""What a synthesized trainset covers: labels, diversity, nearness to the examples that it was made from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dspy

from selftaught.novelty import Diversity, NoveltyFilter, diversity
from selftaught.programs.odds import choices_of
from selftaught.programs.synthesis.propose_inputs import said
from selftaught.programs.synthesis.row import Row
from selftaught.signatures import Task, input_names, render

if TYPE_CHECKING:
    from selftaught.programs.synthesis.outcome import Synthesized


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a trainset covers.

    `labels`: of the output with a few fixed values, value -> rows; empty where the task has none. `balance`: 1 where all values are as
    frequent, 0 where there is one only (their entropy over the highest possible). `missing`: values that no row has. `inputs` and
    `examples`: the diversity of the new inputs and of the examples' inputs, None where there are none. `nearest`: the mean ROUGE-L F
    of a new input with the nearest example.
    """

    rows: int
    labels: dict[str, int] = field(default_factory=dict)
    balance: float | None = None
    missing: tuple[str, ...] = ()
    inputs: Diversity | None = None
    examples: Diversity | None = None
    nearest: float | None = None

    def __str__(self) -> str:
        lines = [f"{self.rows} rows"]
        if self.labels:
            counts = ", ".join(f"{label} {often}" for label, often in self.labels.items())
            lines.append(f"labels: {counts} (balance {self.balance:.2f})" if self.balance is not None else f"labels: {counts}")
        if self.missing:
            lines.append(f"no row has: {', '.join(self.missing)}")
        if self.inputs and self.examples:
            lines.append(
                f"inputs: {self.inputs.words:.0f} words, distinct-2 {self.inputs.distinct[1]:.2f}, Vendi {self.inputs.vendi:.1f} of "
                f"{self.inputs.sample}; the examples: {self.examples.words:.0f}, {self.examples.distinct[1]:.2f}, "
                f"{self.examples.vendi:.1f} of {self.examples.sample}"
            )
            lines.append(f"ROUGE-L with the nearest example: {self.nearest:.2f} on average")
        return "\n".join(lines)


class Trainset(list[dspy.Example]):
    """New examples of a task: a list, for any optimizer. `made`: rows, reasons and costs; `coverage`: what they cover."""

    def __init__(self, examples: Iterable[dspy.Example], task: Task, made: Synthesized, coverage: Coverage) -> None:
        super().__init__(examples)
        self.task, self.made, self.coverage = task, made, coverage

    def save(self, path: str | Path, **settings: Any) -> Path:
        """Write the examples, one a line, as task files and `read_examples` take them; see `Synthesized.save`."""
        return self.made.save(path, "examples", task=self.task, **settings)

    def summary(self) -> str:
        """Return the funnel and the coverage as text."""
        return f"{self.made.summary()}\n{self.coverage}"


def coverage_of(task: Task, rows: Sequence[Row], examples: Sequence[Mapping[str, Any]], output: str) -> Coverage:
    """Return what rows cover. `output`: the one with a few fixed values, empty where there is none."""
    names = input_names(task)
    labels = _counts(task, rows, output)
    texts, known = ([render(names, one) for one in several] for several in ([row.values for row in rows], examples))
    if not texts:
        return Coverage(0, labels, None, tuple(labels))
    compared = NoveltyFilter(1.0, unicode=True)
    compared.filter(known)
    near = [max((one.score for one in compared.nearest(text)), default=0.0) for text in texts]
    balance = _balance(list(labels.values())) if labels else None
    missing = tuple(label for label, often in labels.items() if not often)
    return Coverage(len(rows), labels, balance, missing, diversity(texts), diversity(known), sum(near) / len(near))


def _counts(task: Task, rows: Sequence[Row], output: str) -> dict[str, int]:
    if not output:
        return {}
    found = Counter(said(row[output]) for row in rows)
    return {label: found[label] for label in choices_of(task, output)}


def _balance(counts: Sequence[int]) -> float:
    total = sum(counts)
    shares = [one / total for one in counts if one]
    return abs(sum(one * math.log(one) for one in shares)) / math.log(len(counts))
