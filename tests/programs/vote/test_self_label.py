"""Labels by majority, and rows rewarded by agreement with them."""

import random

import dspy
import pytest

from selftaught.programs.step import Step
from selftaught.programs.vote import SelfLabel
from selftaught.registry import registrations
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestLMSI(ProgramContract):
    method = "lmsi"

    def make(self, task):
        return SelfLabel(task, **registrations()["lmsi"].arguments)


class TestDistilDataAndRewards(ProgramContract):
    method = "distill-data-and-rewards"

    def make(self, task):
        return SelfLabel(task, **registrations()["distill-data-and-rewards"].arguments)


def label(answers, **settings):
    def script(messages, **asked):
        said = answers[int(str(asked.get("rollout_id") or "draw0").rpartition("draw")[2])]
        return "garbage" if said is None else {"reasoning": f"Why {said}.", "shouted": said}

    with dspy.context(lm=FakeLM(script)):
        return SelfLabel(Shout, samples=len(answers), **settings)(word="tree")


def test_every_kept_row_gives_the_label():
    found = label(["a", "B", "b.", "b"])
    assert found.shouted == "B"
    assert [row["shouted"] for row in found.rows] == ["B", "b.", "b"]
    assert [row["reasoning"] for row in found.rows] == ["Why B.", "Why b..", "Why b."]
    assert {row["reward"] for row in found.rows} == {1.0}


def test_the_confidence_is_of_the_readable_answers_and_the_unreadable_never_win():
    found = label([None, None, None, "a", "a", "b"])
    assert (found.shouted, found.confidence) == ("a", pytest.approx(2 / 3))


def test_a_tie_is_broken_by_order_and_told():
    assert (label(["b", "a"]).shouted, label(["b", "a"]).tied) == ("b", True)


def test_one_sample_is_its_own_label():
    assert label(["a"]).rows == [{"reasoning": "Why a.", "shouted": "a", "reward": 1.0}]


@pytest.mark.parametrize("both_signs", [False, True])
def test_below_the_least_share_there_is_no_label_and_no_row(both_signs):
    found = label(["a", "a", "b", "c"], least_share=0.6, both_signs=both_signs)
    assert (found.shouted, found.declined, found.rows) == (None, True, [])
    assert found.confidence == 0.5


def test_an_input_contributes_both_signs_or_none():
    assert [row["reward"] for row in label(["a", "b", "a"], both_signs=True).rows] == [1.0, 0.0, 1.0]
    assert label(["a", "a", "a"], both_signs=True).rows == []


def test_labels_of_a_model_that_is_mostly_right_are_nearly_always_right():
    draws = random.Random(7)
    right = total = 0
    for _ in range(60):
        answers = ["5" if draws.random() < 0.8 else str(draws.randint(6, 9)) for _ in range(5)]
        found = label(answers, least_share=0.5)
        if not found.declined:
            total, right = total + 1, right + (found.shouted == "5")
    assert total > 40
    assert right / total > 0.95


def test_structured_answers_and_own_generators_work():
    with dspy.context(lm=FakeLM(obliging)):
        found = SelfLabel(Survey, samples=2, generate=Step(Survey))(**SURVEY_INPUT)
    assert [set(row) for row in found.rows] == [{*Survey.output_fields, "reward"}] * 2
