"""Self-Lengthen's rows (105; Shanghaoran Quan et al., 2024): instructions for long texts, and texts as long as they ask for.

For a model that stops after a page and is to write more. Length can be padding: judge the quality by the page.

1. Show two instructions, ask for a new one; ask whether it calls for a long text; keep it where it does and has 3 to 500 words.
2. Draft, and lengthen in `passes` passes (`Lengthen`).
3. Keep it where the text is more than `ratio` times as long as its draft.
4. Of each round, drop the shortest texts with a probability of twice the cube of their rank, from 0 for the longest to 1.
5. A row serves two trainings: instruction -> text; instruction and `outline`, the draft with a fifth of its sentences left out
   -> text. `instruction_with_length` states how long the text is: about, at least, at most or between so many words, in turn.

Departures: (1) no retries of an instruction: another round brings others. (2) Chance is drawn from the row's id. (3) The
demand for a length is a sentence of ours, not a rewriting by the model.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.step import Step
from selftaught.programs.synthesis.lengthen import Lengthen, paragraphs_of, words_of
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.proposing import INSTRUCTION, SeedDraws, seed_rows
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Change, Distinct, Gate, Keep, Made, Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task

FEWEST, MOST = 3, 500
"""Words of an instruction."""
LEFT_OUT = 0.2
WRITE: str = "instruction -> output"


@method(105, "self-lengthen", family="synthesis", missing="training the generator and the extender")
class SelfLengthen(Pipeline):
    """Make instructions for long texts, and the texts.

    Rows hold `instruction`, `output`, `draft`, `outline`, `words`, `lengths` and `instruction_with_length`.

    Args:
        seeds: instructions that call for long texts, or dictionaries with an `instruction`.
        passes: of lengthening.
        ratio: how many times as long as its draft a text must be.
        lengthen: writes; a program from `instruction` to `output` that tells its `draft` and `lengths`, as `Lengthen` does.
        prune: drop the shortest texts of a round.
        temperature: of the proposals.
        batch: proposals a round.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, passes: int = 3, ratio: float = 1.2, lengthen: Lengthen | None = None,
        prune: bool = True, temperature: float = 0.7, batch: int = 16,
    ) -> None:  # fmt: skip
        known = seed_rows(seeds)
        super().__init__(
            SeedDraws(known, shown=2, machine=1, batch=batch),
            [
                Made(Step(PROPOSE), temperature=temperature, name="propose"),  # 1
                Keep(lambda row: FEWEST <= words_of(row[INSTRUCTION]) <= MOST, f"not {FEWEST} to {MOST} words"),
                Distinct(INSTRUCTION),
                Made(Step(CALLS_FOR_LENGTH), name="calls for length"),
                Keep(lambda row: row["long"], "asks for a short text"),
                Lengthened(lengthen or Lengthen(WRITE, passes=passes), ratio),  # 2, 3
                *([Pruned()] if prune else []),  # 4
                Change(_finished, "outline"),  # 5
            ],
            seeds=known,
        )


class Lengthened(Stage):
    """Writes the text of an instruction, and drops it where it did not grow."""

    def __init__(self, lengthen: Lengthen, ratio: float) -> None:
        super().__init__()
        self.lengthen, self.ratio, self.name = lengthen, ratio, "lengthen"

    async def run(self, row: Row) -> Sequence[Out]:
        """Write one text."""
        found = await self.lengthen.acall(instruction=row[INSTRUCTION])
        told = {name: found[name] for name in ("output", "draft", "words", "lengths")}
        made = Row({INSTRUCTION: row[INSTRUCTION], **told}, row.origin, row.scores, row.steps)
        return [
            made
            if found.words > self.ratio * words_of(found.draft)
            else Rejected(made, self.name, "hardly longer than its draft")
        ]

    def cost(self) -> Calls:
        """Return the calls of one text."""
        return self.lengthen.cost()


class Pruned(Gate):
    """Drops the short texts of a round by chance: the shorter, the likelier; the longest stays."""

    name = "prune"

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Draw for the texts of a round."""
        order = sorted(range(len(rows)), key=lambda place: (-rows[place]["words"], place))
        ranks = {place: rank / max(1, len(rows) - 1) for rank, place in enumerate(order)}
        return ["short" if random.Random(rows[at].id).random() < 2 * ranks[at] ** 3 else "" for at in range(len(rows))]

    def admit(self, row: Row) -> str:
        """Admit a row that was drawn for before."""
        return ""


def _finished(row: Row) -> Row:
    """Return a row with its outline and with an instruction that says how long the text is to be."""
    draws, said = random.Random(row.id), paragraphs_of(row["draft"])
    out = set(draws.sample(range(len(said)), int(LEFT_OUT * len(said))))
    outline = "\n".join(part for number, part in enumerate(said) if number not in out)
    demand = draws.choice(DEMANDS).format(
        about=_rounded(row["words"]), least=_rounded(row["words"] * 0.9), most=_rounded(row["words"] * 1.1)
    )
    return row.with_values(outline=outline, instruction_with_length=f"{row[INSTRUCTION]} {demand}")


def _rounded(words: float) -> int:
    return max(10, round(words / 10) * 10) if words < 1000 else round(words / 100) * 100


DEMANDS = (
    "Write about {about} words.",
    "Write at least {least} words.",
    "Write at most {most} words.",
    "Write {least} to {most} words.",
)
PROPOSE: Task = dspy.make_signature(
    {"examples": (list[str], dspy.InputField(desc="tasks for a writer")), INSTRUCTION: (str,
    dspy.OutputField(desc="one new task", max_length=1500))},
    "Think of one new task for a writer that calls for a long text, on another subject than the examples. Do not carry it out.",
    "Propose",
)  # fmt: skip
CALLS_FOR_LENGTH: Task = dspy.make_signature(
    {INSTRUCTION: (str, dspy.InputField()), "long": (bool, dspy.OutputField(desc="a good answer has several pages"))},
    "Say whether a good answer to the task is a long text of several pages, over two thousand words.", "CallsForLength",
)  # fmt: skip
