"""Intrinsic self-correction (186): answer, verdict and correction in one call."""

import dspy
import pytest

from selftaught.errors import TaskError
from selftaught.programs.refine import SelfCorrection
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey


class TestSelfCorrection(ProgramContract):
    method = "intrinsic-self-correction"

    def make(self, task):
        return SelfCorrection(task)


def answered(task, said, **inputs):
    lm = FakeLM(lambda messages, **settings: {name: said[name] for name in answer_fields(messages)})
    with dspy.context(lm=lm):
        return SelfCorrection(task)(**inputs), lm


@pytest.mark.parametrize(("verdict", "answer"), [("right", "tree"), ("wrong", "TREE")])
def test_the_last_answer_counts_and_after_right_it_is_the_first(verdict, answer):
    found, lm = answered(Shout, {"shouted": "tree", "verdict": verdict, "corrected_shouted": "TREE"}, word="tree")
    assert (found.shouted, found.first, found.refined, lm.calls) == (answer, "tree", verdict == "wrong", 1)


def test_the_answer_is_written_before_its_verdict_and_that_before_the_correction():
    assert list(SelfCorrection(Shout).generate.signature.output_fields) == ["shouted", "verdict", "corrected_shouted"]


def test_several_typed_outputs_are_corrected_together():
    corrected = {f"corrected_{name}": value for name, value in SURVEY_ANSWER.items()} | {
        "corrected_mood": "bad",
        "corrected_score": 9,
    }
    found, _ = answered(Survey, {**SURVEY_ANSWER, "verdict": "wrong", **corrected}, **SURVEY_INPUT)
    assert (found.mood, found.score, found.place.town) == ("bad", 9, "Ulm")


@pytest.mark.parametrize("task", ["word -> verdict", "word, corrected_said -> said"])
def test_a_task_with_such_a_field_is_refused(task):
    with pytest.raises(TaskError, match="Rename the field"):
        SelfCorrection(task)
