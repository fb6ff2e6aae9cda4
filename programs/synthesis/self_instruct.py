"""Self-Instruct (005; Wang et al., 2023): from a few seed tasks to many, written by the model itself.

For a data set of instructions with inputs and outputs. The tasks come out short and easy, and a weak model's outputs are often wrong:
judge them, or have a stronger model label them.

1. Propose: show eight instructions, two of them machine-written where there are any, in random order; ask for new ones.
2. Clean: drop instructions of at most 3 or more than 150 words, that ask for what text cannot hold or for a program, or that
   start with punctuation or another script.
3. Novelty: keep an instruction whose ROUGE-L with every seed and every kept one is at most 0.7.
4. Classify: does it ask for one of a few labels?
5. Instances: for a classification task the label first, then an input for it, so that not all get one label; otherwise the input
   first, then the output.
6. Filter: drop an instance whose output is empty or repeats the input, or that ends in a colon; drop the task where one input has two
   different outputs; drop repetitions.

Departures: (1) each proposal is one call that asks for `proposals` instructions as a list; one that is cut off fails alone. (2) The
number of rounds is not known, so proposals are drawn in batches: what a batch brings is shown from the next one on. (3) The list
of unsuitable words is ours, and can be changed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.instances import Instances
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Keep, Made, Novel, Source
from selftaught.registry import method
from selftaught.signatures import Task

FEWEST_WORDS, MOST_WORDS = 4, 150
UNSUITABLE = (
    "image",
    "images",
    "picture",
    "pictures",
    "photo",
    "graph",
    "graphs",
    "chart",
    "map",
    "maps",
    "file",
    "files",
    "draw",
    "plot",
    "go to",
)
"""What a text model cannot take or give."""


class SeedDraws(Source):
    """Begins each row with some instructions to show: seeds, and some that were accepted before.

    Args:
        seeds: instructions.
        shown: how many are shown at a time.
        machine: how many of them at most are machine-written.
        batch: rows a round.
        field: of accepted rows that holds an instruction.
    """

    name, learns = "draw", True

    def __init__(
        self, seeds: Sequence[str], *, shown: int = 8, machine: int = 2, batch: int = 8, field: str = "instruction"
    ) -> None:
        self.seeds, self.shown, self.machine = list(seeds), at_least("shown", shown, 1), at_least("machine", machine, 0)
        self.batch, self.field = at_least("batch", batch, 1), field

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Draw what the rows of a round show."""
        made = {str(row[self.field]): row.id for row in accepted}
        rows = []
        for place in range(self.batch):
            draws = random.Random(f"{seed} {number} {place}")
            own = draws.sample(sorted(made), min(self.machine, len(made)))
            shown = own + draws.sample(self.seeds, min(self.shown - len(own), len(self.seeds)))
            draws.shuffle(shown)
            origin = Origin(self.name, number, (place,), tuple(made[one] for one in own))
            rows.append(Row({"examples": shown}, origin))
        return rows


@method(5, "self-instruct", family="synthesis")
class SelfInstruct(Pipeline):
    """Write new instructions like the seeds, and instances of them.

    Rows hold `instruction`, `input`, `output` and `classification`.

    Args:
        seeds: instructions, or dictionaries with an `instruction`; at least one.
        shown: instructions shown to a proposal.
        machine: of them, how many at most are machine-written.
        proposals: new instructions asked for at a time.
        batch: proposals a round.
        temperature: of the proposals.
        novelty: the highest ROUGE-L F with an earlier instruction.
        instances: asked for each instruction at most.
        unsuitable: words that an instruction must not hold.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, shown: int = 8, machine: int = 2, proposals: int = 8, batch: int = 8,
        temperature: float = 0.7, novelty: float = 0.7, instances: int = 1, unsuitable: Sequence[str] = UNSUITABLE,
    ) -> None:  # fmt: skip
        told = [
            one["instruction"] if isinstance(one, Mapping) and "instruction" in one else one
            for one in listed("seeds", seeds, (str, Mapping), "instructions")
        ]
        if not told or not all(isinstance(one, str) and one.strip() for one in told):
            raise SettingError(
                f"seeds: {len(told)} given: expected at least one instruction, as a text or as a dictionary with `instruction`."
            )
        self.unsuitable = (
            re.compile(r"\b(" + "|".join(map(re.escape, unsuitable)) + r")\b", re.IGNORECASE) if unsuitable else None
        )
        propose = Step(proposing(at_least("proposals", proposals, 1)), temperature=temperature)
        super().__init__(
            SeedDraws(told, shown=shown, machine=machine, batch=batch),
            [
                Made(propose, split="tasks", rename={"tasks": "instruction"}, temperature=temperature, name="propose"),  # 1
                Keep(self.usable, "clean"),  # 2
                Novel("instruction", novelty),  # 3
                Made(Step(CLASSIFY), name="classify"),  # 4
                Instances(instances),  # 5, 6
            ],
            seeds=[Row({"instruction": one}) for one in told],
        )  # fmt: skip

    def usable(self, row: Row) -> str:
        """Return why an instruction is dropped, or an empty text."""
        text = " ".join(str(row["instruction"]).split())
        words = text.split()
        if not FEWEST_WORDS <= len(words) <= MOST_WORDS:
            return f"not {FEWEST_WORDS} to {MOST_WORDS} words"
        if not (text[0].isascii() and text[0].isalnum()):
            return "starts with punctuation or another script"
        if text.lower().startswith("write a program"):
            return "asks for a program"
        return "asks for what text cannot hold" if self.unsuitable is not None and self.unsuitable.search(text) else ""


def proposing(count: int) -> Task:
    """Return the signature of a proposal: `examples` -> so many new `tasks`."""
    one = Annotated[str, Field(max_length=1200)]
    fields: dict[str, tuple[Any, Any]] = {
        "examples": (list[str], dspy.InputField(desc="tasks that somebody thought of")),
        "tasks": (list[one], dspy.OutputField(desc=f"{count} new tasks", min_length=1, max_length=count)),
    }  # fmt: skip
    return dspy.make_signature(fields, THINK_OF_TASKS, "Propose")


THINK_OF_TASKS = "Think of new tasks for a writer, each different from the others and from the examples. Do not carry them out."
CLASSIFY = dspy.make_signature(
    {"instruction": (str, dspy.InputField()), "classification": (bool, dspy.OutputField(desc="the answer is one of a few fixed labels"))},
    "Say whether the task is a classification: whether its answer is one of a few labels, such as yes or no.", "Classify",
)  # fmt: skip
