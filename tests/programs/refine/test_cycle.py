"""CyclePrompt (109): what cannot be read back from an answer becomes a hint for the next one."""

import dspy
import pytest

from selftaught.errors import TaskError
from selftaught.programs.refine import CycleRefine, Reconstruction
from selftaught.testing import ProgramContract
from selftaught.testing.samples import Shout

from .scripts import prompts, says


class TestCycleRefine(ProgramContract):
    method = "cycleprompt"

    def make(self, task):
        return CycleRefine(task)


class TestCycleRefineByBest(ProgramContract):
    def make(self, task):
        return CycleRefine(task, rounds=3, select="best")


def cycled(consistent, hints=("first hint", "second hint", "third hint"), **settings):
    answers = [f"answer{number}" for number in range(9)]
    lm = says(shouted=answers, described="a plant", consistent=list(consistent), hint=list(hints))
    with dspy.context(lm=lm):
        return CycleRefine(Shout, **settings)(word="tree"), lm


def test_a_first_answer_that_is_consistent_takes_three_calls_and_no_hint():
    found, lm = cycled([True])
    assert (found.shouted, found.consistent, found.hints, lm.calls) == ("answer0", True, [], 3)


def test_the_way_back_sees_the_answer_alone():
    _, lm = cycled([False, False])
    backs = prompts(lm, "described")
    assert [back.splitlines()[-1] for back in backs] == ["answer0", "answer1"]
    assert not any("tree" in back or "hint" in back or "capital letters" in back for back in backs)


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_there_are_never_more_new_answers_and_the_last_is_returned_unjudged(rounds):
    found, lm = cycled([False] * 9, rounds=rounds)
    assert (found.shouted, lm.calls, found.consistent) == (f"answer{rounds}", 1 + 3 * rounds, None)
    assert CycleRefine(Shout, rounds=rounds).cost().at_most == lm.calls


def test_hints_accumulate_the_newest_last_and_the_old_answer_is_not_shown():
    found, lm = cycled([False, False])
    last = prompts(lm, "shouted")[2]
    assert last.index("first hint") < last.index("second hint")
    assert "answer1" not in last and "answer0" not in last
    assert "second hint" not in prompts(lm, "shouted")[1]
    assert found.hints == ["first hint", "second hint"]
    assert found.reconstructions == ["a plant", "a plant"]


def test_by_best_the_last_answer_is_judged_too():
    found, _ = cycled([False, True], rounds=1, select="best")
    assert (found.shouted, found.consistent) == ("answer1", True)
    found, _ = cycled([False, False], rounds=1, select="best")
    assert (found.shouted, found.consistent) == ("answer0", False)


def test_an_empty_hint_leaves_nothing_to_do():
    found, lm = cycled([False], hints=["  "])
    assert (found.shouted, lm.calls) == ("answer0", 3)


def test_a_description_that_only_repeats_the_answer_tells_nothing():
    lm = says(shouted="TREE!", described="tree! ", consistent=False, hint="Be louder.")
    with dspy.context(lm=lm):
        found = CycleRefine(Shout)(word="bush")
    assert (found.shouted, found.stopped_by, found.consistent, lm.calls) == ("TREE!", "undetermined", None, 2)


def test_a_critic_of_ones_own_compares():
    critic = Reconstruction(Shout)
    lm = says(shouted=["a", "b"], described="a plant", consistent=False, hint="Be louder.")
    with dspy.context(lm=lm):
        assert CycleRefine(Shout, rounds=1, critic=critic)(word="tree").hints == ["Be louder."]


def test_a_task_with_a_field_named_hints_is_refused():
    with pytest.raises(TaskError, match="hints"):
        CycleRefine("word, hints -> shouted")
