"""Prompt sensitivity (009, Active Instruction Tuning; Kung et al., 2023) as selection: keep the tasks whose wording matters most.

For deciding which of many instructions deserve to be trained on. It says nothing of whether answers are right, and varies from one
set of copies to another: take many.

1. Answer each task with its instruction as it is.
2. Make copies of the instruction in which every word is dropped with probability `drop_rate`; answer with each.
3. Sensitivity: the mean distance of those answers from that of step 1, from 0, the same words, to 1, no word in common.
4. Keep the most sensitive `share` of every round.

Departures: (1) The probability of a given text under another prompt cannot be asked of a chat model, so the answers themselves are
compared (1 - ROUGE-L), and the task map with its easy and difficult tasks needs `optimizers.PromptSensitivity`. (2) A row is one task with
one input. (3) Copies differ by their number and the instruction alone, so all inputs of an instruction see the same copies.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.ensemble_instruct import TASK
from selftaught.programs.synthesis.gates import BestShare
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION, seed_rows
from selftaught.programs.synthesis.stages import Out, Rows, Stage
from selftaught.programs.vote.aggregate import overlaps
from selftaught.registry import method


class Sensitivity(Stage):
    """Writes down `sensitivity`: how much the answer to a row hangs on the words of its instruction.

    Args:
        answer: `instruction`, `input` -> `output`.
        copies: instructions with words missing.
        drop_rate: probability with which a word is dropped; at 0 the sensitivity is 0, and nothing is asked.
        name: of the stage.

    Raises:
        SettingError: no copies, or a rate outside 0 to below 1.
    """

    def __init__(self, answer: dspy.Module, *, copies: int = 10, drop_rate: float = 0.2, name: str = "sensitivity") -> None:
        super().__init__()
        if isinstance(drop_rate, bool) or not isinstance(drop_rate, int | float) or not 0.0 <= drop_rate < 1.0:
            raise SettingError(f"drop_rate={drop_rate!r}: expected a probability from 0 to below 1.")
        self.answer, self.copies, self.drop_rate, self.name = answer, at_least("copies", copies, 1), float(drop_rate), name

    async def run(self, row: Row) -> Sequence[Out]:
        """Measure one row."""
        if self.drop_rate == 0.0:
            return [row.with_values(sensitivity=0.0)]
        text, given = str(row[INSTRUCTION]), str(row.get("input", ""))
        copies = [with_words_missing(text, self.drop_rate, f"{number} {text}") for number in range(self.copies)]  # 2
        own, *others = await survivors(self.answer.acall(instruction=one, input=given) for one in (text, *copies))
        answered = [str(one["output"]) for one in others if one is not None]
        if own is None or not answered:
            return [Rejected(row, self.name, "not answered")]
        said = str(own["output"])  # 1
        value = sum(_distance(said, one) for one in answered) / len(answered)  # 3
        return [row.with_values(sensitivity=value)]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return cost_of(self.answer) * (self.copies + 1) if self.drop_rate else Calls(0, 0)


@method(9, "sensitive-tasks", family="diagnose", missing="retraining; the probability of a longer text under another prompt")
class SensitiveTasks(Pipeline):
    """Keep the tasks whose answers change most when words of their instruction are missing.

    Rows are those given, with `sensitivity`.

    Args:
        tasks: dictionaries with `instruction` and perhaps `input`, or texts; at least one.
        share: of the tasks of a round, from 0 to 1, that are kept.
        copies: instructions with words missing.
        drop_rate: probability with which a word is dropped.
        batch: tasks a round, among which the most sensitive are found; all at once by default.
        answer: `instruction`, `input` -> `output`; a step by default.

    Raises:
        SettingError: no task, or a setting that is none.
    """

    def __init__(
        self, tasks: Sequence[str | Mapping[str, Any]], *, share: float = 0.5, copies: int = 10, drop_rate: float = 0.2,
        batch: int | None = None, answer: dspy.Module | None = None,
    ) -> None:  # fmt: skip
        rows = [dict(row.values) for row in seed_rows(tasks)]
        source = Rows(rows, batch=len(rows) if batch is None else batch, name="tasks")
        measured = Sensitivity(answer or Step(TASK), copies=copies, drop_rate=drop_rate)
        super().__init__(source, [measured, BestShare("sensitivity", share, name="most sensitive")])  # 4


def with_words_missing(text: str, drop_rate: float, seed: str) -> str:
    """Return a text in which every word is dropped with some probability; one word at least stays. Line breaks stay too."""
    draws = random.Random(seed)
    kept = re.sub(r"\S+[^\S\n]*", lambda word: "" if draws.random() < drop_rate else word.group(), text).strip()
    return kept or " ".join(text.split()[:1])


def _distance(one: str, other: str) -> float:
    return 0.0 if normalise(one) == normalise(other) else 1.0 - float(overlaps([one, other])[0][1])
