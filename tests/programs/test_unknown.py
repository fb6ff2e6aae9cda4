"""Known or unknown: what has an answer is answered as ever, what has none gets the reason."""

import dspy
import pytest

import selftaught as st
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


def test_refusing_always_and_answering_always_score_as_guessing_does():
    """Scored on both: of questions that have an answer, and of as many that have none."""
    data = [
        dspy.Example(question=f"{kind} {number}", wanted=kind).with_inputs("question")
        for number in range(5)
        for kind in ("known", "incomplete")
    ]

    def detected(gold, found, trace=None):
        return float((found.status == "known") == (gold.wanted == "known"))

    def scored(decide):
        def script(messages, **settings):
            asked = str(messages[-1]["content"])
            said = {"status": decide(asked), "reason": "So it is.", "answer": "Yes"}
            return {name: said[name] for name in answer_fields(messages)}

        with dspy.context(lm=FakeLM(script)):
            return st.evaluate(KnownOrUnknown("question -> answer"), data, detected, progress=False).score

    assert scored(lambda asked: "incomplete") == scored(lambda asked: "known") == 0.5
    assert scored(lambda asked: asked.split()[0]) == 1.0


def test_a_refusal_without_a_reason_gets_that_of_its_class():
    lm = FakeLM(lambda messages, **settings: {"reason": " ", "status": "futuristic"})
    with dspy.context(lm=lm):
        found = KnownOrUnknown("question -> answer")(question="Who?")
    assert found.answer == found.reason == "It asks for what has not happened yet."


def test_demonstrations_are_shown_where_a_task_asks_one_text():
    one, several = KnownOrUnknown("question -> answer"), KnownOrUnknown(Survey)
    assert [demo["status"] == "known" for demo in one.decide.demos] == [True] * 3 + [False, True] * 4
    assert not several.decide.demos
    assert {demo["status"] for demo in KnownOrUnknown("q -> a", classes={"futuristic": "later"}).decide.demos} == {
        "known",
        "futuristic",
    }


def test_classes_and_tasks_that_do_not_fit_are_refused():
    for classes in ({}, {"known": "x"}):
        with pytest.raises(SettingError):
            KnownOrUnknown(Survey, classes=classes)
    with pytest.raises(TaskError, match="status"):
        KnownOrUnknown("status -> answer")
