"""Self-teaching: the contract, and questions about the document before the task."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs import Predict
from selftaught.programs.demonstrate import SelfTeaching
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestSelfTeaching(ProgramContract):
    method = "self-tuning"

    def make(self, task):
        return SelfTeaching(task)


class Ask(dspy.Signature):
    """Answer from the policy."""

    question: str = dspy.InputField()
    house_rules: str = dspy.InputField()
    answer: str = dspy.OutputField()


def reader():
    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["questions"]:
            return {"questions": ["Who may swim?", "What if it rains?"]}
        return {asked[0]: f"said {len(asked)}"}

    return FakeLM(script)


def ask(lm, **knobs):
    with dspy.context(lm=lm):
        return SelfTeaching(Ask, document="house_rules", **knobs)(question="May I?", house_rules="No dogs.")


def test_exercises_come_before_reflections_and_the_task_comes_last():
    lm = reader()
    found = ask(lm)
    questions = [pair["question"] for pair in found.pairs]
    assert len(questions) == 6
    assert all("house rules" in question for question in questions[:4])
    assert questions[4:] == ["Who may swim?", "What if it rains?"]
    assert answer_fields(lm.requests[-1]) == ["answer"]
    assert all(question in lm.requests[-1][-1]["content"] for question in questions)


def test_every_answer_sees_the_document_and_no_other_answer():
    lm = reader()
    ask(lm)
    replies = [m[-1]["content"] for m in lm.requests if answer_fields(m) == ["reply"]]
    assert all("No dogs." in text for text in replies)
    assert [text.count("said 1") for text in replies] == [0] * 6


def test_kinds_can_be_left_out_and_without_any_it_is_the_plain_task():
    assert len(ask(reader(), exercises=["memorise"], reflections=0).pairs) == 1
    lm, plain = reader(), reader()
    ask(lm, exercises=[], reflections=0)
    with dspy.context(lm=plain):
        Predict(Ask)(question="May I?", house_rules="No dogs.")
    assert lm.requests == plain.requests


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="house_rules"):
        SelfTeaching(Ask, document="house_rule")
    with pytest.raises(SettingError, match="exercises"):
        SelfTeaching(Shout, exercises=["sing"])
    with pytest.raises(SettingError, match="reflections"):
        SelfTeaching(Shout, reflections=-1)
