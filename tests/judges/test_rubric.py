"""The rubric: additive points (170), one score for all criteria, or one for each."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import AnswerError, ConnectionFailed, SettingError, TaskError
from selftaught.programs.judge import Rubric
from selftaught.testing import FakeLM, JudgeContract
from selftaught.testing.samples import Shout

CRITERIA = ["It is loud.", "It is the same word.", "It has no spaces."]


class TestRubric(JudgeContract):
    method = "self-rewarding-lm"

    def make(self, task):
        return Rubric(task, CRITERIA * 2, additive=True)


class TestRubricOfEachCriterion(JudgeContract):
    def make(self, task):
        return Rubric(task, CRITERIA, separately=True, samples=2)


class TestRubricOfAll(JudgeContract):
    def make(self, task):
        return Rubric(task, CRITERIA)


def judge(script, **settings):
    lm = script if isinstance(script, FakeLM) else FakeLM(script)
    with dspy.context(lm=lm):
        return Rubric(Shout, CRITERIA, **settings)(word="tree", shouted="TREE").verdict


def says(score):
    return lambda messages, **settings: {"reasons": "Because.", "score": score}


@pytest.mark.parametrize("points", range(4))
def test_additive_points_count_from_0_to_the_number_of_criteria(points):
    verdict = judge(says(points), additive=True)
    assert verdict.score == pytest.approx(points / 3)
    assert verdict.reasons == "Because."


@pytest.mark.parametrize("points", [-1, 4])
def test_more_points_than_criteria_are_no_verdict(points):
    with pytest.raises(AnswerError):
        judge(says(points), additive=True)


def test_the_score_is_the_mean_of_exactly_the_samples_that_parse():
    answers = {"draw0": 3, "draw1": 0, "draw2": "garbage"}

    def script(messages, **settings):
        found = next(value for name, value in answers.items() if name in str(settings["rollout_id"]))
        return found if found == "garbage" else {"reasons": "", "score": found}

    lm = FakeLM(script)
    assert judge(lm, additive=True, samples=3).score == pytest.approx(0.5)
    assert lm.calls == 4  # the unreadable one was asked for again


def test_no_readable_sample_is_no_score():
    with pytest.raises(AnswerError):
        judge(lambda messages, **settings: "garbage", additive=True, samples=3)


def test_additive_points_are_read_as_their_expectation():
    odds = {"score": {"3": 0.5, "1": 0.25, "0": 0.25}}
    assert judge(lambda messages, **settings: ({"score": 3}, odds), additive=True, reasons=False).score == pytest.approx(1.75 / 3)


def test_reasons_come_first_and_every_criterion_is_shown():
    for additive in (True, False):
        one = Rubric(Shout, CRITERIA, additive=additive)
        assert list(one.rate.signature.output_fields) == ["reasons", "score"]
        assert all(criterion in one.rate.signature.instructions for criterion in CRITERIA)
        assert Shout.instructions in one.rate.signature.instructions


def test_additive_points_are_asked_for_as_points_within_their_limits():
    score = Rubric(Shout, CRITERIA, additive=True).rate.signature.output_fields["score"]
    assert "points, 0 to 3" in score.json_schema_extra["desc"]
    assert {type(item).__name__ for item in score.metadata} == {"Ge", "Le"}


# --- one score for each criterion


def by_criterion(scores, **more):
    def script(messages, **settings):
        shown = str(messages[-1]["content"])
        found = next(score for criterion, score in zip(CRITERIA, scores, strict=True) if criterion in shown)
        return found if isinstance(found, str) else {"reasons": "Because.", "score": found}

    return judge(script, separately=True, **more)


def test_separate_scores_are_averaged_and_the_verdict_names_each():
    verdict = by_criterion([5, 1, 3])
    assert verdict.score == pytest.approx(0.5)
    assert [(c.name, c.score, c.passed) for c in verdict.criteria] == list(
        zip(CRITERIA, [1.0, 0.0, 0.5], [True, False, False], strict=True)
    )
    assert (verdict.passed, verdict.confidence) == (False, 1.0)


def test_an_unreadable_criterion_is_left_out_of_the_mean_and_nothing_passes_with_it():
    verdict = by_criterion([5, "garbage", 5])
    assert (verdict.score, verdict.passed) == (1.0, False)
    assert verdict.confidence == pytest.approx(2 / 3)
    assert [c.reason for c in verdict.criteria if c.passed is None] == ["no readable answer"]


def test_no_readable_criterion_leaves_the_verdict_open():
    verdict = by_criterion(["garbage"] * 3)
    assert (verdict.score, verdict.passed, verdict.confidence) == (None, None, 0.0)


def test_a_server_that_is_gone_is_an_error_not_an_unreadable_criterion():
    def gone(messages, **settings):
        raise ConnectionFailed("nobody is there")

    with pytest.raises(ConnectionFailed):
        judge(FakeLM(gone, retries=0), separately=True)


@pytest.mark.parametrize("reasons", [True, False])
@pytest.mark.parametrize("reference", [True, False])
def test_the_criterion_comes_last_so_that_its_calls_share_what_is_before_it(reasons, reference):
    one = Rubric(Shout, CRITERIA, separately=True, reasons=reasons, reference=reference)
    assert list(one.rate.signature.input_fields) == ["word", "draft", *(["reference"] if reference else []), "criterion"]
    assert not any(criterion in one.rate.signature.instructions for criterion in CRITERIA)


def test_a_task_with_a_field_called_criterion_is_refused_where_one_is_shown():
    Rubric("word, criterion -> shouted", CRITERIA)
    with pytest.raises(TaskError, match="'criterion'"):
        Rubric("word, criterion -> shouted", CRITERIA, separately=True)


# --- settings


@pytest.mark.parametrize("criteria", [[], "", "  ", ["It is loud.", " "]])
def test_a_rubric_without_criteria_is_refused(criteria):
    with pytest.raises(SettingError, match="at least one criterion"):
        Rubric(Shout, criteria)


def test_one_criterion_may_be_a_text():
    assert Rubric(Shout, "It is loud.").criteria == ("It is loud.",)


@pytest.mark.parametrize("settings", [{"criteria": CRITERIA * 4}, {"criteria": CRITERIA, "separately": True}])
def test_additive_goes_up_to_nine_and_not_with_separately(settings):
    with pytest.raises(SettingError, match="additive"):
        Rubric(Shout, additive=True, **settings)


@pytest.mark.parametrize("settings", [{"additive": True}, {"separately": True}, {}])
def test_a_saved_rubric_asks_the_same(tmp_path, settings):
    one = Rubric(Shout, CRITERIA, **settings)
    again = load(save(one, tmp_path / "judge.st"))
    assert again.criteria == one.criteria
    assert again.rate.signature.instructions == one.rate.signature.instructions
    assert again.cost() == one.cost()
