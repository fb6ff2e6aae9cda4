"""DermaSynth (003; Yilmaz et al., 2025), its text: questions about records, answered from their metadata and checked against it.

For records whose fields are known to be right, such as a catalogue or findings. The answers are not expert knowledge: only what
the fields say is checked, and by a model.

1. The questions of a record: the given ones, those that name a field it has, and `own`, which the model writes from the record.
2. Answer each with the fields in view as the truth.
3. Drop an answer that contradicts a field. Every row names its record and the licence.

Departures: (1) no images: what a picture shows must stand in a field. (2) One call checks an answer against all fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.given import listed, texts
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.documents_qa import LONGEST_ANSWER, asking
from selftaught.programs.synthesis.evolve_rules import unanswered
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Rows
from selftaught.registry import method

GIVEN, OWN = "given", "own"
ABOUT = ("id", "licence")
"""What is known about a record and is no metadata of it."""


class Asked(Made):
    """Adds the model's own questions to the given ones of a record, a row for each."""

    def __init__(self, own: int, temperature: float) -> None:
        super().__init__(
            Step(asking(max(1, own)).with_instructions(ASK_ABOUT_THE_RECORD)),
            rename={"text": "record"},
            temperature=temperature,
            name="ask",
        )
        self.own = own

    async def run(self, row: Row) -> list[Row]:
        """Ask about one record."""
        asked = [(GIVEN, one) for one in row["questions"]]
        if self.own:
            (found,) = await super().run(row)
            asked += [(OWN, one) for one in found["questions"]] if isinstance(found, Row) else []
        bare = row.without("questions").values
        return [row.split(number, {**bare, "asked": by, "instruction": one}) for number, (by, one) in enumerate(asked)]


@method(3, "dermasynth", family="synthesis", missing="images; training on the rows")
class RecordQuestions(Pipeline):
    """Make questions and answers from records with metadata.

    Rows hold `instruction`, `output`, `record` (its fields as text), `source` (its id), `licence` and `asked` (`given` or `own`).

    Args:
        records: dictionaries of metadata, perhaps with an `id` and a `licence`.
        questions: asked about every record; a `{field}` is filled from the record, and a question for a field it lacks is left
            out.
        own: questions that the model writes about each.
        licence: of records that do not say theirs.
        answer: a program from `record` and `instruction` to `output`; a step by default.
        temperature: of the model's own questions.
        batch: records a round.

    Raises:
        SettingError: no record with metadata, or a setting that is none.
    """

    def __init__(
        self, records: Sequence[Mapping[str, Any]], *, questions: Sequence[str] = (), own: int = 2, licence: str = "unknown",
        answer: dspy.Module | None = None, temperature: float = 0.7, batch: int = 32,
    ) -> None:  # fmt: skip
        asked = texts("questions", questions)
        if not asked and not at_least("own", own, 0):
            raise SettingError("questions=[] and own=0: there is nothing to ask. Give questions, or let the model write some.")
        found = [
            record_of(number, dict(one), asked, licence)
            for number, one in enumerate(listed("records", records, Mapping, "dictionaries"))
        ]
        super().__init__(
            Rows(found, batch=batch, name="records"),
            [
                Asked(own, temperature),  # 1
                Distinct("source", "instruction"),
                Made(answer or Step(ANSWER_FROM_THE_RECORD), name="answer"),  # 2
                Keep(lambda row: unanswered(str(row["output"]), str(row["instruction"])), "answered"),
                Made(Step(CONTRADICTS), name="contradiction"),  # 3
                Keep(lambda row: not row["contradicts"], "contradicts the record"),
                Change(lambda row: row.without("contradicts"), "form"),
            ],
        )


def record_of(number: int, given: Mapping[str, Any], questions: Sequence[str], licence: str) -> dict[str, Any]:
    """Return a record as a row: its fields as text, its questions, and where it comes from.

    Raises:
        SettingError: it has no metadata.
    """
    fields = {name: value for name, value in given.items() if name not in ABOUT and value not in (None, "")}
    if not fields:
        raise SettingError(f"records[{number}] has no metadata but {sorted(given)}: expected fields with values.")
    asked = []
    for question in questions:
        try:
            asked.append(question.format_map(fields))
        except (KeyError, ValueError, IndexError):
            continue  # for a field that this record has not
    text = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return {
        "record": text, "source": str(given.get("id", number)), "licence": str(given.get("licence") or licence), "questions": asked
    }  # fmt: skip


ASK_ABOUT_THE_RECORD = (
    "Write questions that the record answers. Name in each question whom or what it is about, so that somebody who does not "
    "have the record "
    "understands it."
)
_RECORD: Any = dspy.InputField(desc="fields that are known to be right")
_QUESTION: Any = dspy.InputField(desc="a question")
ANSWER_FROM_THE_RECORD = dspy.make_signature(
    {"record": (str, _RECORD), "instruction": (str, _QUESTION), "output": (str,
        dspy.OutputField(desc="a full sentence", max_length=LONGEST_ANSWER))},
    "Answer the question. What the record says is true. Claim nothing about its subject that it does not say.", "Answer",
)  # fmt: skip
CONTRADICTS = dspy.make_signature(
    {
        "record": (str, _RECORD), "output": (str, dspy.InputField(desc="a statement")),
        "contradicts": (bool, dspy.OutputField(desc="a field of the record says otherwise")),
    },
    "Compare the statement with each field of the record. Say whether it contradicts one.", "Contradicts",
)  # fmt: skip
