"""Informative examples: the selector on intervals of whole numbers, where every rival is known; and the search built on it."""

import random
from itertools import combinations_with_replacement

import dspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.informative import InformativeExampleSelector, listener, speaker
from selftaught.optimizers.strategies.informative import InformativeDemonstrations
from selftaught.programs import Predict
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, learner, words

NUMBERS = range(8)
INTERVALS = [(low, high) for low, high in combinations_with_replacement(NUMBERS, 2)]


def inside(interval, number):
    return interval[0] <= number <= interval[1]


def table(target, numbers=NUMBERS):
    """Return the rivals of an interval, and whether each says the same of a number as the interval does."""
    rivals = [interval for interval in INTERVALS if interval != target]
    return rivals, [[inside(rival, number) == inside(target, number) for number in numbers] for rival in rivals]


intervals = hyp.sampled_from(INTERVALS)


@given(intervals)
def test_rivals_only_ever_become_fewer_and_are_gone_once_every_number_is_shown(target):
    rivals, agrees = table(target)
    chosen = InformativeExampleSelector(len(NUMBERS)).select(agrees)
    left = [len(rivals), *(len(one.rivals) for one in chosen)]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
    assert sorted(one.example for one in chosen) == list(NUMBERS)


@given(intervals, hyp.integers(1, 8))
def test_those_left_are_exactly_the_rivals_that_agree_with_all_that_is_shown(target, shots):
    rivals, agrees = table(target)
    chosen = InformativeExampleSelector(shots).select(agrees)
    shown = [one.example for one in chosen]
    agreeing = [number for number, rival in enumerate(rivals) if all(inside(rival, x) == inside(target, x) for x in shown)]
    assert list(chosen[-1].rivals) == agreeing


@given(intervals, hyp.randoms(use_true_random=False))
def test_the_order_of_examples_and_rivals_changes_the_choice_only_among_equals(target, chooser):
    _, agrees = table(target)
    columns, rows = chooser.sample(list(NUMBERS), len(NUMBERS)), chooser.sample(agrees, len(agrees))
    (one,) = InformativeExampleSelector(1).select(agrees)
    (other,) = InformativeExampleSelector(1).select([[row[column] for column in columns] for row in rows])
    assert other.probability == pytest.approx(one.probability)
    assert len(other.rivals) == len(one.rivals)


@given(intervals)
def test_it_needs_no_more_examples_than_chance_does(target):
    def needed(numbers):
        alive = table(target)[0]
        for count, number in enumerate(numbers, 1):
            alive = [rival for rival in alive if inside(rival, number) == inside(target, number)]
            if not alive:
                return count
        raise AssertionError

    chosen = [one.example for one in InformativeExampleSelector(len(NUMBERS)).select(table(target)[1])]
    by_chance = [needed(random.Random(seed).sample(list(NUMBERS), len(NUMBERS))) for seed in range(30)]
    assert needed(chosen) <= sum(by_chance) / len(by_chance)


def test_an_example_that_excludes_all_rivals_is_preferred_to_one_that_excludes_none():
    (one,) = InformativeExampleSelector(1).select([[True, True, False], [True, False, False]])
    assert (one.example, one.rivals) == (2, ())


def test_the_numbers_are_those_of_the_paper():
    beliefs = listener(np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    assert beliefs.sum(axis=0) == pytest.approx([1.0, 1.0, 1.0])
    assert beliefs[-1] == pytest.approx([1 / 3, 1 / 2, 1.0])
    said = speaker(beliefs)
    assert said.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])
    assert said[-1] == pytest.approx([2 / 11, 3 / 11, 6 / 11])
    (one,) = InformativeExampleSelector(1).select([[True, True, False], [True, False, False]])
    assert one.probability == pytest.approx(6 / 11)


def test_what_is_unknown_refutes_nobody():
    (one,) = InformativeExampleSelector(1).select([[None, False], [None, True]])
    assert (one.example, one.rivals) == (1, (1,))


def test_without_rivals_any_example_does_or_all_rivals_start_over():
    agrees = [[False, True, True, False], [False, True, False, True]]
    assert [one.example for one in InformativeExampleSelector(4).select(agrees)] == [0, 1, 2, 3]
    again = InformativeExampleSelector(4, start_over=True).select(agrees)
    assert [one.example for one in again] == [0, 2, 3, 1]
    assert [one.example for one in InformativeExampleSelector(2).select([], examples=3)] == [0, 1]
    assert InformativeExampleSelector(2).select([]) == []


def test_a_crooked_table_and_no_shots_are_refused():
    with pytest.raises(SettingError, match="every row"):
        InformativeExampleSelector(1).select([[True], [True, False]])
    with pytest.raises(SettingError, match="shots"):
        InformativeExampleSelector(0)


class TestInformativeDemonstrations(OptimizerContract):
    method = "pragmatic-examples"

    def make(self):
        return InformativeDemonstrations(shots=8, rivals=2, tried=8, sets=1)


AMBIGUOUS = [dspy.Example(word=f"w{i}", shouted=f"W{i}").with_inputs("word") for i in range(10)]
TELLING = [dspy.Example(word=f"Mixed{i}", shouted=f"MIXED{i}").with_inputs("word") for i in range(2)]


def two_readings(messages, **settings):
    """A model whose rivals fail on words of mixed case only, and which needs to have seen one to get them right."""
    if answer_fields(messages) == ["instruction"]:
        return {"instruction": "Raise the first letter."}
    word = messages[-1]["content"]
    seen = any(m["content"].startswith("Mixed") for m in messages[1:-1])
    return {"shouted": word.upper() if seen or not word.startswith("Mixed") else word}


def tune(tmp_path, script, data, **knobs):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return InformativeDemonstrations(**knobs).compile(
            Predict(Speak), trainset=data[:12], valset=data[12:], metric=exact, budget=Budget(calls=1500), run_dir=tmp_path / "run", progress=False
        ), lm  # fmt: skip


def test_the_examples_that_rivals_get_wrong_are_shown(tmp_path):
    unseen = [dspy.Example(word=f"Mixed{i}", shouted=f"MIXED{i}").with_inputs("word") for i in range(10, 50)]
    tuned, _ = tune(tmp_path, two_readings, [*AMBIGUOUS, *TELLING, *unseen], shots=1, sets=0)
    assert tuned.tuning.confirmed
    assert tuned.demos[0].word.startswith("Mixed")
    assert tuned.tuning.reasons == ["1 examples chosen against 2 rival instructions; the first 1 rule out all of them"]


def test_demonstrations_are_true_of_the_task(tmp_path):
    tuned, _ = tune(tmp_path, learner, words(50))
    gold = {example.word: example.shouted for example in words(12)}
    sets = [next(iter(one.candidate.tunings.values())).demos for one in tuned.tuning.standings if one.candidate.tunings]
    assert sets
    assert all(gold[demo["word"]] == demo["shouted"] for demos in sets for demo in demos)


@pytest.mark.parametrize("said", ["garbage", {"instruction": ""}])
def test_without_induced_rivals_the_programs_own_instruction_is_the_rival(tmp_path, said):
    def stuck(messages, **settings):
        return said if answer_fields(messages) == ["instruction"] else learner(messages, **settings)

    tuned, _ = tune(tmp_path, stuck, words(50), shots=3)
    assert "against 1 rival instructions" in tuned.tuning.reasons[0]
    assert {one.candidate.origin for one in tuned.tuning.standings} >= {
        "informative examples, the most telling last",
        "random set 1",
    }


@pytest.mark.parametrize("knobs", [{"shots": 0}, {"rivals": 0}, {"tried": 0}, {"sets": -1}, {"block": 0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        InformativeDemonstrations(**knobs)
