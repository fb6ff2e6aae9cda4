"""ReVISE as a vote: trajectories weigh what their verifier gives."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs.judge.base import Judge
from selftaught.programs.vote import ReviseVote, Vote
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestReviseVote(ProgramContract):
    method = "revise-vote"

    def make(self, task):
        return ReviseVote(task)


class Chances(Judge):
    """The chance that an answer is right, by a table; None is unreadable."""

    def __init__(self, task, table):
        super().__init__(task)
        self.table = table

    async def verdict(self, inputs, outputs):
        score = self.table[outputs["shouted"]]
        return Verdict(score=score, passed=None if score is None else score >= 0.5)


def vote(firsts, table, seconds=None, **settings):
    """Trajectories with these first answers, and these where the first was judged wrong; returns the prediction and the calls."""

    def script(messages, **asked):
        again = "draft" in str(messages[-1]["content"])
        answers = (seconds or firsts) if again else firsts
        assert answer_fields(messages) == ["shouted"]
        return {"shouted": answers[int(str(asked.get("rollout_id") or "draw0").rpartition("draw")[2])]}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return ReviseVote(Shout, samples=len(firsts), judge=Chances(Shout, table), **settings)(word="tree"), lm.calls


def test_confidences_are_summed_not_votes():
    found, _ = vote(["a", "a", "b"], {"a": 0.4, "b": 0.95}, certainty=0.0)
    assert found.shouted == "b"
    assert found.votes == pytest.approx({"a": 0.8, "b": 0.95})


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0, None])
def test_equal_confidences_are_a_majority_vote(chance):
    answers = ["b", "a", "c", "a", "b", "b"]

    def script(messages, **asked):
        return {"shouted": answers[int(str(asked["rollout_id"]).rpartition("draw")[2])]}

    with dspy.context(lm=FakeLM(script)):
        plain = Vote(Shout, samples=6)(word="tree")
    found, _ = vote(answers, dict.fromkeys("abc", chance), certainty=0.0)
    assert found.shouted == plain.shouted


def test_an_answer_judged_right_is_not_refined():
    found, calls = vote(["a", "a"], {"a": 0.9})
    assert (found.refined, calls) == (0, 2)


def test_an_answer_judged_wrong_is_given_again_and_the_better_one_votes():
    found, calls = vote(["bad", "bad"], {"bad": 0.1, "good": 0.8, "worse": 0.0}, seconds=["good", "worse"])
    assert (found.refined, calls) == (2, 4)
    assert found.votes == pytest.approx({"good": 0.8, "bad": 0.1})


def test_the_cost_leaves_the_second_answer_optional():
    cost = ReviseVote(Shout, samples=3).cost()
    assert (cost.at_least, cost.at_most) == (6, 12)


def test_a_trajectory_has_at_least_one_revision_since_nothing_is_verified_without():
    with pytest.raises(SettingError, match="rounds"):
        ReviseVote(Shout, rounds=0)


def test_a_task_with_an_output_named_confidence_is_refused():
    with pytest.raises(TaskError, match="confidence"):
        ReviseVote("question -> answer, confidence: float")
