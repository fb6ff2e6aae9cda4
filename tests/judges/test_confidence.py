"""Confidence: elicited, from probabilities, and as the chance of saying it again (110)."""

import random

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import AnswerError, SettingError
from selftaught.programs import Predict
from selftaught.programs.judge import Confidence
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout


class TestConfidence(JudgeContract):
    method = "rlsc"

    def make(self, task):
        return Confidence(task, how="recurrence")


class TestConfidenceElicited(JudgeContract):
    def make(self, task):
        return Confidence(task)


class TestConfidenceFromProbability(JudgeContract):
    def make(self, task):
        return Confidence(task, how="probability", pass_at=0.8)


def judge(script, shouted="TREE", **settings):
    lm = script if isinstance(script, FakeLM) else FakeLM(script)
    with dspy.context(lm=lm):
        return Confidence(Shout, **settings)(word="tree", shouted=shouted).verdict


def draws(answers):
    """A model whose n-th draw gives the n-th answer."""

    def script(messages, **settings):
        found = answers[int(str(settings["rollout_id"]).rpartition("draw")[2])]
        return found if found == "garbage" else {"shouted": found}

    return script


@given(said=hyp.lists(hyp.sampled_from(["TREE", "WOOD", "BUSH"]), min_size=1, max_size=8))
def test_recurrence_is_the_share_of_own_samples_that_say_it(said):
    shares = [judge(draws(said), answer, how="recurrence", samples=len(said)).score for answer in ("TREE", "WOOD", "BUSH")]
    assert shares == [said.count(answer) / len(said) for answer in ("TREE", "WOOD", "BUSH")]
    assert sum(shares) == pytest.approx(1.0)


def test_identical_samples_raise_the_recurrence_of_what_they_say():
    said = ["TREE", "WOOD", "BUSH", "LEAF"]
    scores = [judge(draws(["TREE"] * n + said[n:]), how="recurrence", samples=4).score for n in range(1, 5)]
    assert scores == [0.25, 0.5, 0.75, 1.0]


def test_recurrence_compares_answers_as_people_would():
    assert judge(draws(["tree.", " Tree", "TREE", "wood"]), how="recurrence", samples=4).score == 0.75


def test_its_mean_over_own_samples_is_the_chance_that_two_agree():
    """110's objective: for answers drawn from the model itself, the expectation of recurrence is the sum of squared chances."""
    chances, rng = {"TREE": 0.6, "WOOD": 0.3, "BUSH": 0.1}, random.Random(0)

    def draw():
        return rng.choices(list(chances), list(chances.values()))[0]

    scores = [judge(draws([draw() for _ in range(20)]), draw(), how="recurrence", samples=20).score for _ in range(150)]
    assert sum(scores) / len(scores) == pytest.approx(sum(chance**2 for chance in chances.values()), abs=0.06)


def test_an_unreadable_sample_is_left_out_and_all_unreadable_are_no_verdict():
    assert judge(draws(["garbage", "TREE", "WOOD"]), how="recurrence", samples=3).score == 0.5
    with pytest.raises(AnswerError):
        judge(draws(["garbage"] * 3), how="recurrence", samples=3)


def test_the_samples_never_see_the_answer():
    lm = FakeLM(draws(["TREE"] * 5))
    judge(lm, "SECRET", how="recurrence")
    assert lm.calls == 5
    assert not any("SECRET" in str(messages) for messages in lm.requests)


def test_another_program_may_draw_the_samples():
    lm = FakeLM(draws(["TREE"] * 5))
    judge(lm, how="recurrence", generate=Predict(Shout.with_instructions("Whisper it.")))
    assert all("Whisper it." in messages[0]["content"] for messages in lm.requests)


def test_elicited_is_the_mean_over_the_digits_where_they_are_known():
    odds = {"score": {"9": 0.5, "0": 0.5}}
    assert judge(lambda messages, **settings: ({"score": 9}, odds)).score == pytest.approx(0.5)
    assert judge(lambda messages, **settings: {"score": 3}).score == pytest.approx(3 / 9)


@given(chance=hyp.floats(0.01, 0.99), pass_at=hyp.floats(0.0, 1.0))
def test_probability_is_the_models_chance_of_right_and_passes_from_a_threshold_on(chance, pass_at):
    odds = {"correct": {"true": chance, "false": 1 - chance}}
    verdict = judge(lambda messages, **settings: ({"correct": chance >= 0.5}, odds), how="probability", pass_at=pass_at)
    assert verdict.score == verdict.confidence == pytest.approx(chance)
    assert verdict.passed == (verdict.score >= pass_at)


def test_an_unreadable_probability_leaves_the_verdict_open():
    verdict = judge(lambda messages, **settings: "garbage", how="probability")
    assert (verdict.score, verdict.passed, verdict.confidence) == (None, None, None)


@pytest.mark.parametrize(("how", "calls"), [("elicited", 1), ("probability", 1), ("recurrence", 7)])
def test_cost_is_exact(how, calls):
    lm = FakeLM(
        lambda messages, **settings: {name: {"score": 5, "correct": True}.get(name, "TREE") for name in answer_fields(messages)}
    )
    judge(lm, how=how, samples=7)
    assert lm.calls == calls == Confidence(Shout, how=how, samples=7).cost().at_most


@pytest.mark.parametrize("settings", [{"how": "guessed"}, {"how": "recurrence", "samples": 0}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError):
        Confidence(Shout, **settings)
