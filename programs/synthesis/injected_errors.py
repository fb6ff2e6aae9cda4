"""Injected errors (113; Tsui, 2025, Self-Correction Bench): right solutions with one number changed, and how they are put right.

For rows that teach a model to correct itself in the middle of its own answer, and for measuring whether it does: what stands before
the error is the same, byte for byte, with and without it. The errors are not the model's own; mending them need not carry over.

1. Sample reasoned answers to each labelled input, and keep the right ones.
2. Change one number of the reasoning, drawn by the row, but none that counts steps: a number of the input is an error of `representation`, another one of
   `execution`. The solution breaks off after the step that holds it.
3. The correction goes on after `marker`: the step again, as it was, and what followed, with the answer.

Departures: (1) errors are mechanical and in numbers; a reasoning without one gives no row. Errors of planning are not made. (2) The
paper measures; that rows made the same way teach is our use of it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.judge.trust.corruptions import FAULTS, NUMBER
from selftaught.programs.reason import REASONING
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.candidates import Answers, Candidate, Sampled, candidates_of, examples_of
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, Verify, labelled
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.sample_verify_keep import QUESTION
from selftaught.programs.synthesis.stages import Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, render

MARKER = "Wait."
_END_OF_STEP = re.compile(r"[.!?](?=\s)|\n")
_NUMBERING = re.compile(r"^[^\w\n]*\d+[.)](?=\s)|\bstep\s+\d+", re.IGNORECASE | re.MULTILINE)
"""Numbers that count steps; in them there is nothing to be wrong."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A reasoning up to the end of a step, `right` and with one number changed (`wrong`); and the step with what follows it."""

    right: str
    wrong: str
    rest: str
    kind: str


@method(113, "injected-errors", family="reflect", missing="training; errors of planning")
class InjectedErrors(Pipeline):
    """Break right solutions off after an injected error, and go on with its correction.

    A row holds the task's inputs and outputs, `wrong_partial`, `right_partial` (the same without the error), `correction` (what
    follows the marker), `output` (all of it, to tune on) and `kind` (`representation` or `execution`).

    Args:
        examples: dictionaries or examples with the task's inputs and outputs.
        task: what is answered.
        sampler, samples, temperature, batch: see `SampleVerifyKeep`; a sampler of your own must give its `reasoning`.
        verify: see `Check`; by the label by default.
        most: errors injected for an input, each into another solution.
        marker: opens the correction.

    Raises:
        SettingError: a setting that is none. DataError: an example lacks its label.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *, sampler: dspy.Module | None = None,
        samples: int = 4, temperature: float = 0.7, verify: Verify = GOLD, most: int = 1, marker: str = MARKER, batch: int = 64,
    ) -> None:  # fmt: skip
        if not isinstance(marker, str) or not marker.strip():
            raise SettingError(f"marker={marker!r}: expected a word that opens the correction, such as {MARKER!r}.")
        task, rows = as_task(task), examples_of(task, examples, batch)
        check = Check(task, verify)
        labelled(check, rows.rows)
        sampled = Sampled(task, sampler, samples=samples, temperature=temperature)
        super().__init__(rows, [sampled, Checked(check, samples), Injected(task, most, marker)])


class Injected(Stage):
    """Turns right candidates of a row into rows with an injected error."""

    name = "inject"

    def __init__(self, task: Task, most: int, marker: str) -> None:
        super().__init__()
        self.answers, self.most, self.marker = Answers(task), at_least("most", most, 1), marker

    async def run(self, row: Row) -> Sequence[Out]:
        """Inject errors into the solutions of one row."""
        right = self.answers.distinct([one for one in candidates_of(row) if one.right])
        if not right:
            return [Rejected(row, self.name, "no answer is right")]
        asked = render(self.answers.inputs, self.answers.given(row))
        pairs = [(one, broken(str(one.said.get(REASONING, "")), asked, f"{row.id} {number}")) for number, one in enumerate(right)]
        made = [self.made(row, one, found) for one, found in pairs if found is not None][: self.most]
        return [row.split(number, values) for number, values in enumerate(made)] or [
            Rejected(row, self.name, "no number in the reasoning")
        ]

    def made(self, row: Row, one: Candidate, found: Broken) -> dict[str, Any]:
        """Return what a row holds."""
        said = self.answers.text({**one.said, REASONING: found.rest})
        told = {"wrong_partial": found.wrong, "right_partial": found.right, "correction": said, "kind": found.kind}
        outputs = {name: one.said[name] for name in self.answers.outputs}
        return {**outputs, **self.answers.given(row), **told, "output": f"{found.wrong}\n{self.marker} {said}"}


def broken(reasoning: str, asked: str, seed: str) -> Broken | None:
    """Return a reasoning broken off after a step in which one number is changed; None where it has no number.

    Args:
        reasoning: that is right.
        asked: the input, whose numbers tell the kind of the error.
        seed: of the draws.
    """
    counting = {place for found in _NUMBERING.finditer(reasoning) for place in range(*found.span())}
    numbers = [one for one in NUMBER.finditer(reasoning) if one.start() not in counting]
    if not numbers:
        return None
    draws = random.Random(seed)
    place = draws.choice(numbers)
    ends = [one.end() for one in _END_OF_STEP.finditer(reasoning) if one.start() not in counting]
    start = max((end for end in ends if end <= place.start()), default=0)
    right = reasoning[: min((end for end in ends if end > place.end()), default=len(reasoning))].rstrip()
    changed = str(FAULTS["numbers"](place.group(), draws))
    kind = "representation" if place.group() in NUMBER.findall(asked) else "execution"
    return Broken(right, right[: place.start()] + changed + right[place.end() :], reasoning[start:].strip(), kind)
