"""LMSI's rows: the four forms."""

from collections import Counter

import dspy
import pytest

from selftaught.errors import DataError
from selftaught.programs.synthesis.forms import FORMS, VotedRationales
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

QUESTIONS = [{"question": f"What is {i} plus 1?"} for i in range(8)]
DEMO = {"question": "What is 5 plus 5?", "reasoning": "Five and five are ten.", "answer": "10"}


def reasoning(messages, **settings):
    asked = answer_fields(messages)
    said = {"reasoning": f"I count by {settings.get('rollout_id')}.", "answer": "42"}
    return {name: said[name] for name in asked}


def run(**settings):
    lm = FakeLM(reasoning)
    with dspy.context(lm=lm):
        return VotedRationales(QUESTIONS, **{"samples": 4, **settings}).run(progress=False), lm


class TestVotedRationales(SynthesisContract):
    method = "lmsi-rows"

    def make(self):
        return VotedRationales(QUESTIONS[:3], samples=3)

    def script(self, messages, **settings):
        return reasoning(messages, **settings)


def test_all_four_forms_come_equally_often_and_begin_at_another_one_for_each_question():
    found, _ = run(demos=[DEMO])
    assert Counter(row["form"] for row in found.rows) == dict.fromkeys(FORMS, 8)
    one, _ = run(demos=[DEMO], samples=1)
    assert Counter(row["form"] for row in one.rows) == dict.fromkeys(FORMS, 2)


def test_answers_alone_hold_no_reasoning_and_examples_stand_where_the_form_says():
    found, _ = run(demos=[DEMO])
    for row in found.rows:
        assert ("I count" in row["completion"]) == row["form"].endswith("reasoning")
        assert ("Five and five are ten." in row["prompt"]) == (row["form"] == "examples, reasoning")
        assert ("5 plus 5" in row["prompt"]) == row["form"].startswith("examples")
        assert row["completion"].endswith("42")
        assert row["question"] in row["prompt"]
        assert "step by step" not in row["prompt"] or row["form"] == "reasoning"


def test_without_worked_examples_there_are_two_forms_and_the_sampler_sees_those_that_are_given():
    found, lm = run()
    assert {row["form"] for row in found.rows} == set(FORMS[2:])
    assert not any("Five and five" in str(request) for request in lm.requests)
    _, lm = run(demos=[DEMO])
    assert all("Five and five" in str(request) for request in lm.requests)
    with pytest.raises(DataError, match="reasoning"):
        VotedRationales(QUESTIONS, demos=[{"question": "x", "answer": "y"}])
