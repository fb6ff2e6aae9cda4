"""Self-Explore: the contract, and the pit: the first step after which no completion reaches the answer."""

import dspy
import pytest

from selftaught.programs.judge.base import Judge
from selftaught.programs.locate.explore import FirstPit
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout
from tests.programs.locate.chains import Writer, number_in


class TestFirstPit(ProgramContract):
    method = "self-explore"

    def make(self, task):
        return FirstPit(task)


class Explorer(Writer):
    """Writes `abcd` at first; completes right, until the chain has `pit` steps or more."""

    def __init__(self, pit, right=("xyz",)):
        super().__init__({})
        self.pit, self.right = pit, right

    def __call__(self, messages, **settings):
        if "rollout_id" not in settings or "draw" not in str(settings["rollout_id"]):
            self.rest, self.answers = {"": "abcd"}, {}
        else:
            text = str(messages[-1]["content"])
            depth = text.count("step ")
            number = number_in(settings, "draw")
            saved = self.pit is None or depth < self.pit
            rest = self.right[number % len(self.right)] if saved else "w" * (number + 1)
            path = "abcd"[:depth]
            self.rest = {path: rest}
            self.answers = {path + rest: "goal"} if saved else {}
        return super().__call__(messages, **settings)


class IsGoal(Judge):
    async def verdict(self, inputs, outputs):
        return Verdict(score=None, passed=outputs["shouted"] == "goal")


def explore(explorer, **settings):
    with dspy.context(lm=FakeLM(explorer)):
        return FirstPit(Shout, **settings)(word="tree")


def letters(found):
    return "".join(step[-1] for step in found.path)


@pytest.mark.parametrize("tries", [2, 4])
@pytest.mark.parametrize("pit", [1, 2, 3, 4])
def test_the_pit_is_where_completions_begin_to_fail(pit, tries):
    found = explore(Explorer(pit), tries=tries)
    assert (found.mistake, found.wrong) == (pit - 1, f"step {'abcd'[pit - 1]}")
    assert found.shouted == "goal", "the way around it ends in the answer to reach"
    assert letters(found) == "abcd"[: pit - 1] + "xyz", "and begins with the steps before the pit"


def test_one_try_works_where_a_judge_knows_the_answer():
    found = explore(Explorer(2), tries=1, accept=IsGoal(Shout))
    assert (found.mistake, found.shouted) == (1, "goal")


def test_a_chain_that_can_always_be_saved_has_no_pit_and_stays():
    found = explore(Explorer(None), tries=3)
    assert (found.mistake, found.changed, letters(found)) == (None, False, "abcd")


def test_a_chain_that_reaches_the_answer_is_returned_at_once():
    writer = Writer({"": "ab"})
    found = explore(writer, tries=3)
    assert (found.mistake, letters(found)) == (None, "ab")
    assert writer.completed == [""] * 4


def test_the_way_around_is_the_shortest_that_does_not_take_the_step_into_the_pit():
    assert letters(explore(Explorer(2, right=("xyzw", "bx", "xy")), tries=3)) == "axy"


def test_without_a_way_around_the_chain_stays_and_the_pit_is_told():
    found = explore(Explorer(2, right=("bx", "xb")), tries=2)
    assert (found.mistake, found.changed, letters(found)) == (1, False, "abcd")


def test_nothing_that_a_judge_accepts_leaves_the_chain():
    found = explore(Explorer(0), tries=2, accept=IsGoal(Shout))
    assert (found.mistake, found.changed) == (0, False)


def test_exploring_stops_at_the_pit():
    explorer = Explorer(2)
    explore(explorer, tries=2)
    assert explorer.completed == ["", "", "", "a", "a", "ab", "ab"]
