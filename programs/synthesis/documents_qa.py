"""Questions and answers from documents: the model asks about each piece, answers with the piece in view, and is checked.

For knowledge that stands in documents and shall be in a model, or for questions to test a retriever with. What nobody asks
about is not learned, and a weak model's answers are wrong here and there: the check is a model's word too.

1. Cut the documents into pieces.
2. Ask: `questions` that a piece answers, all in one call, so that they differ.
3. Drop those that cannot be understood without the piece, and those that were asked before.
4. Answer each, with the piece in view. Drop answers that refuse or say nothing.
5. A judge says whether the piece supports the answer; drop those that it does not.
6. The row: the question alone, or (`closed=False`) the piece with it.

As it stands it is the data of Prompt Distillation (152; Kujanpää et al., 2024): the piece in `text` is what the teacher reads,
the student reads `instruction`. Papers that go on from here give parts `after` it. Departures from it: (1) questions are drawn
at 1.5, above which models that must fill a form break it; (2) unsupported answers are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.documents import PIECE, Documents, Given
from selftaught.programs.synthesis.documents_rules import leans
from selftaught.programs.synthesis.evolve_rules import unanswered
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Distinct, Judged, Keep, Made
from selftaught.registry import method
from selftaught.signatures import Task

LONGEST_QUESTION, LONGEST_ANSWER = 300, 800
Question = Annotated[str, Field(max_length=LONGEST_QUESTION)]


@method(152, "prompt-distillation", family="self-training", missing="training on the teacher's token probabilities", questions=8, temperature=1.5)  # fmt: skip
class DocumentQuestions(Pipeline):
    """Make questions and answers from documents.

    Rows hold `instruction` (the question), `output`, `text` (the piece), `document`, `piece` and `title`.

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id`, a `title` and more.
        piece: characters of a piece, at most.
        questions: asked about each piece, at most.
        passes: how often each piece is asked about.
        closed: the instruction is the question alone; otherwise the piece stands before it.
        ask: a program from `text` to `questions`; a step by default.
        answer: a program from `text` and `instruction` to `output`; a step by default.
        support: judges whether the `text` supports the `output`; a verifier by default.
        temperature: of the questions.
        batch: pieces a round.
        after: parts after the check, before the form.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(
        self, documents: Given, *, piece: int = PIECE, questions: int = 4, passes: int = 1, closed: bool = True,
        ask: dspy.Module | None = None, answer: dspy.Module | None = None, support: Judge | None = None, temperature: float = 0.7,
        batch: int = 32, after: Sequence[Part] = (),
    ) -> None:  # fmt: skip
        asked = Made(
            ask or Step(asking(at_least("questions", questions, 1))), split="questions", rename={"questions": "instruction"},
            temperature=temperature, name="ask",
        )  # fmt: skip
        super().__init__(
            Documents(documents, piece=piece, passes=passes, batch=batch),  # 1
            [
                asked,  # 2
                Keep(lambda row: leans(str(row["instruction"])), "self-contained"),  # 3
                Distinct("instruction"),
                Made(answer or Step(ANSWER_FROM), name="answer"),  # 4
                Keep(lambda row: unanswered(str(row["output"]), str(row["instruction"])), "answered"),
                Judged(support or Verify(ANSWER_FROM, both_ways=False), name="support"),  # 5
                *after,
                Change(lambda row: (row if closed else opened(row)).without("pass"), "form"),  # 6
            ],
        )


def opened(row: Row) -> Row:
    """Return a row whose instruction begins with the piece."""
    return row.with_values(instruction=f"{row['text']}\n\n{row['instruction']}")


def asking(count: int) -> Task:
    """Return the signature of a questioner: `text` -> so many `questions`."""
    return dspy.make_signature({"text": (str, dspy.InputField()), "questions": questions(count)}, ASK_ABOUT, "Ask")


def questions(count: int) -> tuple[Any, Any]:
    """Return the output for so many questions."""
    wanted = "one question" if count == 1 else f"{count} questions on different facts"
    return list[Question], dspy.OutputField(desc=wanted, min_length=1, max_length=count)


ASK_ABOUT = (
    "Write questions that the text answers. Name in each question whom or what it is about, so that somebody who does not "
    "have the text "
    "understands it."
)
ANSWER_FROM = dspy.make_signature(
    {
        "text": (str, dspy.InputField()), "instruction": (str, dspy.InputField(desc="a question")),
        "output": (str, dspy.OutputField(desc="a full sentence", max_length=LONGEST_ANSWER)),
    },
    "Answer the question with what the text says and nothing else.", "Answer",
)  # fmt: skip
