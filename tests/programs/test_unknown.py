"""Known or unknown: what has an answer is answered as ever, what has none gets the reason."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs.unknown import CLASSES, KnownOrUnknown
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout, Survey


class TestKnownOrUnknown(ProgramContract):
    method = "known-or-unknown"

    def make(self, task):
        return KnownOrUnknown(task)


def asked(status, task="question -> answer", **inputs):
    def script(messages, **settings):
        said = {"status": status, "reason": "It lies in the future.", "answer": "Paris", "shouted": "TREE", "count": "3"}
        return {name: said[name] for name in answer_fields(messages)}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return KnownOrUnknown(task)(**(inputs or {"question": "What is it?"})), lm


def test_a_known_question_is_answered_normally():
    found, lm = asked("known")
    assert (found.answer, found.status, found.reason, lm.calls) == ("Paris", "known", "", 2)


@pytest.mark.parametrize("status", list(CLASSES))
def test_an_unknown_one_gets_its_reason(status):
    found, lm = asked(status)
    assert (found.answer, found.status, found.reason, lm.calls) == ("It lies in the future.", status, "It lies in the future.", 1)


def test_an_answer_that_is_no_text_is_a_guess_and_says_so():
    found, lm = asked("ambiguous", "question -> count: int")
    assert (found["count"], found.status, lm.calls) == (3, "ambiguous", 2)


def test_the_answer_never_sees_the_decision():
    _, lm = asked("known", Shout, word="tree")
    assert "future" not in str(lm.requests[1])
    assert all(about in str(lm.requests[0]) for about in CLASSES.values())


def test_one_that_always_refuses_answers_nothing():
    """Of pairs of a known and an unknown question, half is right: refusing always is worth what answering always is."""
    pairs = [("known", "incomplete")] * 4
    for always in ("known", "incomplete"):
        said = [asked(always)[0].status for pair in pairs for _ in pair]
        assert sum(one == other for one, other in zip(said, [one for pair in pairs for one in pair], strict=True)) == 4


def test_classes_and_tasks_that_do_not_fit_are_refused():
    for classes in ({}, {"known": "x"}):
        with pytest.raises(SettingError):
            KnownOrUnknown(Survey, classes=classes)
    with pytest.raises(TaskError, match="status"):
        KnownOrUnknown("status -> answer")
