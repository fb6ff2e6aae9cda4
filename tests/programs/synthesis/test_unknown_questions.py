"""Unknown questions: made from known ones, scored, and as many of each class as of each other."""

from collections import Counter

import pytest

from selftaught.errors import InputError, SettingError
from selftaught.programs.synthesis.unknown_questions import UnknownQuestions
from selftaught.testing import SynthesisContract, answer_fields
from tests.programs.synthesis.scripts import answering, requests, run

CLASSES = ("incomplete", "futuristic", "incorrect", "ambiguous")
KNOWN = [{"question": f"How high is hill {number}?", "answer": f"{100 + number} m"} for number in range(4)]


def asking(**more):
    fields = {
        "question": lambda text, number: f"How high will hill {number} be?", "response": lambda text, number: f"Nobody knows {number}.",
        "disparity": 8,
    }  # fmt: skip
    return answering(**{**fields, **more})


def made(script, known=KNOWN[:1], **settings):
    return run(UnknownQuestions(known, **settings), script)


class TestUnknownQuestions(SynthesisContract):
    method = "unknown-questions"
    count = 5

    def make(self):
        return UnknownQuestions(KNOWN, batch=2)

    def script(self, messages, **settings):
        return asking()(messages, **settings)


def test_every_class_comes_once_for_each_known_question_and_names_it():
    found, lm = made(asking(), KNOWN)
    assert Counter(row["status"] for row in found.rows) == dict.fromkeys(("known", *CLASSES), 4)
    for row in found.rows:
        assert row["known_question"] in {one["question"] for one in KNOWN}
        if row["status"] == "known":
            assert (row["instruction"], row["output"][-2:]) == (row["known_question"], " m")
        else:
            assert row["instruction"] != row["known_question"]
            assert row["disparity"] == 8
    assert lm.calls == 3 * 4 * 4


def test_the_rewrite_sees_its_class_with_examples_and_the_response_no_answer():
    _, lm = made(asking())
    rewrites, responses, scores = (requests(lm, name) for name in ("question", "response", "disparity"))
    assert sum("has not happened yet" in prompt for prompt in rewrites) == 1
    for messages in lm.requests:
        if "question" in answer_fields(messages):
            assert "Who will win the football world cup in 2098?" in str(messages[:-1])
    assert not any("100 m" in prompt for prompt in (*rewrites, *responses))
    assert all("100 m" in prompt and "Nobody knows" in prompt for prompt in scores)


@pytest.mark.parametrize(("least", "kept"), [(0.0, 4), (0.2, 4), (0.3, 0), (1.0, 0)])
def test_pairs_that_score_below_the_threshold_are_dropped(least, kept):
    found, _ = made(asking(disparity=2), least=least, balance=False)
    assert sum(row["status"] != "known" for row in found.rows) == kept
    assert found.rejected.get((f"disparity below {least:g}", f"disparity below {least:g}"), 0) == 4 - kept


def test_a_score_that_cannot_be_read_drops_the_pair():
    found, _ = made(asking(disparity="very"), balance=False)
    assert [row["status"] for row in found.rows] == ["known"]


def test_a_question_that_was_not_changed_is_dropped():
    found, _ = made(asking(question="how high is hill 0"), balance=False)
    assert found.rejected["changed", "the question is the known one"] == 4


def test_classes_are_even_unless_told_otherwise():
    script = asking(
        response=lambda text, number: f"Take {number}" if "not happened" in text else f"No {number}",
        disparity=lambda text, number: 1 if "Take" in text else 8,
    )
    even, _ = made(script, KNOWN)
    assert not even.rows
    uneven, _ = made(script, KNOWN, balance=False)
    assert Counter(row["status"] for row in uneven.rows) == {"known": 4, "incomplete": 4, "incorrect": 4, "ambiguous": 4}


def test_classes_of_ones_own():
    own = {"secret": [("A known one?", "A secret one?", "It is secret.")]}
    found, lm = made(asking(), classes={"secret": "the answer is kept secret"}, examples=own, known_rows=False)
    assert [row["status"] for row in found.rows] == ["secret"]
    assert "A secret one?" in str(lm.requests[0][:-1])
    assert "football" not in str(lm.requests[0])


def test_settings_that_are_none_are_refused():
    for settings in ({"classes": {}}, {"classes": {"known": "x"}}, {"least": 2}, {"examples": {"incomplete": ["A?"]}}):
        with pytest.raises(SettingError):
            UnknownQuestions(KNOWN, **settings)
    with pytest.raises(SettingError):
        UnknownQuestions([])
    for lacking in ({"question": "What?"}, {"answer": "What?"}):
        with pytest.raises(InputError):
            UnknownQuestions([lacking])
