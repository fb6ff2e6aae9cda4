"""The vote with a self-check: the contract, and a critic that is asked only where the vote is unsure."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.self_check import SelfCheckVote
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout


class TestSelfCheckVote(ProgramContract):
    method = "self-check-critique"

    def make(self, task):
        return SelfCheckVote(task)


class Says(Judge):
    """Passes what a function says, and counts how often it is asked."""

    def __init__(self, task, passes):
        super().__init__(task)
        self.passes, self.asked = passes, 0

    async def verdict(self, inputs, outputs):
        self.asked += 1
        passed = self.passes(outputs["shouted"])
        return Verdict(score=None if passed is None else float(passed), passed=passed)


def voting(answers, passes, kind=SelfCheckVote, **settings):
    """Vote over these answers; returns the prediction and how often the critic was asked."""

    def script(messages, **asked):
        rollout = str(asked.get("rollout_id") or "draw0")
        return {"shouted": answers[int(rollout.rpartition("draw")[2])]}

    critic = Says(Shout, passes)
    more = {"critic": critic, **settings} if kind is SelfCheckVote else settings
    with dspy.context(lm=FakeLM(script)):
        return kind(Shout, samples=len(answers), **more)(word="tree"), critic.asked


SPLIT = ["b", "a", "c", "a", "b", "b"]


def test_a_unanimous_vote_asks_no_critic():
    found, asked = voting(["a"] * 4, lambda text: False)
    assert (found.shouted, asked, found.checked, found.kept) == ("a", 0, False, 4)


@pytest.mark.parametrize("said", [True, False, None])
def test_a_critic_that_always_says_the_same_leaves_the_plain_majority(said):
    plain, _ = voting(SPLIT, None, kind=Vote)
    found, asked = voting(SPLIT, lambda text: said)
    assert found.shouted == plain.shouted
    assert found.votes == plain.votes
    assert (asked, found.checked, found.kept) == (6, True, 6)
    assert found.unreadable == (6 if said is None else 0)


def test_what_the_critic_calls_wrong_is_not_counted():
    found, _ = voting(SPLIT, lambda text: text != "b")
    assert (found.shouted, found.kept, found.votes) == ("a", 3, {"a": 2.0, "c": 1.0})


@pytest.mark.parametrize("said", [True, False, None])
def test_a_single_sample_is_the_answer_whatever_the_critic_says(said):
    found, asked = voting(["a"], lambda text: said)
    assert (found.shouted, asked) == ("a", 0)


def test_the_certainty_decides_whether_the_critic_is_asked():
    answers = ["a", "a", "a", "b"]
    assert voting(answers, lambda text: text == "b", certainty=0.75)[0].shouted == "a"
    assert voting(answers, lambda text: text == "b", certainty=0.76)[0].shouted == "b"


def test_the_cost_leaves_the_critic_optional():
    assert (SelfCheckVote(Shout, samples=5).cost().at_least, SelfCheckVote(Shout, samples=5).cost().at_most) == (5, 15)
    assert SelfCheckVote(Shout, samples=1).cost().at_most == 1
    assert SelfCheckVote(Shout, certainty=0.0).cost().at_most == 5


@pytest.mark.parametrize("certainty", [-0.1, 1.1])
def test_a_certainty_is_a_share(certainty):
    with pytest.raises(SettingError, match="certainty"):
        SelfCheckVote(Shout, certainty=certainty)
