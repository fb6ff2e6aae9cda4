"""Gap, voting, critique and confidence: what must hold of their figures, on samples written by hand."""

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.programs.diagnose.confidence import Calibrated, confidence_of
from selftaught.programs.diagnose.critic import Critic, critique_of_pool, pair_of
from selftaught.programs.diagnose.gap import Gap, gap_of
from selftaught.programs.diagnose.pool import Item, Pool, Sample, ballot_of
from selftaught.programs.diagnose.voting import Voting, voting_of

SAMPLES = hyp.lists(hyp.tuples(hyp.booleans(), hyp.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=2, max_size=6)
ITEMS = hyp.lists(SAMPLES, min_size=2, max_size=12)


def sample(right, judged=None, key=None):
    name = key or ("good" if right else "bad")
    return Sample({"shouted": name}, name, name, float(right), judged, None if judged is None else judged >= 0.5)


def item(index, drawn, own=None):
    return Item(index, dspy.Example(word=str(index)).with_inputs("word"), own or drawn[0], tuple(drawn), len(drawn))


def items_of(rows):
    return [item(i, [sample(*one) for one in row]) for i, row in enumerate(rows)]


def pool_of(items):
    return Pool(None, None, None, None, [], [], 5, items=items)


# --- the gap (055)


@given(ITEMS, hyp.sampled_from([0.0, 0.5, 1.0]))
def test_a_constant_judge_has_no_gap(rows, said):
    found = gap_of(items_of([[(right, said) for right, _ in row] for row in rows]))
    assert found.figures["gap"].value == pytest.approx(0.0)
    assert Gap("word -> shouted").conclude(found).answer != "yes"
    assert found.counts["constant"]


@given(ITEMS)
def test_a_judge_that_knows_reaches_the_ceiling(rows):
    found = gap_of(items_of([[(right, float(right)) for right, _ in row] for row in rows]))
    passed = sum(any(right for right, _ in row) for row in rows) / len(rows)
    assert found.figures["filtered"].value == found.figures["ceiling"].value == pytest.approx(passed)


@given(ITEMS)
def test_the_gap_sees_only_the_order_of_scores(rows):
    scaled = [[(right, score**3 / 2 + 0.1) for right, score in row] for row in rows]
    one, other = gap_of(items_of(rows)), gap_of(items_of(scaled))
    assert one.figures == other.figures
    assert one.gain == other.gain


@given(hyp.lists(hyp.tuples(hyp.booleans(), hyp.floats(0, 1)), min_size=2, max_size=9))
def test_a_single_sample_leaves_nothing_to_choose(rows):
    assert gap_of(items_of([[one] for one in rows])).figures["gap"].value == 0.0


def test_gap_and_relative_gap_by_hand():
    found = gap_of(items_of([[(1, 0.9), (0, 0.1)], [(1, 0.2), (0, 0.8)], [(1, 0.5), (1, 0.4)], [(0, 1.0), (1, 1.0)]]))
    assert found.figures["base"].value == pytest.approx((0.5 + 0.5 + 1 + 0.5) / 4)
    assert found.figures["filtered"].value == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert found.figures["relative_gap"].value == pytest.approx((1 - 1 + 0) / 3)
    assert found.figures["relative_gap"].n == 3


def test_an_input_without_verdicts_keeps_its_mean_and_is_counted():
    found = gap_of(items_of([[(1, None), (0, None)], [(1, 0.9), (0, None)]]))
    assert found.figures["filtered"].value == pytest.approx((0.5 + 1.0) / 2)
    assert found.counts["without_verdict"] == 1


@given(ITEMS)
def test_no_verdict_where_the_interval_holds_0(rows):
    found = Gap("word -> shouted").conclude(gap_of(items_of(rows)))
    low, high = found.gain.interval
    assert found.answer != "yes" or low > 0
    if low <= 0 <= high and high >= 0.05:
        assert found.answer == "undetermined"
        assert found.decision.startswith(("Undetermined", "Choosing by the judge cannot pay"))


def test_a_clear_gap_is_told_with_its_numbers_and_a_wrong_judge_is_too():
    good = Gap("word -> shouted").conclude(gap_of(items_of([[(1, 0.9), (0, 0.1)]] * 20)))
    assert good.answer == "yes"
    assert "+50 points" in good.decision
    bad = Gap("word -> shouted").conclude(gap_of(items_of([[(1, 0.1), (0, 0.9)]] * 20)))
    assert bad.answer == "no"
    assert "worse than a random sample, -50 points" in bad.decision


def test_few_inputs_are_no_evidence_however_clear():
    assert Gap("word -> shouted").conclude(gap_of(items_of([[(1, 0.9), (0, 0.1)]] * 3))).answer == "undetermined"


# --- voting


def test_a_vote_by_hand_ties_are_averaged():
    found = ballot_of([sample(1), sample(0), sample(0), sample(1), sample(0, key="worse")])
    assert (found.share, found.right) == (0.4, 0.5)
    assert ballot_of([sample(1), sample(1), sample(0)]).right == 1.0
    assert ballot_of([]) is None


def test_voting_against_single_and_own_by_hand():
    rows = [item(i, [sample(1), sample(1), sample(0)], own=sample(0)) for i in range(12)]
    found = Voting("word -> shouted").conclude(voting_of(pool_of(rows)))
    assert [found.figures[name].value for name in ("vote", "single", "own")] == pytest.approx([1.0, 2 / 3, 0.0])
    assert found.gain.value == 1.0
    assert found.answer == "yes"
    assert "Voting helps: voting over 3 samples is +100 points" in found.decision


def test_voting_is_not_applicable_where_no_two_samples_agree():
    rows = [item(i, [sample(1, key=f"a{n}") for n in range(4)]) for i in range(5)]
    found = Voting("word -> shouted").conclude(voting_of(pool_of(rows)))
    assert found.answer == "not measured"
    assert "no two samples of any input agree" in found.decision


# --- critique (192)


@given(ITEMS)
def test_every_pair_holds_one_right_and_one_wrong_answer(rows):
    for one in items_of(rows):
        pair = pair_of(one, 0.5)
        kinds = {sample.right for sample in one.drawn}
        assert (pair is None) == (len(kinds) < 2)
        if pair:
            assert (pair[0].right, pair[1].right) == (1.0, 0.0)


def test_the_wrong_answer_is_the_most_frequent_and_then_the_longest():
    drawn = [sample(1), sample(0, key="x"), sample(0, key="yy"), sample(0, key="x"), sample(0, key="zzz")]
    assert pair_of(item(0, drawn), 0.5)[1].key == "x"
    assert pair_of(item(0, [drawn[0], drawn[1], drawn[4]]), 0.5)[1].key == "zzz"


@given(ITEMS, hyp.sampled_from([0.0, 1.0]))
def test_a_judge_that_always_says_the_same_is_a_coin(rows, said):
    found = critique_of_pool(pool_of(items_of([[(right, said) for right, _ in row] for row in rows])))
    accuracy = found.figures["accuracy"]
    assert accuracy.value in (None, 0.5)
    assert Critic("word -> shouted").conclude(found).answer != "yes"


def test_unreadable_verdicts_are_counted_and_not_taken_for_correct():
    rows = [[(1, 1.0), (0, 0.0)]] * 12 + [[(1, 1.0), (0, None)]] * 3 + [[(1, 1.0), (1, 1.0)]] * 4
    found = Critic("word -> shouted").conclude(critique_of_pool(pool_of(items_of(rows))))
    assert found.figures["accuracy"].value == 1.0
    assert found.figures["accuracy"].n == 12
    assert (found.counts["pairs"], found.counts["left_out"], found.counts["unreadable"]) == (15, 4, 3)
    assert "3 verdicts could not be read" in found.decision
    assert found.answer == "yes"


def test_a_few_good_pairs_are_no_evidence():
    rows = [[(1, 1.0), (0, 0.0)]] * 3 + [[(1, 1.0), (0, 1.0)]]
    found = Critic("word -> shouted").conclude(critique_of_pool(pool_of(items_of(rows))))
    assert found.figures["accuracy"].value == 0.875
    assert found.answer == "undetermined"


def test_accuracy_is_told_by_the_certainty_of_the_vote():
    sure = [(1, 1.0)] * 4 + [(0, 0.0)]
    unsure = [sample(1, 0.0, "a"), sample(0, 1.0, "b"), sample(0, 1.0, "c"), sample(0, 1.0, "d")]
    found = critique_of_pool(pool_of([*items_of([sure] * 3), *(item(9 + i, unsure) for i in range(3))]))
    assert found.figures["accuracy_sure"].value == 1.0
    assert found.figures["accuracy_unsure"].value == 0.0
    assert found.figures["accuracy_middling"].value is None
    assert found.figures["accuracy"].value == 0.5


# --- confidence


def test_vote_share_leaves_the_own_answer_out_and_ranks():
    rows = [item(i, [sample(1)] * 4, own=sample(1)) for i in range(15)]
    rows += [item(20 + i, [sample(1)] * 4, own=sample(0)) for i in range(15)]
    found = Calibrated("word -> shouted").conclude(confidence_of(pool_of(rows)))
    assert found.figures["vote_auroc"].value == 1.0
    assert found.figures["vote_calibration_error"].value == 0.0
    assert found.figures["judge_auroc"].value is None
    assert found.answer == "yes"
    assert "the share of samples that agree" in found.decision


def test_certainty_that_never_varies_is_undetermined_or_refused():
    rows = [item(i, [sample(1, 0.7), sample(1, 0.7)], own=sample(i % 2, 0.7, "same")) for i in range(30)]
    assert Calibrated("word -> shouted").conclude(confidence_of(pool_of(rows))).answer != "yes"
