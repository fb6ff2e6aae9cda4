"""The vote core: the contract, and diversify, weigh, filter, aggregate."""

import asyncio

import dspy
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs import SelfConsistency, Vote
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout


class TestSelfConsistency(ProgramContract):
    method = "self-consistency"

    def make(self, task):
        return SelfConsistency(task)


class TestVoteOfPerspectives(ProgramContract):
    def make(self, task):
        return Vote(task, samples=3, perspectives=["Answer as a teacher.", "Answer as a pirate."])


class LikesShort(Judge):
    """Scores an answer by its brevity and passes what has no x."""

    async def verdict(self, inputs, outputs):
        return Verdict(score=1.0 / len(outputs["shouted"]), passed="x" not in outputs["shouted"])


def drawing(answers):
    """A model that answers the i-th draw of a vote with the i-th answer."""

    def script(messages, **settings):
        said = answers[int(str(settings["rollout_id"]).rpartition("draw")[2])]
        return {"shouted": said} if said is not None else "garbage"

    return FakeLM(script)


def vote(lm, **settings):
    with dspy.context(lm=lm):
        return Vote(Shout, **settings)(word="tree")


def test_the_most_frequent_answer_wins_after_normalisation():
    found = vote(drawing(["Tree", "TREE.", "wood", "wood!", "tree "]))
    assert found.votes == {"tree": 3.0, "wood": 2.0}
    assert (found.shouted, found.confidence) == ("Tree", 0.6)


def test_the_first_drawn_wins_a_tie():
    assert vote(drawing(["b", "a", "a", "b"]), samples=4).shouted == "b"


def test_equal_numbers_are_one_answer():
    assert vote(drawing(["18", "18.0", "17"]), samples=3).votes == {"18": 2.0, "17": 1.0}


def test_a_failed_draw_has_no_vote_and_all_failed_is_an_error():
    assert vote(drawing(["a", None, "b", "b"]), samples=4).drawn == 3
    with pytest.raises(CallError):
        vote(drawing([None, None]), samples=2)


def test_a_judge_weighs_the_votes():
    assert vote(drawing(["loooong", "loooong", "s"]), samples=3, weigh=LikesShort(Shout)).shouted == "s"


def test_a_judge_filters_the_votes_unless_it_fails_all():
    assert vote(drawing(["ax", "ax", "b"]), samples=3, accept=LikesShort(Shout)).shouted == "b"
    assert vote(drawing(["ax", "ax", "bx"]), samples=3, accept=LikesShort(Shout)).shouted == "ax"


def test_perspectives_are_given_in_turn():
    lm = FakeLM(lambda messages, **settings: {"shouted": "A"})
    vote(lm, samples=3, perspectives=["As a teacher.", "As a pirate."])
    systems = [str(m[0]["content"]) for m in lm.requests]
    assert sum("As a teacher." in s for s in systems) == 2
    assert sum("As a pirate." in s for s in systems) == 1


def test_perspectives_need_the_default_step():
    with pytest.raises(SettingError, match="perspectives"):
        Vote(Shout, perspectives=["x"], generate=dspy.Predict(Shout))


def test_samples_are_drawn_together():
    flying, most = 0, 0

    async def script(messages, **settings):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return {"shouted": "A"}

    vote(FakeLM(script), samples=8)
    assert most == 8


def test_a_vote_of_one_is_plain_generation():
    lm = FakeLM(lambda messages, **settings: {"shouted": str(settings.get("rollout_id"))})
    assert vote(lm, samples=1).shouted == "None"
