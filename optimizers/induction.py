"""Instruction induction (064; Honovich et al., 2022): which instruction would have produced these examples?

1. Draw a small random set of solved examples.   2. Ask for the instruction that somebody followed to write the outputs.
3. Normalise: first line, no quotes, no opening hedges; repeated until nothing changes.
4. Drop what is empty, repeats an example, or gives away answers; group equal ones.

Departures: (1) whole words are stripped, not string prefixes. (2) The answer is one typed field. (3) Candidates that
contain several of the training answers are dropped, so that an instruction cannot win by carrying the data.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter

import dspy

from selftaught import scope
from selftaught.errors import CallError
from selftaught.programs import Step
from selftaught.signatures import Task, example_lines, instruct_of, output_names, render

_LEAD = re.compile(
    r"^(?:(?:the instruction (?:was|is)|instruction|it was|probably|most likely|likely|perhaps|maybe|to)\b[\s:,]*)+",
    re.IGNORECASE,
)
LONGEST = 400


class Inducer:
    """Proposes instructions from examples.

    Args:
        task: whose examples are shown.
        shown: examples in one set.
        temperature: of the proposals.
    """

    def __init__(self, task: Task, *, shown: int = 5, temperature: float = 0.9) -> None:
        self.task = task
        self.shown = shown
        self.temperature = temperature
        self.step = Step(instruct_of(task), retries=0)
        self.shown_inductions = [dspy.Example(examples=examples, instruction=said) for examples, said in SHOWN_INDUCTIONS]

    async def propose(self, examples: list[dspy.Example], proposals: int, chooser: random.Random) -> list[tuple[str, int]]:
        """Return distinct instructions with the number of proposals that said so, most frequent first."""
        sets = [chooser.sample(examples, min(self.shown, len(examples))) for _ in range(proposals)]
        found = await asyncio.gather(*(self._one(number, chosen) for number, chosen in enumerate(sets)))
        usable = [text for text in found if text and not gives_away(text, self.task, examples)]
        return Counter(usable).most_common()

    async def _one(self, number: int, chosen: list[dspy.Example]) -> str:
        shown = "\n\n".join(example_lines(self.task, example) for example in chosen)
        try:
            with scope.resampled(f"propose{number}", self.temperature):
                demos = self.shown_inductions if number % 2 == 0 else []
                said = tidy((await self.step.acall(examples=shown, demos=demos)).instruction)
                return "" if any(said == known for _, known in SHOWN_INDUCTIONS) else said
        except CallError:
            return ""


def tidy(text: str) -> str:
    """Return an instruction in normal form. Idempotent."""
    before = None
    while text != before:
        before = text
        text = text.strip()
        quoted = re.search(r"[\"“]([^\"”]{20,})[\"”]", text)
        text = (quoted.group(1) if quoted else text).strip().splitlines()[0] if text else ""
        text = _LEAD.sub("", text.strip(" \t\"'“”`:*")).strip()
    return (text[0].upper() + text[1:])[:LONGEST].strip() if text else ""


def gives_away(text: str, task: Task, examples: list[dspy.Example]) -> bool:
    """True for a text that is one of the answers, or that carries the input and answer of an example."""
    said = f" {text.lower()} "
    names, given = output_names(task), list(task.input_fields)
    answers = [render(names, example).lower() for example in examples]
    if text.lower().strip(". ") in {answer.strip(". ") for answer in answers}:
        return True
    if any(_shares_a_run(text, render(given, example)) for example in examples):
        return True
    pairs = [(render(given, example).lower(), answer) for example, answer in zip(examples, answers, strict=True)]
    return any(_stands_in(question, said) and _stands_in(answer, said) for question, answer in pairs)


def _shares_a_run(text: str, source: str, words: int = 5) -> bool:
    said, given = text.lower().split(), f" {' '.join(source.lower().split())} "
    return any(f" {' '.join(said[i : i + words])} " in given for i in range(len(said) - words + 1))


def _stands_in(piece: str, text: str) -> bool:
    return len(piece) >= 3 and re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text) is not None


SHOWN_INDUCTIONS = (
    (
        "Input: banana\nOutput: yellow\n\nInput: grass\nOutput: green\n\nInput: snow\nOutput: white",
        "Name the colour of the thing.",
    ),
    (
        "Input: We met on 4 May.\nOutput: 4 May\n\nInput: It closed on 12 June.\nOutput: 12 June",
        "Copy the date that the sentence mentions.",
    ),
    ("Input: apple\nOutput: 5\n\nInput: on\nOutput: 2\n\nInput: table\nOutput: 5", "Count the letters of the word."),
)
"""What an induction looks like, on tasks of our own. Every other proposal sees them as demonstrations: without, a very small
model does not write instructions at all; with them, a larger one leans on their words."""
