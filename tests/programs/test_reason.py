"""Reasoning first: the contract, and where the reasoning stands."""

import dspy
import pytest

from selftaught.adapter import answer_schema
from selftaught.artifact import load, save
from selftaught.errors import TaskError
from selftaught.programs import SelfConsistency, Step
from selftaught.programs.reason import Reasoned, reasoned, reasons_first
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout


class TestReasoned(ProgramContract):
    method = "reasoned"

    def make(self, task):
        return Reasoned(task)


def test_the_reasoning_is_written_before_the_answer_and_given_back():
    lm = FakeLM(lambda messages, **settings: {"reasoning": "capitals are large letters", "shouted": "TREE"})
    with dspy.context(lm=lm):
        found = Reasoned(Shout)(word="tree")
    assert (found.reasoning, found.shouted) == ("capitals are large letters", "TREE")
    shape = lm.requests[0][0]["content"]
    assert shape.index('"reasoning"') < shape.index('"shouted"')


@pytest.mark.parametrize(("task", "first"), [("q -> a", False), ("q -> reasoning, a", True), ("q -> a, reasoning", False)])
def test_a_task_gets_its_reasoning_in_front_once(task, first):
    assert reasons_first(dspy.Signature(task)) == first
    assert list(reasoned(task).output_fields) == ["reasoning", "a"]


def test_the_instruction_stays():
    assert reasoned(Shout).instructions == Shout.instructions


def test_an_input_of_that_name_is_refused():
    with pytest.raises(TaskError, match="reasoning"):
        Reasoned("reasoning -> answer")


def test_the_bound_of_the_reasoning_is_asked_for_and_saved_but_not_checked(tmp_path):
    for longest in (800, 80, None):
        program = Reasoned(Shout, longest=longest)
        held = save(SelfConsistency(Shout, samples=2, generate=Step(reasoned(Shout, longest))), tmp_path / f"{longest}.st")
        for one in (program.generate, load(held).generate):
            form = answer_schema(one.signature)["properties"]["reasoning"]
            assert form.get("maxLength") == longest
        with dspy.context(lm=FakeLM(lambda messages, **settings: {"reasoning": "x" * 2000, "shouted": "TREE"})):
            assert program(word="tree").shouted == "TREE"
