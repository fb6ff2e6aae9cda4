"""Self-Tuning's exercises: answers that stand in the document, and stages that keep what is new apart."""

import random

import pytest

from selftaught.programs.synthesis.exercises import BLANK, entities, exercises, sentences
from selftaught.programs.synthesis.self_tuning import SelfTuning
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import run

TEXT = (
    "Ulm is a city on the Danube. It was founded in 854 by King Louis. Albert Einstein was born in Ulm in 1879. The tower of Ulm Minster "
    "is 161.5 metres high. People like it."
)
QUESTIONS = [
    {"question": "Who was born in Ulm?", "answer": "Albert Einstein"},
    {"question": "How high is it?", "answer": "161.5"},
]
DOCUMENTS = [{"text": TEXT, "title": "Ulm", "questions": QUESTIONS}, {"text": "Bern lies on the Aare. The Bear Park is in Bern."}]
NEW = [
    {
        "text": "Graz lies on the Mur. It has a Clock Tower.",
        "title": "Graz",
        "questions": [{"question": "Where is Graz?", "answer": "Mur"}],
    }
]


class TestSelfTuning(SynthesisContract):
    method, count = "self-tuning-exercises", None

    def make(self):
        return SelfTuning(DOCUMENTS, new=NEW, exercised=True)


def made(**settings):
    return run(SelfTuning(DOCUMENTS, new=NEW, **settings), lambda *a, **k: pytest.fail("no model is called"))[0].rows


def test_no_question_about_a_new_document_in_any_stage():
    rows = made(exercised=True)
    assert "Where is Graz?" not in str([row.values for row in rows])
    assert {row["stage"] for row in rows if row["document"] == "0" and "Graz" in row["output"]} <= {2, 3}


def test_stage_two_holds_every_training_question_and_the_new_documents():
    second = [row for row in made() if row["stage"] == 2]
    assert [row["instruction"] for row in second if row["task"] == "question"] == [one["question"] for one in QUESTIONS]
    assert [row["output"] for row in second if row["task"] == "memorise"] == [NEW[0]["text"]]
    assert [(row["task"], row["output"]) for row in made() if row["stage"] == 3] == [("memorise", NEW[0]["text"])]
    assert {row["task"] for row in made(exercised=True) if row["stage"] == 3} == {"memorise", "title", "tell"}


def test_stage_one_holds_all_kinds_of_exercises():
    kinds = {row["task"] for row in made() if row["stage"] == 1}
    assert kinds == {
        "memorise",
        "title",
        "entities",
        "statement",
        "tell",
        "flashcard",
        "blank",
        "choice",
        "completion",
        "question",
    }


@pytest.mark.parametrize("seed", range(8))
def test_every_answer_is_a_span_of_the_document(seed):
    for one in exercises(TEXT, "Ulm", "Bern lies on the Aare.", str(seed), 4):
        if one["task"] in ("blank", "choice"):
            sentence = one["instruction"].partition(": " if one["task"] == "blank" else "? ")[2]
            assert one["output"] in TEXT
            assert one["instruction"].count(BLANK) == 1
            filled = one["instruction"].partition("\n")[2].replace(BLANK, one["output"], 1)
            assert any(said in filled for said in sentences(TEXT)), sentence
        if one["task"] == "choice":
            options = one["instruction"].partition("Options: ")[2].split(" | ")
            assert options.count(one["output"]) == 1
            assert len(set(options)) == len(options)
            assert all(option in TEXT for option in options)
        if one["task"] == "completion":
            begun = one["instruction"].partition("Complete the sentence: ")[2]
            assert begun + one["output"] in sentences(TEXT)


def test_statements_hold_fail_or_are_not_decided():
    for seed in range(10):
        found = {one["output"]: one["instruction"].partition("\n")[2] for one in exercises(TEXT, "Ulm", "Bern lies on the Aare.", str(seed), 0) if one["task"] == "statement"}  # fmt: skip
        assert found["true"] in TEXT
        assert found["unknown"] == "Bern lies on the Aare."
        if "false" in found:
            assert found["false"] not in TEXT


def test_a_document_without_entities_still_has_memorisation_and_title():
    kinds = [one["task"] for one in exercises("nothing of note happens here at all.", "nothing", "", "0", 3)]
    assert kinds == ["memorise", "title", "tell"]
    assert entities("他住在乌尔姆。") == []
    assert {row["task"] for row in run(SelfTuning(["all small letters and no more"]), None)[0].rows} == {
        "memorise",
        "title",
        "tell",
    }


def test_the_seed_draws_others_and_the_same_draws_the_same():
    def drawn(seed):
        return [row.values for row in run(SelfTuning(DOCUMENTS), None, seed=seed)[0].rows]

    assert drawn(1) == drawn(1)
    assert any(drawn(seed) != drawn(1) for seed in range(2, 6))


def test_any_text_can_be_exercised():
    draws = random.Random(0)
    for _ in range(300):
        text = "".join(draws.choice("aB 1.?!\n—é\U0001f600,'’-") for _ in range(80)).strip() or "x"
        assert exercises(text, "t", "Other text with Words here.", "0", 2)
