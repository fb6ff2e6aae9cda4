"""Single questions of a group of documents, from which questions over several passages are merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.step import Step
from selftaught.programs.synthesis.documents_qa import questions
from selftaught.programs.synthesis.documents_rules import leans
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Out, Stage

Single = dict[str, Any]
"""A question about one passage: `id`, `question`, `answer`, `rationale`, `document`, `passage`."""


class SingleHops(Stage):
    """Adds `singles`, questions with answers about the pieces of the documents in `group`.

    Args:
        questions: of each piece.
    """

    name = "single hops"

    def __init__(self, questions: int) -> None:
        super().__init__()
        self.questions = questions
        self.ask, self.answer = Step(asking_for_facts(questions)), Step(ANSWER_BRIEFLY)

    async def run(self, row: Row) -> Sequence[Out]:
        """Ask about all pieces of one group, together."""
        parts = [(one["document"], part) for one in row["group"] for part in one["passages"]]
        found = await survivors(self._of_a_piece(document, part) for document, part in parts)
        singles: dict[str, Single] = {}
        for one in (one for made in found if made for one in made):
            singles.setdefault(normalise(one["question"]), one)
        named = [{**one, "id": f"q{number}"} for number, one in enumerate(singles.values())]
        if len(named) < 2:
            return [Rejected(row.with_values(singles=named), self.name, "fewer than two questions")]
        return [row.with_values(singles=named)]

    async def _of_a_piece(self, document: str, part: str) -> list[Single]:
        asked = [one for one in (await self.ask.acall(text=part)).questions if not leans(one)]
        if not asked:
            return []
        said = await survivors(self.answer.acall(text=part, question=one) for one in asked)
        return [
            {"question": one, "answer": found.answer.strip(), "rationale": found.rationale, "document": document, "passage": part}
            for one, found in zip(asked, said, strict=True)
            if found is not None and found.answer.strip()
        ]

    def cost(self) -> Calls:
        """Return the calls of a group that is one piece."""
        return Calls(1, 1 + self.questions)


def asking_for_facts(count: int) -> Any:
    """Return the signature of a questioner for single facts: `text` -> so many `questions`."""
    return dspy.make_signature({"text": (str, dspy.InputField()), "questions": questions(count)}, ASK_FOR_FACTS, "Ask")


ASK_FOR_FACTS = (
    "Write questions about figures, dates, persons and places in the text. Name in each question whom or what it is about, so "
    "that somebody who "
    "does not have the text understands it."
)
ANSWER_BRIEFLY = dspy.make_signature(
    {
        "text": (str, dspy.InputField()), "question": (str, dspy.InputField()),
        "rationale": (str, dspy.OutputField(desc="the sentence of the text that says so", max_length=400)),
        "answer": (str, dspy.OutputField(desc="a few words", max_length=100)),
    },
    "Answer the question from the text.", "Answer",
)  # fmt: skip
