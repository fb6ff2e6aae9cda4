"""Questions about records: grounded in the metadata, contradictions out, source and licence in."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.records import RecordQuestions
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, requests, run

RECORDS = [
    {"id": "r1", "licence": "CC0", "name": "oak", "height": "20 m"},
    {"id": "r2", "name": "birch", "height": "15 m", "bark": "white"},
    {"name": "reed"},
]
ASKED = ["How tall is the {name}, given {height}?", "What bark has the {name}: {bark}?"]


def describing(**more):
    fields = {
        "questions": lambda text, number: [f"What is the {text.partition('name: ')[2].split()[0]} in case {number}?"],
        "output": lambda text, number: f"The answer is {number}.", "contradicts": False,
    }  # fmt: skip
    return answering(**{**fields, **more})


class TestDermaSynth(SynthesisContract):
    method = "dermasynth"

    def make(self):
        return RecordQuestions(RECORDS, batch=2)

    def script(self, messages, **settings):
        return describing()(messages, **settings)

    count = 3


def test_a_row_that_contradicts_its_record_is_dropped():
    planted = describing(
        output=lambda text, number: "It is 99 m." if "oak" in text else "It is tall.",
        contradicts=lambda text, number: "99 m" in text,
    )
    found, lm = run(RecordQuestions(RECORDS, questions=ASKED[:1], own=0), planted)
    assert [row["source"] for row in found.rows] == ["r2"]
    assert found.rejected == {("contradicts the record", "contradicts the record"): 1}
    assert all("name: " in prompt and "height: " in prompt for prompt in requests(lm, "output"))


def test_every_row_carries_its_source_and_licence():
    found, _ = run(RecordQuestions(RECORDS, questions=ASKED, own=1, licence="house"), describing())
    assert {(row["source"], row["licence"]) for row in found.rows} == {("r1", "CC0"), ("r2", "house"), ("2", "house")}
    assert {row["asked"] for row in found.rows} == {"given", "own"}
    assert not any("CC0" in row["record"] or "r1" in row["record"] for row in found.rows)


def test_a_question_for_a_field_that_is_not_there_is_left_out():
    found, _ = run(RecordQuestions(RECORDS, questions=ASKED, own=0), describing())
    assert [row["instruction"] for row in found.rows] == [
        "How tall is the oak, given 20 m?", "How tall is the birch, given 15 m?", "What bark has the birch: white?",
    ]  # fmt: skip


def test_given_questions_cost_no_call_to_ask():
    _, lm = run(RecordQuestions(RECORDS, questions=["What is it?"], own=0), describing())
    assert not requests(lm, "questions")
    assert lm.calls == 6


@pytest.mark.parametrize("build", [
    lambda: RecordQuestions([]), lambda: RecordQuestions([{"id": "x"}]), lambda: RecordQuestions(RECORDS, own=0), lambda: RecordQuestions(["text"]),
])  # fmt: skip
def test_records_that_say_nothing_are_refused(build):
    with pytest.raises(SettingError):
        build()
