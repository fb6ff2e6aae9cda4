"""Meta-judging (054): which judgement is the most accurate, and which answers make a pair."""

import asyncio

import dspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.errors import DataError, InputError, SettingError
from selftaught.programs.judge import Rating
from selftaught.programs.judge.meta import MetaJudge, MetaJudged, battle_matrix, judgement_text, order_weights
from selftaught.programs.judge.ranking import bradley_terry
from selftaught.programs.judge.selection import best_judgements, length_controlled
from selftaught.signatures import Criterion, Verdict
from selftaught.testing import FakeLM, JudgeContract, answer_fields
from selftaught.testing.samples import Shout

ANSWER = {"word": "tree", "shouted": "TREE"}


class TestMetaJudged(JudgeContract):
    method = "meta-rewarding"

    def make(self, task):
        return MetaJudged(task)


class TestMetaJudgedOfARatingWithDigits(JudgeContract):
    def make(self, task):
        return MetaJudged(task, Rating(task, levels=9), samples=2, rubric="Every letter is a capital.", odds=False)


def comparer(prefers, odds=False):
    """A meta-judge that says what `prefers(first, second)` says: "first", "second", or garbage. Judgements are single lines."""

    def script(messages, **settings):
        text = messages[-1]["content"]
        first, second = (
            next(line.removeprefix(f"{name}: ") for line in text.splitlines() if line.startswith(f"{name}: "))
            for name in ("first_judgement", "second_judgement")
        )
        assert first != second, "a judgement was compared with itself"
        said = prefers(first, second)
        if said not in ("first", "second"):
            return said
        chance = {"first": {"first": 0.8, "second": 0.2}, "second": {"first": 0.2, "second": 0.8}}[said]
        return ({"better": said}, {"better": chance}) if odds else {"better": said}

    return FakeLM(script)


def ranked(lm, judgements, **settings):
    with dspy.context(lm=lm):
        return MetaJudge(Shout, **settings)(**ANSWER, judgements=judgements)


def longer(first, second):
    return "first" if len(first) > len(second) else "second"


@pytest.mark.parametrize("odds", [False, True])
def test_the_judgement_that_wins_in_both_orders_is_the_best(odds):
    lm = comparer(longer, odds)
    found = ranked(lm, ["bb", "dddd", "a", "ccc"])
    assert found.ranking.order == (1, 3, 0, 2)
    assert (found.best, found.worst) == (1, 2)
    assert lm.calls == found.ranking.compared == 12


def test_with_odds_the_likelier_place_wins_whatever_the_words():
    def script(messages, **settings):
        first = "first_judgement: good" in messages[-1]["content"]
        return {"better": "first"}, {"better": {"first": 0.9, "second": 0.1} if first else {"first": 0.4, "second": 0.6}}

    assert ranked(FakeLM(script), ["bad", "good"]).best == 1
    assert ranked(FakeLM(script), ["bad", "good"], odds=False).best is None  # the words always name the first


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_meta_judge_that_always_names_one_place_says_nothing(place):
    found = ranked(comparer(lambda first, second: place), ["a", "bb", "ccc"])
    assert found.best is None and found.worst is None
    assert set(found.ranking.strengths) == {0.0}


def test_a_planted_bias_for_the_first_place_does_not_hide_the_best():
    def biased(first, second):  # names the first unless the other is much better
        return "second" if len(second) > len(first) + 1 else "first"

    assert ranked(comparer(biased), ["a", "bb", "cccc", "bb "]).best == 2


def test_equal_judgements_are_not_compared_and_tie():
    lm = comparer(longer)
    found = ranked(lm, ["same", "same"])
    assert (lm.calls, found.best) == (0, None)


def test_unreadable_comparisons_are_counted_and_say_nothing():
    lm = comparer(lambda first, second: "%% garbage" if "b" in first else longer(first, second))
    found = ranked(lm, ["a", "bb"])
    assert (found.ranking.failed, found.ranking.decided, found.ranking.compared) == (1, 1, 2)
    assert found.best is None  # a win in one order only has no counterpart in the other


def test_no_judgements_are_refused():
    with pytest.raises(InputError, match="nothing to rank"):
        ranked(comparer(longer), [])


@st.composite
def said_of(draw, most=5):
    size = draw(st.integers(2, most))
    said = np.array(
        draw(st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=size, max_size=size), min_size=size, max_size=size))
    )
    np.fill_diagonal(said, 0)
    return said


def strengths(said):
    return np.array(bradley_terry(battle_matrix(said, order_weights([said]))))


@given(said_of(), st.randoms())
def test_strengths_do_not_depend_on_the_numbering(said, random):
    order = list(range(len(said)))
    random.shuffle(order)
    assert np.allclose(strengths(said)[order], strengths(said[np.ix_(order, order)]), atol=1e-5)


@given(said_of())
def test_strengths_do_not_depend_on_which_place_is_called_the_first(said):
    assert np.allclose(strengths(said), strengths(-said.T), atol=1e-5)


@given(said_of())
def test_the_weights_make_both_places_win_alike(said):
    first, second = order_weights([said])
    assert first + second == pytest.approx(1.0)
    assert first * np.sum(said == 1) == pytest.approx(second * np.sum(said == -1)) or not np.any(said)
    assert np.all(np.diag(battle_matrix(said, (first, second))) == 0)


def test_the_battle_matrix_by_hand():
    said = np.array([[0, 1, 1], [1, 0, -1], [-1, 1, 0]])  # four wins in the first place, two in the second
    first, second = order_weights([said])
    assert (first, second) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert np.allclose(battle_matrix(said, (first, second)), np.array([[0, 1 / 3, 1], [1 / 3, 0, 0], [0, 1, 0]]))


def test_the_weights_of_many_answers_count_all_their_comparisons():
    one, other = np.array([[0, 1], [1, 0]]), np.array([[0, -1], [1, 0]])
    assert order_weights([one, other]) == (0.25, 0.75)


# -------------------------------------------------------------------------------------------- as a judge


def rater(scores, prefers):
    """Gives these scores, one a draw, with a reason each; compares judgements by `prefers`."""
    left = list(scores)

    def script(messages, **settings):
        if answer_fields(messages) == ["better"]:
            shown = messages[-1]["content"].split("second_judgement:")
            return {"better": prefers(*(int(part.split("Score: ")[1].split(" ")[0]) for part in shown))}
        score = left.pop()
        return "garbage" if score is None else {"reasons": f"It deserves {score}.", "score": score}

    return FakeLM(script, retries=0)


def judged(lm, samples=3):
    with dspy.context(lm=lm):
        judge = MetaJudged(Shout, samples=samples)
        judge.judge.rate.retries = 0
        return judge(**ANSWER).verdict


@pytest.mark.parametrize("scores", [[10, 4, 1], [4, 1, 10], [1, 10, 4]])
def test_the_verdict_is_that_of_the_best_judgement(scores):
    verdict = judged(rater(scores, lambda one, other: "first" if abs(one - 33) < abs(other - 33) else "second"))
    assert verdict.score == pytest.approx(1 / 3)  # 4 on a scale from 1 to 10
    assert verdict.reasons == "It deserves 4."


def test_where_no_judgement_stands_out_the_median_score_counts():
    assert judged(rater([10, 1, 4], lambda one, other: "first")).score == pytest.approx(1 / 3)


def test_an_unreadable_judgement_is_left_out():
    assert judged(rater([None, 4, None], lambda one, other: "first")).score == pytest.approx(1 / 3)


def test_a_judge_without_scores_is_undetermined():
    class Silent(Rating):
        async def verdict(self, inputs, outputs):
            return Verdict(score=None)

    with dspy.context(lm=comparer(longer)):
        assert MetaJudged(Shout, Silent(Shout))(**ANSWER).verdict.score is None


def test_the_meta_judge_does_not_see_the_reference():
    lm = rater([10, 1, 4], lambda one, other: "first")
    with dspy.context(lm=lm):
        MetaJudged(Shout, Rating(Shout, reference=True, expect=False))(**ANSWER, reference="SECRET")
    seen = [("SECRET" in str(m), answer_fields(m) == ["better"]) for m in lm.requests]
    assert set(seen) == {(True, False), (False, True)}


def test_a_judgement_reads_as_text():
    verdict = Verdict(
        score=0.5, reasons="Half right.", criteria=(Criterion(name="It is loud", passed=True), Criterion(name="It is whole"))
    )
    assert judgement_text(verdict) == "Half right.\nIt is loud: yes\nIt is whole: undetermined\nScore: 50 of 100"


# -------------------------------------------------------------------------------------------- pairs


def pair_of(judgements, **settings):
    with dspy.context(lm=comparer(longer)):
        inputs, outputs = {"word": "tree"}, {"shouted": "TREE"}
        return asyncio.run(best_judgements(MetaJudge(Shout), inputs, outputs, judgements, **settings))


def test_the_best_and_the_worst_judgement_make_a_pair():
    assert pair_of(["bb", "ccc", "a"]) == (1, 2)


def test_a_winner_that_is_too_long_or_no_winner_makes_none():
    assert pair_of(["bb", "ccc", "a"], longest=2) is None
    assert pair_of(["same", "same"]) is None


scored = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 30)), min_size=1, max_size=8)


def controlled(rows, rho=0.0):
    return length_controlled([score for score, _ in rows], [length for _, length in rows], rho)


@given(scored)
def test_without_length_control_the_best_and_the_worst_score_are_chosen(rows):
    scores, found = [score for score, _ in rows], controlled(rows)
    if len(set(scores)) == 1:
        assert found is None
    else:
        assert (scores[found[0]], scores[found[1]]) == (max(scores), min(scores))


@given(scored, st.lists(st.floats(0, 0.499), min_size=2, max_size=6))
def test_more_length_control_never_chooses_a_longer_or_rejects_a_shorter_answer(rows, rhos):
    pairs = [controlled(rows, rho) for rho in sorted(rhos)]
    if pairs[0] is None:
        assert set(pairs) == {None}
        return
    chosen, rejected = ([rows[pair[side]][1] for pair in pairs] for side in (0, 1))
    assert chosen == sorted(chosen, reverse=True)
    assert rejected == sorted(rejected)
    assert all(rows[good][0] > rows[bad][0] for good, bad in pairs)


def test_length_control_by_hand():
    scores, lengths = [1.0, 0.9, 0.1, 0.0, None], [50, 10, 80, 20, 1]
    assert length_controlled(scores, lengths) == (0, 3)
    assert length_controlled(scores, lengths, 0.1) == (1, 2)


def test_nonsense_is_refused():
    with pytest.raises(SettingError, match="rho"):
        length_controlled([1, 2], [1, 2], 0.5)
    with pytest.raises(DataError, match="2 scores and 1 lengths"):
        length_controlled([1, 2], [1])
