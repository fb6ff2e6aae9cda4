"""Proposing: new instructions from examples of them, cleaned and new; the first half of every self-instruction.

1. Draw the examples of each proposal: seeds, and some machine-written ones where there are any, in random order.
2. Propose: show them, ask for new ones.
3. Clean: drop what is too short or too long, asks for what text cannot hold or for a program, or starts with punctuation.
4. Novelty: keep what is unlike every seed and every kept one.

What a batch of proposals brings is shown from the next one on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.novelty.words import unicode_words
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step, step_with
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION, SeedDraws, seed_rows
from selftaught.programs.synthesis.stages import Keep, Made, Novel
from selftaught.signatures import Task

FEWEST_WORDS, MOST_WORDS = 4, 150
UNSUITABLE = ("image", "images", "picture", "pictures", "photo", "graph", "graphs", "chart", "map", "maps", "file", "files", "draw", "plot", "go to")  # fmt: skip
"""What a text model cannot take or give."""


class Proposing(Pipeline):
    """New instructions like the seeds, and what comes after.

    Args:
        seeds: instructions, or dictionaries with an `instruction`; at least one.
        after: the parts after novelty.
        propose: the program that proposes, from `examples`; by default a step that lists new instructions, `proposer`.
        shown, machine, batch, fields, by: see `SeedDraws`.
        temperature: of the proposals.
        novelty: the highest ROUGE-L F with an earlier instruction (of the same pool).
        unsuitable: words that an instruction must not hold.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], after: Sequence[Part] = (), *, propose: Any = None,
        shown: int | Mapping[str, int] = 8, machine: int = 2, batch: int = 8, fields: Sequence[str] = (INSTRUCTION,),
        by: str = "", temperature: float = 0.7, novelty: float = 0.7, unsuitable: Sequence[str] = UNSUITABLE,
    ) -> None:  # fmt: skip
        known = seed_rows(seeds)
        source = SeedDraws(known, shown=shown, machine=machine, batch=batch, fields=fields, by=by)  # 1
        propose = propose or proposer(8)
        front: list[Part] = [proposed(propose, temperature), Clean(unsuitable), Novel(INSTRUCTION, novelty, by=by)]
        pool_of = [{by: pool} if by else {} for pool in source.pools]
        told = [Row({INSTRUCTION: one, **more}) for one in demonstrated(propose) for more in pool_of]
        super().__init__(source, [*front, *after], seeds=[*known, *told])  # 2, 3, 4


def proposed(propose: Any, temperature: float) -> Made:
    """Return the stage that proposes: a program that gives a list of `tasks`, or one `instruction`."""
    made = Made(propose, rename={"tasks": INSTRUCTION}, temperature=temperature, name="propose")
    if "tasks" in made.gives:
        made.split_at = "tasks"
    return made


def demonstrated(propose: Any) -> list[str]:
    """Return the instructions that a proposing step is shown as demonstrations: they are no news when it repeats them."""
    demos = [dict(demo.items()) for demo in getattr(propose, "demos", ())]
    return [str(one) for demo in demos for one in demo.get("tasks", [demo[INSTRUCTION]] if INSTRUCTION in demo else [])]


class Clean(Keep):
    """Drops instructions that make no task.

    Args:
        unsuitable: words that an instruction must not hold.
        english: it must start with an ASCII letter or digit; otherwise any script is fine, and where a script writes no spaces
            each character is a word.
    """

    def __init__(self, unsuitable: Sequence[str] = UNSUITABLE, *, english: bool = True) -> None:
        super().__init__(self.unfit, "clean")
        words = "|".join(map(re.escape, listed("unsuitable", unsuitable, str, "words")))
        self.unsuitable = re.compile(rf"\b({words})\b", re.IGNORECASE) if words else None
        self.english = english

    def unfit(self, row: Row) -> str:
        """Return why an instruction is dropped, or an empty text."""
        text = " ".join(str(row[INSTRUCTION]).split())
        if not FEWEST_WORDS <= len(text.split() if self.english else unicode_words(text)) <= MOST_WORDS:
            return f"not {FEWEST_WORDS} to {MOST_WORDS} words"
        if self.english and not (text[0].isascii() and text[0].isalnum()):
            return "starts with punctuation or another script"
        if text.lower().startswith("write a program"):
            return "asks for a program"
        return "asks for what text cannot hold" if self.unsuitable is not None and self.unsuitable.search(text) else ""


def proposer(count: int, instruction: str = "") -> Step:
    """Return the step that lists so many new tasks. It is shown once what is meant: a small model otherwise repeats the examples."""
    return step_with(proposing(count, instruction), [{"examples": SHOWN.examples, "tasks": SHOWN.tasks[:count]}])


def proposing(count: int, instruction: str = "") -> Task:
    """Return the signature of a proposal: `examples` -> so many new `tasks`."""
    one = Annotated[str, Field(max_length=LONGEST)]
    tasks = dspy.OutputField(desc=f"{at_least('proposals', count, 1)} new tasks", min_length=1, max_length=count)
    fields: dict[str, tuple[Any, Any]] = {"examples": (list[str], EXAMPLES), "tasks": (list[one], tasks)}
    return dspy.make_signature(fields, instruction or THINK_OF_TASKS, "Propose")


LONGEST = 1200
"""Characters of an instruction."""
EXAMPLES = dspy.InputField(desc="tasks that somebody thought of")
SHOWN = dspy.Example(
    examples=["Write a birthday wish for a teacher.", "Say which of the two numbers is larger."],
    tasks=[
        "List what to pack for a week at the seaside.", "Decide whether the sentence states a fact or an opinion.",
        "Turn the recipe into a shopping list.", "Explain how a bicycle stays upright.", "Find the spelling mistakes in the paragraph.",
        "Suggest a name for a small bakery.", "Summarise the email in one sentence.", "Compare living in a village with living in a city.",
    ],
)  # fmt: skip
"""What the default step is shown."""
THINK_OF_TASKS = "Think of new tasks for a writer, each different from the others and from the examples. Do not carry them out."
