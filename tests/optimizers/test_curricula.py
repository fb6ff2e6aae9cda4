"""Curricula: the category bandit (090) and easy to hard (111)."""

import random
from collections import Counter
from types import SimpleNamespace

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.metrics import Row
from selftaught.optimizers import BootstrapDemonstrations
from selftaught.optimizers.base import _described
from selftaught.optimizers.curricula import (
    CategoryBandit,
    EasyToHard,
    categories_of,
    chances,
    cut,
    drawn,
    inversion_rate,
    learning_gains,
)
from selftaught.optimizers.strategies.opro import OPRO
from selftaught.programs import Predict
from selftaught.testing import FakeLM, OptimizerContract
from selftaught.testing.samples import Speak, exact, learner, words


def kind(inputs):
    return int(inputs["word"].removeprefix("word")) % 3


class TestCategoryBandit(OptimizerContract):
    method = "sec-curriculum"

    def make(self):
        return BootstrapDemonstrations(sampling=CategoryBandit(kind))


class TestEasyToHard(OptimizerContract):
    method = "adcl-egsr"

    def make(self):
        return BootstrapDemonstrations(sampling=EasyToHard())


class Board(SimpleNamespace):
    """A scoreboard as policies see it."""

    __hash__ = object.__hash__

    def __init__(self, size, topics=1):
        super().__init__(rows={}, size=size, topics=topics)
        self.tell("baseline", [0.0] * size)

    def tell(self, key, scores):
        known = self.rows.setdefault(key, {})
        for index, score in enumerate(scores):
            known[index] = Row(index, {"topic": f"t{index % self.topics}"}, score=score)


def orders(policy, board, count=400):
    return [policy.order(range(board.size), random.Random(seed), board) for seed in range(count)]


# 090: the bandit


def test_equal_values_are_uniform_over_categories_not_over_rows():
    categories = {row: "rare" if row < 2 else "common" for row in range(20)}
    first = Counter(categories[drawn(categories, {}, 1.0, random.Random(seed))[0]] for seed in range(2000))
    assert abs(first["rare"] - 1000) < 100


@given(hyp.dictionaries(hyp.text("abc", min_size=1), hyp.floats(0, 1), min_size=1), hyp.floats(0.01, 100))
def test_chances_add_up_to_one_and_follow_the_values(values, tau):
    found = chances(values, tau)
    assert sum(found.values()) == pytest.approx(1.0)
    assert all(found[a] >= found[b] - 1e-12 for a in values for b in values if values[a] >= values[b])


def test_an_infinite_temperature_is_uniform_and_a_low_one_takes_the_best():
    assert chances({"a": 0.9, "b": 0.0}, 1e9) == pytest.approx({"a": 0.5, "b": 0.5})
    assert chances({"a": 0.9, "b": 0.0}, 0.01)["a"] > 0.999


@given(hyp.integers(0, 30), hyp.integers(1, 5), hyp.integers(0, 9))
def test_every_order_holds_every_row_once(size, topics, seed):
    board = Board(size, topics)
    for policy in (CategoryBandit("topic"), EasyToHard()):
        assert sorted(policy.order(range(size), random.Random(seed), board)) == list(range(size))


def test_a_category_that_all_solve_or_all_fail_has_no_gain_and_decays():
    board, policy = Board(12, topics=3), CategoryBandit("topic", alpha=0.5)
    policy.order(range(12), random.Random(0), board)
    for key, differs in (("a", 1.0), ("b", 0.0)):
        board.tell(key, [differs if row % 3 == 0 else 1.0 if row % 3 == 1 else 0.0 for row in range(12)])
    policy.order(range(12), random.Random(0), board)
    assert policy.values(board) == {"t0": 0.25, "t1": 0.0, "t2": 0.0}
    for key in ("c", "d"):
        board.tell(key, [1.0] * 12)
    policy.order(range(12), random.Random(0), board)
    assert policy.values(board) == {"t0": 0.125, "t1": 0.0, "t2": 0.0}


def test_a_category_that_was_not_met_keeps_its_value():
    board, policy = Board(4, topics=2), CategoryBandit("topic", alpha=0.5)
    policy.order(range(4), random.Random(0), board)
    board.tell("a", [1.0, 1.0, 1.0, 1.0])
    board.tell("b", [0.0, 0.0, 0.0, 0.0])
    policy.order(range(4), random.Random(0), board)
    board.rows["c"] = {0: Row(0, {"topic": "t0"}, score=1.0)}
    board.rows["d"] = {0: Row(0, {"topic": "t0"}, score=1.0)}
    policy.order(range(4), random.Random(0), board)
    assert policy.values(board) == {"t0": 0.125, "t1": 0.25}


def test_what_a_race_shows_counts_from_the_next_race_on_and_once():
    board, policy = Board(9, topics=3), CategoryBandit("topic")
    before = orders(policy, board)
    board.tell("a", [float(row % 3 == 0) for row in range(9)])
    board.tell("b", [0.0] * 9)
    assert policy.values(board) == {}
    after = orders(policy, board)
    assert policy.values(board)["t0"] == 0.25  # 400 orders later: learned from once
    starts = [sum(order[0] % 3 == 0 for order in found) for found in (before, after)]
    assert starts[1] > starts[0] + 50


def test_a_failed_row_is_missing_data():
    scores = {"a": {0: 1.0, 1: None}, "b": {0: 0.0, 1: 1.0}}
    assert learning_gains(scores, {0: "x", 1: "y"}) == {"x": 0.5}


def test_another_run_starts_from_nothing():
    policy, board, other = CategoryBandit("topic"), Board(6, 2), Board(6, 2)
    policy.order(range(6), random.Random(0), board)
    board.tell("a", [1.0] * 6)
    board.tell("b", [0.0] * 6)
    policy.order(range(6), random.Random(0), board)
    policy.order(range(6), random.Random(0), other)
    assert policy.values(board) != policy.values(other) == {}


def test_categories_come_from_a_field_a_function_or_the_length():
    inputs = {row: {"word": "x" * (row + 1)} for row in range(6)}
    assert categories_of(range(2), inputs, "word") == {0: "x", 1: "xx"}
    assert categories_of(range(2), inputs, lambda one: len(one["word"])) == {0: "1", 1: "2"}
    assert list(categories_of(range(6), inputs, None).values()) == ["short"] * 2 + ["middling"] * 2 + ["long"] * 2
    with pytest.raises(SettingError, match="topc"):
        categories_of(range(2), inputs, "topc")


def test_reaches_the_rows_where_candidates_differ_sooner_than_a_uniform_order():
    """Candidates differ on one topic of ten only; after one race its rows come early."""
    board, policy = Board(60, topics=10), CategoryBandit("topic", tau=0.05)
    policy.order(range(60), random.Random(0), board)
    board.tell("a", [float(row % 10 == 7) for row in range(60)])
    board.tell("b", [0.0] * 60)
    places = [sum(order.index(row) for row in range(7, 60, 10)) / 6 for order in orders(policy, board, 100)]
    assert sum(places) / 100 < 12  # a uniform order has them at 29.5


@pytest.mark.parametrize("knobs", [{"alpha": 0.0}, {"alpha": 1.5}, {"tau": 0.0}])
def test_bad_knobs_of_the_bandit_are_refused(knobs):
    with pytest.raises(SettingError, match="alpha"):
        CategoryBandit(**knobs)


# 111: easy to hard


def test_each_row_stays_in_its_batch_and_only_the_next_one_is_sorted_again():
    board, policy = Board(12), EasyToHard(batches=3)
    board.tell("baseline", [row / 11 for row in reversed(range(12))])  # row 0 is the easiest
    first = policy.order(range(12), random.Random(0), board)
    assert first == list(range(12))
    board.tell("a", [row / 11 for row in range(12)])
    board.tell("b", [row / 11 for row in range(12)])  # now row 11 is the easiest
    second = policy.order(range(12), random.Random(0), board)
    assert second == [7, 6, 5, 4, *range(8, 12), *range(4)]
    assert policy.inversions(board) == [1.0]
    third = policy.order(range(12), random.Random(0), board)
    assert third == [11, 10, 9, 8, *range(4), 7, 6, 5, 4]
    assert policy.order(range(12), random.Random(0), board) == third
    assert policy.inversions(board) == [1.0, 1.0]


def test_one_batch_is_a_static_sort():
    board, policy = Board(8), EasyToHard(batches=1)
    board.tell("baseline", [row / 7 for row in range(8)])
    first = policy.order(range(8), random.Random(0), board)
    board.tell("a", [1.0 - row / 7 for row in range(8)])
    board.tell("b", [1.0 - row / 7 for row in range(8)])
    assert first == policy.order(range(8), random.Random(1), board) == list(range(7, -1, -1))
    assert policy.inversions(board) == []


@given(hyp.lists(hyp.integers(), unique=True, max_size=30), hyp.integers(1, 8))
def test_batches_hold_every_row_once_in_order(rows, batches):
    found = cut(rows, batches)
    assert [row for batch in found for row in batch] == rows
    assert all(found)
    assert max(map(len, found), default=0) - min(map(len, found), default=0) <= 1


@given(hyp.lists(hyp.floats(0, 1), max_size=8))
def test_the_inversion_rate_is_a_share_nothing_for_a_sorted_batch_and_everything_for_a_reversed_one(values):
    difficulty = dict(enumerate(values))
    rows = sorted(difficulty, key=difficulty.__getitem__)
    assert 0.0 <= inversion_rate(list(difficulty), difficulty) <= 1.0
    assert inversion_rate(rows, difficulty) == 0.0
    if len(set(values)) == len(values) > 1:
        assert inversion_rate(rows[::-1], difficulty) == 1.0


def test_difficulty_shifts_in_a_real_search(tmp_path):
    """The skill of later candidates grows, so the batch that is sorted again has rows that change places."""
    policy, data = EasyToHard(batches=2), words(64)
    with dspy.context(lm=FakeLM(learner)):
        settings = {"trainset": data[:8], "valset": data[8:], "metric": exact, "budget": Budget(calls=900), "run_dir": tmp_path}
        with OPRO(rounds=3, sampling=policy).study(Predict(Speak), **settings) as study:
            while trials := study.ask():
                study.tell(study.evaluate(trials))
            rates = policy.inversions(study.engine.board)
    assert rates
    assert rates[0] > 0


def test_a_policy_is_written_down_alike_in_every_process():
    assert _described(CategoryBandit(kind)) == ["CategoryBandit", "CategoryBandit(category='kind', alpha=0.5, tau=0.2)"]
    assert _described(EasyToHard()) == ["EasyToHard", "EasyToHard(batches=3)"]


def test_no_batches_are_refused():
    with pytest.raises(SettingError, match="batches"):
        EasyToHard(batches=0)
