"""Self-knowledge: admissions are found, counted as precision, recall and F1, and never skipped in silence."""

import json
import os
from pathlib import Path

import dspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.programs.diagnose import Admission, diagnose
from selftaught.programs.diagnose.knowledge import NOT_KNOWN, knowledge_of
from selftaught.testing import FakeLM
from selftaught.testing.samples import words

TEXTS = hyp.lists(hyp.sampled_from(["It is 7.", "I don't know.", "Paris", "Nobody knows that.", ""]), min_size=1, max_size=20)


@pytest.mark.parametrize("phrase", NOT_KNOWN)
def test_a_phrase_is_found_whatever_the_threshold(phrase):
    detect = Admission(embed=lambda texts: np.eye(len(texts)), threshold=1.0)
    assert detect(f"Well, {phrase.capitalize()}.")
    assert Admission()(phrase.replace("'", "’"))


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_answer_is_no_admission(text):
    assert not Admission(embed=lambda texts: np.ones((len(texts), 2)), threshold=-1.0)(text)


def test_a_phrase_inside_a_word_is_none():
    assert not Admission(["known"])("He is unknown to me.")
    assert Admission(["known"])("It is not known.")


def letters(texts):
    """Return letter counts: an embedding that needs no model."""
    return np.array([[text.count(chr(97 + i)) for i in range(26)] for text in texts], dtype=float)


@given(hyp.lists(hyp.text("abc nokw.", max_size=40), min_size=1, max_size=15), hyp.floats(0, 1), hyp.floats(0, 1))
def test_a_higher_threshold_flags_no_more(texts, one, other):
    low, high = (sum(map(Admission(embed=letters, threshold=at), texts)) for at in sorted((one, other)))
    assert high <= low


def test_an_embedder_finds_what_the_list_does_not_hold():
    text = "We simply know not if i."
    assert not Admission(["i know not"])(text.replace("know not", "kwon tno"))
    assert Admission(["i know not if"], embed=letters, threshold=0.7)("kwon tno fi i.")


def test_always_and_never_unknown():
    always = knowledge_of(["unknown"] * 10, ["unknown"] * 30, Admission())
    assert always.figures["recall"].value == 1.0
    assert always.figures["precision"].value == pytest.approx(10 / 40) == always.figures["precision"].chance
    never = knowledge_of(["Paris"] * 10, ["Rome"] * 30, Admission())
    assert never.figures["f1"].value == 0.0
    assert never.figures["precision"].value is None
    assert never.figures["f1"].interval[1] > 0


@given(TEXTS, TEXTS)
def test_f1_by_its_definition(unanswerable, answerable):
    detect = Admission()
    found = knowledge_of(unanswerable, answerable, detect).figures
    true, false = sum(map(detect, unanswerable)), sum(map(detect, answerable))
    precision, recall = (true / (true + false) if true + false else 0.0), true / len(unanswerable)
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert found["f1"].value == pytest.approx(expected)
    low, high = found["f1"].interval
    assert low <= found["f1"].value <= high


def asked(lm, task="word -> shouted", unanswerable=10, data=None):
    hard = [dspy.Example(word=f"?{i}").with_inputs("word") for i in range(unanswerable)]
    with dspy.context(lm=lm):
        return diagnose(task, data or words(20), parts=["knowledge"], samples=1, unanswerable=hard, progress=False)["knowledge"]


def test_an_honest_model_is_told_with_its_accuracy_on_the_answerable():
    def honest(messages, **_):
        word = messages[-1]["content"]
        return {"shouted": "I do not know." if "?" in word else word.upper()}

    found = asked(FakeLM(honest))
    assert found.answer == "yes"
    assert [found.figures[name].value for name in ("f1", "answerable_accuracy", "false_alarms")] == [1.0, 1.0, 0.0]
    assert "(phrases)" in found.decision


def test_a_model_that_always_declines_is_not_praised():
    found = asked(FakeLM(lambda messages, **_: {"shouted": "I don't know"}))
    assert found.figures["recall"].value == 1.0
    assert found.figures["answerable_accuracy"].value == 0.0
    assert found.answer == "undetermined"


def test_without_data_or_room_it_is_said_that_nothing_was_measured():
    found = asked(FakeLM(lambda messages, **_: {"shouted": "x"}), unanswerable=0)
    assert found.answer == "not measured"
    assert "give inputs that have no answer" in found.decision
    numbers = [dspy.Example(word="a", length=1).with_inputs("word")]
    found = asked(FakeLM(lambda messages, **_: {"length": 1}), task="word -> length: int", data=numbers)
    assert "no room for an admission" in found.decision


def test_the_phrases_do_not_flag_what_is_answered_in_public_questions():
    folder = os.environ.get("SELFTAUGHT_DATA")
    if not folder or not (path := Path(folder) / "selfaware.jsonl").exists():
        pytest.skip("SELFTAUGHT_DATA names no folder with selfaware.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    said = [answer for row in rows if row["answerable"] for answer in row["answers"]]
    assert sum(map(Admission(), said)) / len(said) < 0.01
