"""InstructCTG (047; Zhou et al., 2023): find the constraints that texts satisfy already, and turn them into instructions for them.

For training a model to obey constraints of words, length, form and topic: pairs that are true by construction, from any texts.

1. Find the constraints of a text: those that a function checks (`found_constraints.py`), and, asked of a model, its topic and tone.
2. Choose some of them. Check each: by its function, or by asking whether the text fulfils it. What fails is left out.
3. Put them in words, in one of several wordings, for some rows with texts that satisfy the same kinds, each with its own instruction.
4. The instruction with the text is the row. Groups and kinds of `held_out` never occur, so that transfer to them can be tested.

Departures: (1) Constraints of syntax are missing, which need a parser. (2) Prohibitions are found as well, of words that other texts
use. (3) The paper's constraints of style and meaning come from classifiers; here a model names them and confirms them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.given import texts as given_texts
from selftaught.programs.judge.constraints import Constraint, compatible, constraint
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.found_constraints import Finder
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Change, Keep, Out, Source, Stage
from selftaught.programs.vote.decline import share
from selftaught.registry import method


@method(47, "instruct-ctg", family="synthesis", missing="constraints of syntax; training")
class InstructCTG(Pipeline):
    """Turn texts into instructions that they fulfil.

    Rows hold `instruction`, `input` (empty), `output`, the text; `constraints`, as dictionaries that `judge.constraint` reads; and
    `requirements`, all of them in words.

    Args:
        documents: the texts.
        most: constraints of a row that are checked by functions, at most.
        semantic: also name topic and tone, which takes calls.
        demonstrations: texts that are shown with their instructions, in some rows.
        shown_share: the share of rows, from 0 to 1, that have demonstrations.
        held_out: groups (`length`, `topic` ...) or kinds of constraints that never occur.
        batch: texts a round.

    Raises:
        SettingError: no texts, or a setting that is none.
    """

    def __init__(
        self, documents: Sequence[str], *, most: int = 3, semantic: bool = True, demonstrations: int = 2, shown_share: float = 0.3,
        held_out: Sequence[str] = (), batch: int = 64,
    ) -> None:  # fmt: skip
        known = [one for one in given_texts("documents", documents) if one]
        if not known:
            raise SettingError("documents: expected at least one text that is not empty.")
        source = TextsWithConstraints(known, most, demonstrations, share("shown_share", shown_share), held_out, batch)
        described = [Described(held_out)] if semantic else []
        parts = [*described, Keep(unfulfilled, "constraints hold"), Change(worded, "in words")]  # 1, 2; 3, 4
        super().__init__(source, parts)


class TextsWithConstraints(Source):
    """Begins every text once, with the constraints that functions find in it, some chosen, and demonstrations of the same groups."""

    name = "documents"

    def __init__(
        self, texts: Sequence[str], most: int, demonstrations: int, shown_share: float, held_out: Sequence[str], batch: int
    ) -> None:  # fmt: skip
        self.texts, self.finder = list(texts), Finder(texts, held_out)
        self.most, self.demonstrations = at_least("most", most, 1), at_least("demonstrations", demonstrations, 0)
        self.shown_share, self.batch = shown_share, at_least("batch", batch, 1)

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Begin the next texts."""
        places = range(number * self.batch, min(len(self.texts), (number + 1) * self.batch))
        return [self.row(place, Origin(self.name, number, (place,)), seed) for place in places] or None

    def row(self, place: int, origin: Origin, seed: int) -> Row:
        """Return a text with what was found."""
        draws = random.Random(f"{seed} {place}")
        found = self.finder.find(self.texts[place], draws)
        groups = draws.sample(list(found), draws.randint(min(1, len(found)), min(self.most, len(found))))
        chosen = [one for group in groups for one in (found[group] if group == "length" else [draws.choice(found[group])])]
        shown = draws.random() < self.shown_share
        values = {
            "text": self.texts[place], "constraints": [one.to_dict() for one in chosen], "requirements": [],
            "wording": draws.randrange(len(WORDINGS)), "shown": self.alike(place, groups, draws) if shown else [],
        }  # fmt: skip
        return Row(values, origin)

    def alike(self, place: int, groups: Sequence[str], draws: random.Random) -> list[list[Any]]:
        """Return demonstrations: other texts with constraints of the same groups, put in words."""
        others, shown = [one for one in range(len(self.texts)) if one != place], list[list[Any]]()
        for other in draws.sample(others, len(others)):
            if len(shown) == self.demonstrations or not groups:
                break
            found = self.finder.find(self.texts[other], draws)
            if all(group in found for group in groups):
                shown.append([[one.describe() for group in groups for one in found[group][:1]], self.texts[other]])
        return shown

    def total(self) -> int:
        """Return how many texts there are."""
        return len(self.texts)


class Described(Stage):
    """Adds what a model says of the text's topic and tone to its `requirements`, where it confirms it when asked the other way round."""

    name = "describe"

    def __init__(self, held_out: Sequence[str] = ()) -> None:
        super().__init__()
        self.held_out = set(held_out)
        self.describe, self.confirm = Step(DESCRIBE), Step(CONFIRM)

    async def run(self, row: Row) -> Sequence[Out]:
        """Describe one text."""
        said = await self.describe.acall(text=row["text"])
        topic, tone = f"Write about {said.topic.strip().rstrip('.')}.", f"Keep the tone {said.tone}."
        named = [one for group, one in (("topic", topic), ("tone", tone)) if group not in self.held_out]
        found = await survivors(self.confirm.acall(text=row["text"], requirement=one) for one in named)
        kept = [one for one, verdict in zip(named, found, strict=True) if verdict is not None and verdict.fulfilled == "yes"]
        return [row.with_values(requirements=kept)]

    def cost(self) -> Calls:
        """Return the calls of one text."""
        return Calls(1, 3)


def unfulfilled(row: Row) -> str:
    """Return why a row is dropped: nothing is required, or a text does not pass its own checks."""
    chosen = checked(row)
    if not chosen and not row["requirements"]:
        return "no constraint"
    if not all(one.check(row["text"]) for one in chosen):
        return "the text breaks a constraint"
    return "" if compatible(chosen) else "two constraints contradict each other"


def checked(row: Row) -> list[Constraint]:
    """Return the constraints of a row that functions check."""
    return [constraint(**one) for one in row["constraints"]]


def worded(row: Row) -> Row:
    """Return a row as it comes out: the instruction in words, with its demonstrations, and the text."""
    required = [*row["requirements"], *(one.describe() for one in checked(row))]
    wording = WORDINGS[row["wording"]]
    shown = [f"{wording(each)}\n\n{text}" for each, text in row["shown"]]
    instruction = "\n\n---\n\n".join([*shown, wording(required)])
    values = {
        "instruction": instruction,
        "input": "",
        "output": row["text"],
        "constraints": row["constraints"],
        "requirements": required,
    }
    return Row(values, row.origin, row.scores, row.steps)


WORDINGS = (
    lambda required: "Write a text. " + " ".join(required),
    lambda required: " ".join(required) + " Nothing else is asked of the text.",
    lambda required: "Write a text that meets these conditions:\n" + "\n".join(f"- {one}" for one in required),
    lambda required: "The text that I need:\n" + "\n".join(f"{place}. {one}" for place, one in enumerate(required, 1)),
    lambda required: "Please write something for me. " + " ".join(required),
)
Tone = Literal["neutral", "friendly", "formal", "enthusiastic", "sad", "angry", "humorous"]
DESCRIBE = dspy.make_signature(
    {
        "text": (str, dspy.InputField()), "topic": (str, dspy.OutputField(desc="in a few words", max_length=80)),
        "tone": (Tone, dspy.OutputField()),
    },
    "Say what the text is about, and in which tone it is written.", "Describe",
)  # fmt: skip
CONFIRM = dspy.make_signature(
    {
        "text": (str, dspy.InputField()), "requirement": (str, dspy.InputField(desc="what was asked of the text")),
        "fulfilled": (Literal["yes", "no"], dspy.OutputField()),
    },
    "Somebody was asked to write a text. Say whether it fulfils the requirement.", "Confirm",
)  # fmt: skip
