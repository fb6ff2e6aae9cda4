"""LADDER at inference: the contract, the tree, and who may become a demonstration."""

import contextlib
import json

import dspy
import pytest

from selftaught.errors import CallError, SettingError, TaskError
from selftaught.programs import Predict
from selftaught.programs.decompose import Ladder
from selftaught.programs.judge import FunctionJudge, Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestLadder(ProgramContract):
    method = "ladder"

    def make(self, task):
        return Ladder(task)


class TestLadderOfTwoLevels(ProgramContract):
    def make(self, task):
        return Ladder(task, width=2, depth=2)


class Square(dspy.Signature):
    """Square the number."""

    number: int = dspy.InputField()
    square: int = dspy.OutputField()


def squaring(variants, wrong=()):
    """A model that knows these variants of a number, and squares all but some numbers."""

    def script(messages, **settings):
        number = int(messages[-1]["content"])
        if answer_fields(messages) == ["variants"]:
            found = variants.get(number, "garbage")
            return found if isinstance(found, str) else {"variants": [{"number": one} for one in found]}
        return {"square": -1 if number in wrong else number * number}

    return FakeLM(script, retries=0)


RIGHT = FunctionJudge(Square, lambda example, prediction: float(prediction.square == example.number**2))


def climb(lm, number=30, **knobs):
    with dspy.context(lm=lm):
        return Ladder(Square, reasoning=False, **knobs)(number=number)


def shown(messages):
    return [int(m["content"]) for m in messages[1:-1] if m["role"] == "user"]


def test_every_variant_has_one_parent_a_level_above_and_none_repeats():
    lm = squaring({30: [20, 10], 20: [15, 30], 10: [5, 15]})
    tree = climb(lm, width=2, depth=2).tree
    levels = {0: 0, **{one["id"]: one["level"] for one in tree}}
    assert all(one["level"] == levels[one["parent"]] + 1 <= 2 for one in tree)
    assert [one["inputs"]["number"] for one in tree] == [20, 10, 15, 5]


def test_solved_variants_are_demonstrations_the_easiest_first_and_level_by_level():
    lm = squaring({30: [20, 10], 20: [15, 14], 10: [5, 4]})
    climb(lm, width=2, depth=2, checker=RIGHT)
    solves = {int(m[-1]["content"]): shown(m) for m in lm.requests if answer_fields(m) == ["square"]}
    assert solves[15] == solves[4] == []
    assert solves[20] == solves[10] == [15, 14, 5, 4]
    assert solves[30] == [15, 14, 5, 4, 20, 10]


def test_only_what_the_checker_passes_is_shown_whatever_the_model_says_of_it():
    lm = squaring({30: [20, 10, 5]}, wrong={10})
    found = climb(lm, checker=RIGHT)
    assert shown(lm.requests[-1]) == [20, 5]
    assert [one["solved"] for one in found.tree] == [True, False, True]
    assert [json.loads(m["content"]) for m in lm.requests[-1] if m["role"] == "assistant"] == [{"square": 400}, {"square": 25}]


def test_what_cannot_be_checked_is_left_out():
    class Undecided(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=None, passed=None) if inputs["number"] == 10 else Verdict(score=1.0, passed=True)

    lm = squaring({30: [20, 10, 5]})
    found = climb(lm, checker=Undecided(Square))
    assert shown(lm.requests[-1]) == [20, 5]
    assert found.tree[1]["solved"] is None


def test_without_a_checker_all_are_shown():
    lm = squaring({30: [20, 10, 5]}, wrong={10})
    climb(lm)
    assert shown(lm.requests[-1]) == [20, 10, 5]


def test_a_branch_without_variants_or_solution_is_left_out():
    def script(messages, **settings):
        number = int(messages[-1]["content"])
        if answer_fields(messages) == ["variants"]:
            return (
                {"variants": [{"number": 20}, {"number": 10}]}
                if number == 30
                else {"variants": [{"number": 3}, {"number": 2}]}
                if number == 20
                else "garbage"
            )
        return "garbage" if number == 3 else {"square": number * number}

    lm = FakeLM(script, retries=0)
    assert climb(lm, width=2, depth=2).square == 900
    assert shown(lm.requests[-1]) == [2, 20, 10]


def test_the_program_is_the_same_afterwards():
    lm, program = squaring({30: [20, 10, 5], 31: [21, 11, 6]}), Ladder(Square, reasoning=False)
    with dspy.context(lm=lm):
        program(number=30), program(number=31)
    assert program.generate.demos == []
    assert shown(lm.requests[-1]) == [21, 11, 6]


def test_without_width_it_is_the_plain_task():
    lm, plain = squaring({}), squaring({})
    climb(lm, width=0)
    with dspy.context(lm=plain):
        Predict(Square)(number=30)
    assert lm.requests == plain.requests


@pytest.mark.parametrize(("width", "depth", "cost"), [(3, 1, (2, 5)), (2, 2, (2, 10)), (2, 3, (2, 22)), (0, 1, (1, 1))])
def test_the_cost_has_exact_bounds(width, depth, cost):
    found = Ladder(Square, width=width, depth=depth).cost()
    assert (found.at_least, found.at_most) == cost


def test_a_full_tree_costs_what_is_foretold():
    lm = squaring({30: [20, 10], 20: [15, 14], 10: [5, 4]})
    climb(lm, width=2, depth=2)
    assert lm.calls == 10


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="depth"):
        Ladder(Shout, depth=0)
    with pytest.raises(TaskError, match="variants"):
        Ladder("variants -> answer")


def test_easier_variants_are_shown_where_the_task_is_one_text():
    def shown_to(task, inputs):
        said = {"variants": [{"word": "a"}, {"word": "b"}, {"word": "c"}]} if task is Shout else "garbage"
        lm = FakeLM(
            lambda messages, **settings: said if answer_fields(messages) == ["variants"] else {"reasoning": "so", "shouted": "X"},
            retries=0,
        )
        with dspy.context(lm=lm), contextlib.suppress(CallError):
            Ladder(task)(**inputs)
        return [json.loads(m["content"]) for m in lm.requests[0] if m["role"] == "assistant"]

    assert len(shown_to(Shout, {"word": "tree"})[0]["variants"]) == 3
    assert shown_to(Square, {"number": 3}) == []


def test_demonstrations_are_worked_ones_and_the_checker_sees_the_answer_alone():
    class Sees(Judge):
        async def verdict(self, inputs, outputs):
            assert set(outputs) == {"shouted"}
            return Verdict(score=1.0, passed=True)

    said = {"variants": [{"word": "a"}], "reasoning": "It is loud.", "shouted": "A"}
    lm = FakeLM(lambda messages, **settings: {name: said[name] for name in answer_fields(messages)})
    with dspy.context(lm=lm):
        Ladder(Shout, width=1, checker=Sees(Shout))(word="tree")
    assert [json.loads(m["content"]) for m in lm.requests[-1] if m["role"] == "assistant"] == [
        {"reasoning": "It is loud.", "shouted": "A"}
    ]
