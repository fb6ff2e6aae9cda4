"""Ranking: Bradley and Terry's strengths, the knockout, and what is said when nothing can be told."""

import asyncio
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught.errors import AnswerError, BudgetSpent, DataError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.judge import rank
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.ranking import REGULARISATION, bradley_terry
from selftaught.signatures import Comparison
from selftaught.testing.samples import Shout


class Scripted(Judge):
    """Prefers by a function of two answers; counts the comparisons."""

    def __init__(self, better):
        super().__init__(Shout)
        self.better, self.asked = better, []

    async def prefer(self, inputs, first, second):
        self.asked.append((first["shouted"], second["shouted"]))
        return Comparison(better=self.better(first["shouted"], second["shouted"]))

    def cost(self):
        return Calls(0, 0)


def higher(first, second):
    return "tie" if first == second else "first" if first > second else "second"


def ranked(answers, better=higher, how="all"):
    judge = Scripted(better)
    return asyncio.run(rank(judge, {"word": "tree"}, [{"shouted": answer} for answer in answers], how)), judge


@pytest.mark.parametrize("how", ["all", "knockout"])
@given(strengths=hyp.lists(hyp.integers(0, 50), min_size=2, max_size=8, unique=True))
def test_a_consistent_judge_has_its_best_first(how, strengths):
    found, judge = ranked(strengths, how=how)
    best = max(strengths)
    assert strengths[found.order[0]] == best
    assert found.determined
    assert sorted(found.order) == list(range(len(strengths)))
    assert found.compared == found.decided == len(judge.asked)
    assert sum(found.strengths) == pytest.approx(0.0, abs=1e-6)
    if how == "all":
        assert [strengths[i] for i in found.order] == sorted(strengths, reverse=True)


def test_all_asks_every_pair_once_and_a_knockout_one_less_than_there_are():
    pairs = {frozenset(pair) for pair in combinations("abcde", 2)}
    asked = ranked("abcde")[1].asked
    assert (len(asked), {frozenset(pair) for pair in asked}) == (10, pairs)
    assert ranked("cabed", how="knockout")[1].asked == [("c", "a"), ("c", "b"), ("c", "e"), ("e", "d")]


@pytest.mark.parametrize("how", ["all", "knockout"])
def test_one_answer_is_the_only_one_and_proves_nothing(how):
    found, judge = ranked("a", how=how)
    assert (found.order, found.strengths, found.compared, found.determined) == ((0,), (0.0,), 0, False)
    assert judge.asked == []


@pytest.mark.parametrize("how", ["all", "knockout"])
def test_ties_everywhere_leave_the_ranking_open_in_the_given_order(how):
    found, _ = ranked("abcd", lambda first, second: "tie", how)
    assert (found.order, found.decided, found.determined) == ((0, 1, 2, 3), 0, False)
    assert found.strengths == pytest.approx((0.0,) * 4, abs=1e-9)


@pytest.mark.parametrize("how", ["all", "knockout"])
def test_failures_everywhere_leave_the_ranking_open_and_are_counted(how):
    def failing(first, second):
        raise AnswerError("unreadable")

    found, _ = ranked("abc", failing, how)
    assert (found.decided, found.failed, found.determined) == (0, found.compared, False)


def test_a_circle_leaves_the_ranking_open():
    beats = {("a", "b"), ("b", "c"), ("c", "a")}
    found, _ = ranked("abc", lambda first, second: "first" if (first, second) in beats else "second")
    assert found.decided == 3
    assert not found.determined


@pytest.mark.parametrize("how", ["all", "knockout"])
def test_two_that_beat_the_rest_and_tie_leave_the_best_open(how):
    def better(first, second):
        return "tie" if {first, second} == {"a", "b"} else higher(second, first)

    found, _ = ranked("cbda", better, how)
    assert {found.order[0], found.order[1]} == {1, 3}
    assert found.order[0] == 1  # the earlier one
    assert not found.determined
    assert found.strengths[1] == pytest.approx(found.strengths[3])


def test_what_is_no_failed_call_flies():
    def spent(first, second):
        raise BudgetSpent("nothing left")

    with pytest.raises(BudgetSpent):
        ranked("ab", spent)


def test_no_answers_and_unknown_ways_are_refused():
    with pytest.raises(DataError):
        ranked("")
    with pytest.raises(SettingError, match="knockout"):
        ranked("ab", how="swiss")


# --- strengths

counts = hyp.integers(0, 20)


@given(wins=counts, losses=counts)
def test_two_answers_have_the_closed_form(wins, losses):
    """Log-odds of the wins, each side given twice the regularisation as imagined wins; without it log(wins / losses)."""
    first, second = bradley_terry(np.array([[0, wins], [losses, 0]]))
    wanted = math.log((wins + 2 * REGULARISATION) / (losses + 2 * REGULARISATION))
    assert first - second == pytest.approx(wanted, abs=1e-5)
    assert first + second == pytest.approx(0.0, abs=1e-9)


matrices = hyp.integers(2, 6).flatmap(
    lambda size: hyp.lists(hyp.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=size * size, max_size=size * size)
)


def matrix(values):
    size = math.isqrt(len(values))
    found = np.array(values).reshape(size, size)
    np.fill_diagonal(found, 0.0)
    return found


@settings(max_examples=60)
@given(values=matrices, random=hyp.randoms(use_true_random=False))
def test_other_names_for_the_answers_do_not_change_their_strengths(values, random):
    wins = matrix(values)
    order = list(range(len(wins)))
    random.shuffle(order)
    renamed = bradley_terry(wins[np.ix_(order, order)])
    assert renamed == pytest.approx([bradley_terry(wins)[i] for i in order], abs=1e-5)


@settings(max_examples=60)
@given(values=matrices)
def test_turning_every_comparison_round_turns_two_answers_round(values):
    wins = matrix(values)[:2, :2]
    assert bradley_terry(wins.T) == pytest.approx(tuple(-x for x in bradley_terry(wins)), abs=1e-5)


@pytest.mark.parametrize("size", [2, 5, 20, 40])
def test_an_answer_that_never_loses_has_a_finite_strength(size):
    found = bradley_terry(np.triu(np.ones((size, size)), 1))
    assert all(math.isfinite(value) for value in found)
    assert list(found) == sorted(found, reverse=True)


def test_strengths_come_near_those_that_made_the_comparisons():
    """Bradley and Terry's model itself: expected wins of many games between answers of known strength."""
    true = np.array([1.2, 0.4, 0.0, -0.6, -1.0])
    wins = 400 / (1 + np.exp(true[None, :] - true[:, None]))
    np.fill_diagonal(wins, 0.0)
    assert bradley_terry(wins) == pytest.approx(tuple(true - true.mean()), abs=0.01)
