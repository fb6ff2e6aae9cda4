"""Stepwise self-correction: the contract, and check, remark, better step, and what of it stays."""

import re

import dspy
import pytest

from selftaught import scope
from selftaught.errors import SettingError
from selftaught.ledger import Ledger
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import NEXT, next_step_of
from selftaught.programs.locate.stepwise import StepwiseCorrection
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout
from tests.programs.locate.chains import path_in


class TestStepwiseCorrection(ProgramContract):
    method = "s3c-math"

    def make(self, task):
        return StepwiseCorrection(task)


class Grades(Judge):
    """Fails steps by letter; `grades[letter]` is the score."""

    def __init__(self, grades):
        super().__init__(next_step_of(Shout))
        self.grades, self.asked = grades, []

    async def verdict(self, inputs, outputs):
        letter = outputs[NEXT][-1]
        self.asked.append(letter)
        score = self.grades.get(letter, 1.0)
        return Verdict(score=score, passed=None if score is None else score > 0.5)


def run(letters, better, grades, **settings):
    """Write the letters in turn; `better[letter]` mends one. Returns the prediction."""

    def script(messages, **asked):
        fields, path = answer_fields(messages), path_in(str(messages[-1]["content"]))
        if fields == ["shouted"]:
            return {"shouted": path}
        letter = letters[len(path)]
        if "problem" in fields:
            letter = better[re.search(r"wrong_step: step (\w)", str(messages[-1]["content"])).group(1)]
        more = {"problem": "It is wrong."} if "problem" in fields else {"to_find": "it"}
        return {**more, NEXT: f"step {letter}", "more_to_find": len(path) + 1 < len(letters)}

    with dspy.context(lm=FakeLM(script)):
        return StepwiseCorrection(Shout, check=grades, **settings)(word="tree")


def test_a_right_chain_is_left_alone():
    found = run("abc", {}, Grades({}))
    assert (found.shouted, found.mended) == ("abc", 0)
    assert {segment["kind"] for segment in found.segments} == {"step"}


def test_a_wrong_step_is_mended_and_neither_it_nor_the_remark_is_among_the_steps():
    found = run("axc", {"x": "b"}, Grades({"x": 0.0}))
    assert (found.shouted, found.mended) == ("abc", 1)
    assert [segment["kind"] for segment in found.segments] == ["step", "wrong", "remark", "step", "step"]


def test_only_wrong_steps_are_not_to_be_trained_on_and_the_rest_without_remarks_is_the_solution():
    found = run("xyc", {"x": "a", "y": "b"}, Grades({"x": 0.0, "y": 0.0}))
    assert all(segment["train"] == (segment["kind"] != "wrong") for segment in found.segments)
    assert [segment["text"] for segment in found.segments if segment["kind"] == "step"] == found.path


def test_a_better_step_that_is_the_same_or_checks_worse_is_not_taken():
    assert run("axc", {"x": "x"}, Grades({"x": 0.0})).shouted == "axc"
    assert run("axc", {"x": "a"}, Grades({"x": 0.0})).shouted == "axc", "nor one that is there already"
    assert run("axc", {"x": "w"}, Grades({"x": 0.4, "w": 0.1})).shouted == "axc"
    assert run("axc", {"x": "w"}, Grades({"x": 0.1, "w": 0.4})).shouted == "awc"


def test_an_undetermined_check_leaves_the_step():
    assert run("axc", {"x": "b"}, Grades({"x": None})).mended == 0


def test_it_ends_where_it_repeats_itself_or_has_all_its_steps():
    assert run("aab", {}, Grades({})).path == ["step a"]
    assert run("abcdef", {}, Grades({}), steps=3).shouted == "abc"


def test_a_critic_that_is_never_content_costs_what_it_says():
    ledger, program = Ledger(), StepwiseCorrection(Shout, steps=3)

    def script(messages, **asked):
        fields, path = answer_fields(messages), path_in(str(messages[-1]["content"]))
        known = {"correct": False, "problem": "No.", "to_find": "it", "more_to_find": True, "shouted": path}
        known[NEXT] = f"step {'abc?'[len(path)]}" if "problem" not in fields else f"step {'xyz?'[len(path)]}"
        return {name: known[name] for name in fields}

    with dspy.context(lm=FakeLM(script)), scope.scoped(ledgers=(ledger,)):
        found = program(word="tree")
    assert (found.shouted, found.mended) == ("xyz", 3)
    assert ledger.usage.calls == program.cost().at_most


@pytest.mark.parametrize("check", ["votes", "pairs", "chekc"])
def test_a_check_that_judges_no_single_step_is_refused(check):
    with pytest.raises(SettingError):
        StepwiseCorrection(Shout, check=check)
