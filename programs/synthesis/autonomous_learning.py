"""Autonomous Learning (131; Ji et al., 2024), its data: a model asks itself about documents, and learns what it did not recall.

For a model that shall take in a collection. Each run is one round: train on the rows, run again with the trained model, until
the share of gaps falls no more. Where documents can be looked up at run time, retrieval is often cheaper.

1. Learn, open book: questions about each piece, answered with the piece in view, and checked (see `DocumentQuestions`).
2. Review, closed book: the same question without the piece.
3. Compare the answers. Where they agree the model knows: drop it. Where they differ there is a gap.
4. A row: the open answer is `chosen`, the closed one `rejected`. The share of gaps is what the step `gap` let through.

Departures: (1) unsupported open answers are dropped. (2) Answers of the same words agree without a call.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.programs.base import Calls
from selftaught.programs.normalise import normalise
from selftaught.programs.step import Step
from selftaught.programs.synthesis.documents import Given
from selftaught.programs.synthesis.documents_qa import LONGEST_ANSWER, DocumentQuestions
from selftaught.programs.synthesis.outcome import Synthesized
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.stages import Change, Made, Out, Stage
from selftaught.registry import method

GAP = "gap"


class Gap(Stage):
    """Rejects a row whose open answer (`chosen`) and closed answer (`rejected`) agree."""

    name = GAP

    def __init__(self) -> None:
        super().__init__()
        self.compare = Step(AGREE)

    async def run(self, row: Row) -> list[Out]:
        """Compare the answers of one row."""
        agree = normalise(row["chosen"]) == normalise(row["rejected"])
        if not agree:
            said = await self.compare.acall(instruction=row["instruction"], first=row["chosen"], second=row["rejected"])
            agree = bool(said.agree)
        return [Rejected(row, self.name, "known") if agree else row]

    def cost(self) -> Calls:
        """Return the calls of one row."""
        return Calls(0, 1)


@method(131, "autonomous-learning", family="self-training", missing="training on the rows")
class AutonomousLearning(DocumentQuestions):
    """Make preference rows from what a model cannot answer without the documents.

    Rows hold `instruction`, `chosen` (answered with the document open), `rejected` (with it closed), `text` and `document`.

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id`, a `title` and more.
        recall: a program from `instruction` to `output`, the model that shall learn; a step by default.
        settings: see `DocumentQuestions`.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(self, documents: Given, *, recall: dspy.Module | None = None, **settings: Any) -> None:
        super().__init__(
            documents,
            after=[
                Change(lambda row: row.without("output").with_values(chosen=row["output"]), "open"),  # 1
                Made(recall or Step(RECALL), rename={"output": "rejected"}, name="closed"),  # 2
                Gap(),  # 3
            ],
            **settings,
        )


def gap_share(found: Synthesized) -> float | None:
    """Return the share of questions that the model could not answer without the documents; None where none was asked."""
    return next(one.share for one in found.funnel if one.name == GAP)


RECALL = dspy.make_signature(
    {
        "instruction": (str, dspy.InputField(desc="a question")),
        "output": (str, dspy.OutputField(desc="a full sentence", max_length=LONGEST_ANSWER)),
    },
    "Answer the question from what you know.", "Recall",
)  # fmt: skip
AGREE = dspy.make_signature(
    {
        "instruction": (str, dspy.InputField(desc="a question")), "first": (str, dspy.InputField(desc="the right answer")),
        "second": (str, dspy.InputField(desc="another answer")),
        "agree": (bool, dspy.OutputField(desc="both say the same to the question")),
    },
    "Compare two answers to a question. Wording does not count. Names, figures and yes or no must be the same.", "Compare",
)  # fmt: skip
