"""Reflection on one step: the contract, and one blamed step, its ban, what stays and what is forgotten."""

import re

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.locate.reflection import StepReflection
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout
from tests.programs.locate.chains import Writer, path_in


class TestStepReflection(ProgramContract):
    method = "step-reflection"

    def make(self, task):
        return StepReflection(task)


class Goal(Judge):
    """Passes one answer; scores others by how many letters are right."""

    goal = "abc"

    async def verdict(self, inputs, outputs):
        said = outputs["shouted"]
        score = sum(one == other for one, other in zip(said, self.goal, strict=False)) / len(self.goal)
        return Verdict(score=score, passed=said == self.goal, reasons=f"It got to {said}.")


def reflecting(blame, instead):
    """A reflector that blames `blame(steps)` (from 0) and would have `instead(steps)`."""

    def says(messages, **settings):
        steps = path_in(str(messages[-1]["content"]), "steps") or "".join(
            re.findall(r"\d\. step (\w)", str(messages[-1]["content"]))
        )
        return {"first_wrong": blame(steps) + 1, "better_step": f"step {instead(steps)}"}

    return says


def oracle(goal):
    def first(steps):
        return next((i for i, letter in enumerate(steps) if letter != goal[i]), 0)

    return reflecting(first, lambda steps: goal[first(steps)])


def run(writer, judge=None, **settings):
    lm = FakeLM(writer)
    with dspy.context(lm=lm):
        found = StepReflection(Shout, judge=judge or Goal(Shout), **settings)(word="tree")
    found.letters, found.calls = "".join(step[-1] for step in found.path), lm.calls
    return found


def test_an_answer_that_passes_is_returned_at_once():
    found = run(Writer({"": "abc"}))
    assert (found.letters, found.calls, found.passes) == ("abc", 1, 0)


def test_one_try_is_a_plain_chain_that_nobody_judges():
    found = run(Writer({"": "xyz"}), tries=1)
    assert (found.letters, found.calls) == ("xyz", 1)


def test_with_an_oracle_it_needs_at_most_a_try_for_each_step():
    writer = Writer({"": "xyz", "a": "yz", "ab": "z", "abc": ""}, other=oracle("abc"))
    found = run(writer, tries=4)
    assert (found.letters, found.passes) == ("abc", 3)
    assert writer.completed == ["", "a", "ab", "abc"], "what came before the blamed step is kept verbatim"


def test_a_step_that_failed_is_not_taken_again_there_and_the_banned_ones_are_shown():
    stubborn = reflecting(lambda steps: 1, lambda steps: "x")
    writer = Writer({"": "axc", "ax": "", "ab": "c", "ay": "c"}, {"a": "xyyyyb"}, other=stubborn)
    found = run(writer, tries=3, candidates=3)
    assert writer.completed == ["", "ay", "ab"]
    assert writer.shown[0] == "x"
    assert writer.shown[-1] == "xy"
    assert found.letters == "abc"


def test_where_all_options_are_banned_the_blame_moves_to_the_step_before():
    writer = Writer({"": "xyz", "a": "bc"}, {"x": "y", "": "a"}, other=reflecting(lambda steps: 1, lambda steps: "y"))
    found = run(writer, tries=2)
    assert (found.letters, found.mistake) == ("abc", 1)


def test_a_finite_tree_without_a_right_answer_ends():
    writer = Writer({"": "x"}, {"": "x"}, other=reflecting(lambda steps: 0, lambda steps: "x"))
    assert run(writer, tries=9).letters == "x"


def test_a_try_that_is_judged_worse_is_not_kept():
    writer = Writer({"": "abx", "z": "zz"}, other=reflecting(lambda steps: 0, lambda steps: "z"))
    assert run(writer, tries=2).letters == "abx"


def test_a_blame_outside_the_chain_ends_it():
    writer = Writer({"": "xy"}, other=reflecting(lambda steps: 8, lambda steps: "a"))
    found = run(writer, tries=3)
    assert (found.letters, found.calls) == ("xy", 2)


def test_an_undetermined_verdict_is_no_failure():
    class Silent(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=None)

    assert run(Writer({"": "xy"}), judge=Silent(Shout)).calls == 1


def test_no_try_at_all_is_refused():
    with pytest.raises(SettingError, match="tries"):
        StepReflection(Shout, tries=0)
