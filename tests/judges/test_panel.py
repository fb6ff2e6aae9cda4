"""The panel: how scores become one, what a failing member does, and who may see the reference."""

import asyncio
import statistics

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.artifact import load, save
from selftaught.errors import AnswerError, BudgetSpent, SettingError, TaskError
from selftaught.programs.base import Calls
from selftaught.programs.judge import Checklist, Pairwise, Panel, Rating, SelfJ, Verify, calibration_of
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Comparison, Verdict
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout


class TestPanel(JudgeContract):
    method = "panel"

    def make(self, task):
        return Panel(task, [Rating(task), Verify(task), Checklist(task)])


class TestPanelOfOne(JudgeContract):
    def make(self, task):
        return Panel(task, [SelfJ(task)], aggregate="majority")


class Fixed(Judge):
    """Gives the same verdict always, or fails."""

    def __init__(self, score, *, passed=None, better="tie", reference="no", task=Shout):
        super().__init__(task)
        self.score, self.passes, self.better, self.seen = score, passed, better, []
        self.read_reference(reference)

    async def verdict(self, inputs, outputs):
        self.seen.append(inputs)
        if isinstance(self.score, Exception):
            raise self.score
        passed = self.passes if self.passes is not None or self.score is None else self.score >= 0.5
        return Verdict(score=self.score, passed=passed)

    async def prefer(self, inputs, first, second):
        self.seen.append(inputs)
        if isinstance(self.better, Exception):
            raise self.better
        return Comparison(better=self.better)

    def cost(self):
        return Calls(1, 2)


def judge(scores, aggregate="median", **fields):
    return Panel(Shout, [Fixed(score) for score in scores], aggregate=aggregate)(word="tree", shouted="TREE", **fields).verdict


unit = hyp.floats(0.0, 1.0)
AGGREGATES = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "weakest": min,
    "majority": lambda scores: sum(score >= 0.5 for score in scores) / len(scores),
}


@pytest.mark.parametrize("aggregate", AGGREGATES)
@given(scores=hyp.lists(unit, min_size=1, max_size=6), random=hyp.randoms(use_true_random=False))
def test_the_score_is_the_aggregate_whatever_the_order_of_the_judges(aggregate, scores, random):
    shuffled = list(scores)
    random.shuffle(shuffled)
    for order in (scores, shuffled):
        verdict = judge(order, aggregate)
        assert verdict.score == pytest.approx(AGGREGATES[aggregate](scores))
        assert [criterion.score for criterion in verdict.criteria] == order


@given(score=unit, others=hyp.integers(1, 4))
def test_judges_that_agree_leave_no_doubt_and_those_that_contradict_leave_all(score, others):
    assert judge([score] * (others + 1)).confidence == pytest.approx(1.0)
    assert judge([0.0, 1.0] * others).confidence == pytest.approx(0.0)


def test_one_judge_alone_says_nothing_about_the_doubt():
    assert judge([0.7]).confidence is None
    assert judge([0.7, None, AnswerError("unreadable")]).confidence is None


def test_no_single_judge_moves_the_median_beyond_its_neighbours():
    assert [judge([0.4, 0.5, moved]).score for moved in (0.0, 0.45, 1.0)] == [0.4, 0.45, 0.5]


def test_more_than_half_must_pass_it_and_all_of_them_where_the_weakest_counts():
    assert judge([0.9, 0.8, 0.1]).passed
    assert not judge([0.9, 0.1]).passed
    assert not judge([0.9, 0.8, 0.1], "weakest").passed
    assert judge([0.9, 0.8, 0.6], "weakest").passed


@pytest.mark.parametrize("missing", [AnswerError("unreadable"), None], ids=["failed", "undetermined"])
def test_a_member_without_a_verdict_is_left_out_and_named(missing):
    verdict = judge([0.2, missing, 0.4], "mean")
    assert verdict.score == pytest.approx(0.3)
    assert [criterion.score for criterion in verdict.criteria] == [0.2, None, 0.4]


def test_no_verdict_at_all_leaves_the_panel_open():
    verdict = judge([AnswerError("unreadable"), None])
    assert (verdict.score, verdict.passed) == (None, None)
    assert "No judge" in verdict.reasons


@pytest.mark.parametrize("error", [BudgetSpent("nothing left"), ZeroDivisionError()], ids=["budget", "a bug"])
def test_what_is_no_failed_call_flies(error):
    with pytest.raises(type(error)):
        judge([0.5, error])


def test_a_member_whose_calls_fail_leaves_the_others_verdict():
    def script(messages, **settings):
        return {"score": 9} if answer_fields(messages) == ["score"] else "garbage"

    with dspy.context(lm=FakeLM(script)):
        found = Panel(Shout, [SelfJ(Shout), Verify(Shout), Rating(Shout)])(word="tree", shouted="TREE").verdict
    assert (found.score, [criterion.score for criterion in found.criteria]) == (1.0, [1.0, None, None])


# --- the reference


def test_only_the_members_that_read_a_reference_are_given_it():
    members = [Fixed(0.5, reference=need) for need in ("no", "needed", "optional")]
    panel = Panel(Shout, members)
    panel(word="tree", shouted="TREE", reference="GOLD")
    assert panel.reads_reference == "needed"
    assert ["reference" in member.seen[0] for member in members] == [False, True, True]
    assert Panel(Shout, [members[0], members[2]]).reads_reference == "optional"
    assert Panel(Shout, [members[0]]).reads_reference == "no"


def test_a_task_with_a_reference_of_its_own_is_given_to_all_and_refused_where_a_label_goes_by_that_name():
    task = "question, reference -> answer"
    member = Fixed(0.5, task=task)
    Panel(task, [member])(question="q", reference="r", answer="a")
    assert member.seen == [{"question": "q", "reference": "r"}]
    with pytest.raises(TaskError, match="reference"):
        Fixed(0.5, task=task, reference="optional")


# --- preferences


def prefer(*better):
    members = [Fixed(0.5, better=one) for one in better]
    return asyncio.run(Panel(Shout, members).prefer({"word": "tree"}, {"shouted": "a"}, {"shouted": "b"}))


@pytest.mark.parametrize(
    ("members", "better", "consistent"),
    [
        (["first", "first", "second"], "first", False),
        (["second", "tie", "tie"], "second", False),
        (["first", "second"], "tie", False),
        (["tie", "tie"], "tie", True),
        (["second", "second"], "second", True),
        (["first", AnswerError("unreadable")], "first", False),
    ],
)
def test_more_preferences_win(members, better, consistent):
    found = prefer(*members)
    assert (found.better, found.consistent) == (better, consistent)


def test_a_preference_without_any_readable_member_is_an_error():
    with pytest.raises(AnswerError):
        prefer(AnswerError("unreadable"), AnswerError("unreadable"))
    with pytest.raises(BudgetSpent):
        prefer("first", BudgetSpent("nothing left"))


# --- costs, settings, saving


def test_its_cost_is_its_members():
    panel = Panel(Shout, [Fixed(0.1), Fixed(0.2), Pairwise(Shout)])
    assert panel.cost() == Calls(2, 6)
    assert panel.cost_of_many(3) == Calls(6, 18)
    assert panel.cost_of_preference() == Calls(4, 10)


@pytest.mark.parametrize(
    "settings",
    [{"judges": []}, {"judges": [Fixed(0.5)], "aggregate": "sum"}, {"judges": [Fixed(0.5), Rating("question -> answer")]}],
    ids=["no judges", "unknown aggregate", "another task"],
)
def test_a_panel_that_makes_no_sense_is_refused(settings):
    with pytest.raises(SettingError):
        Panel(Shout, **settings)


def test_a_saved_panel_keeps_what_each_member_has_learned(tmp_path):
    panel = Panel(Shout, [SelfJ(Shout), Checklist(Shout)], aggregate="mean")
    panel.judges[0].calibration = calibration_of([0.2, 0.8], [False, True])
    panel.judges[1].lists["tree"] = ["Is it loud enough?"]
    again = load(save(panel, tmp_path / "panel.st"))
    assert again.judges[0].calibration == panel.judges[0].calibration
    assert again.judges[1].lists == {"tree": ["Is it loud enough?"]}
    assert (again.aggregate, again.calibration) == ("mean", None)
