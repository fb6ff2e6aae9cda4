"""Look-ahead search: the contract, and a step that is worth what its best successor is worth."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import NEXT, PREFIX, next_step_of
from selftaught.programs.search.look_ahead import LookAheadSearch
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout
from tests.programs.search.test_core import World


class TestLookAheadSearch(ProgramContract):
    method = "stl-lookahead"

    def make(self, task):
        return LookAheadSearch(task)


class Knows(Judge):
    """Values of chains and of answers by their letters."""

    def __init__(self, task, values):
        super().__init__(task)
        self.values, self.asked = values, []

    async def verdict(self, inputs, outputs):
        letters = "".join(step[-1] for step in [*inputs.get(PREFIX, []), outputs.get(NEXT, "")] if step) or outputs["shouted"]
        self.asked.append(letters)
        return Verdict(score=self.values.get(letters, 0.0))


def look(world, values, ends, **settings):
    judges = {"value": Knows(next_step_of(Shout), values), "final": Knows(Shout, ends)}
    with dspy.context(lm=FakeLM(world)):
        found = LookAheadSearch(Shout, branch=2, **{"least": 1, **judges, **settings})(word="tree")
    return found, judges


def test_the_step_with_the_best_successor_is_taken_not_the_one_that_looks_best():
    world = World({"": "ab", "a": "cd", "b": "ef"}, last=("ac", "ad", "be", "bf"))
    found, judges = look(world, {"a": 0.9, "b": 0.2}, {"ac": 0.3, "ad": 0.1, "be": 0.6})
    assert (found.path, found.shouted, found.value) == (["step b", "step e"], "be", 0.6)
    assert sorted(judges["value"].asked) == ["a", "b"], "finished chains are judged by their answers"
    assert sorted(judges["final"].asked) == ["ac", "ad", "be", "bf"]


def test_an_answer_now_beats_a_discounted_one_later():
    world = World({"": "ab", "a": "cd"}, last=("b", "ac", "ad"))
    values, ends = {"a": 0.5}, {"b": 0.55, "ac": 0.6, "ad": 0.1}
    assert look(world, values, ends, discount=0.9)[0].shouted == "b"
    assert look(world, values, ends, discount=1.0)[0].shouted == "ac"


def test_it_grows_no_more_than_a_node_and_its_siblings_for_each_step():
    world = World({"": "ab", "a": "cd", "b": "ef", "ac": "gh", "ad": "ij", "be": "kl", "bf": "mn"})
    found, _ = look(world, {"a": 0.5}, {}, steps=3, growths=99)
    assert found.growths <= 1 + 2 * 2


def test_a_discount_below_nothing_is_refused():
    with pytest.raises(SettingError, match="discount"):
        LookAheadSearch(Shout, discount=-0.5)
