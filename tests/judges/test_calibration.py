"""Calibration: a monotone map from scores to chances, in [0, 1], that finds a known curve and survives saving."""

import json
import math
import random

import dspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.artifact import load, save
from selftaught.errors import DataError, SettingError
from selftaught.programs.judge import Calibration, SelfJ, calibration_of
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout

KINDS = ("isotonic", "platt")
answers = hyp.lists(hyp.tuples(hyp.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), hyp.booleans()), min_size=2, max_size=40)
mixed = answers.filter(lambda found: len({label for _, label in found}) == 2)


def fit(found, kind):
    return calibration_of([score for score, _ in found], [label for _, label in found], kind)


def drawn(chance, count=4000, seed=0):
    """Scores, and labels that are good with the chance that the curve says."""
    draws = random.Random(seed)
    scores = [draws.random() for _ in range(count)]
    return scores, [draws.random() < chance(score) for score in scores]


@pytest.mark.parametrize("kind", KINDS)
@given(found=mixed, low=hyp.floats(0, 1), high=hyp.floats(0, 1))
def test_it_rises_and_stays_between_0_and_1(kind, found, low, high):
    calibrated = fit(found, kind)
    low, high = sorted((low, high))
    assert 0.0 <= calibrated(low) <= calibrated(high) + 1e-12 <= 1.0 + 1e-12


@pytest.mark.parametrize("kind", KINDS)
@given(found=mixed)
def test_it_survives_json(kind, found):
    calibrated = fit(found, kind)
    again = Calibration.from_dict(json.loads(json.dumps(calibrated.to_dict())))
    assert again == calibrated
    assert [again(score / 10) for score in range(11)] == [calibrated(score / 10) for score in range(11)]


@pytest.mark.parametrize("kind", KINDS)
@given(found=mixed, random=hyp.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(kind, found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    scores = [score / 10 for score in range(11)]
    assert list(map(fit(shuffled, kind), scores)) == pytest.approx(list(map(fit(found, kind), scores)), abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("slope", "shift"), [(6.0, -3.0), (3.0, 0.5), (10.0, -8.0)])
def test_it_finds_a_logistic_curve(kind, slope, shift):
    def curve(score):
        return 1 / (1 + math.exp(-(slope * score + shift)))

    calibrated = calibration_of(*drawn(curve), kind)
    distance = np.mean([abs(calibrated(score) - curve(score)) for score in np.linspace(0.05, 0.95, 50)])
    assert distance < (0.02 if kind == "platt" else 0.04)


def test_isotonic_finds_a_step_that_no_logistic_curve_has():
    calibrated = calibration_of(*drawn(lambda score: 0.2 if score < 0.3 else 0.5), "isotonic")
    assert [calibrated(0.15), calibrated(0.5), calibrated(0.8)] == pytest.approx([0.2, 0.5, 0.5], abs=0.06)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_judge_without_information_becomes_nearly_the_share_of_good_answers(kind, share):
    calibrated = calibration_of(*drawn(lambda score: share), kind)
    inside = [calibrated(score) for score in np.linspace(0.1, 0.9, 17)]
    assert inside == pytest.approx([share] * 17, abs=0.08)
    assert max(inside) - min(inside) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_judge_that_is_worse_than_none_is_not_turned_round(kind):
    calibrated = calibration_of(*drawn(lambda score: 0.9 - 0.8 * score), kind)
    assert calibrated(1.0) - calibrated(0.0) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_judge_becomes_the_share_of_good_answers(kind):
    calibrated = calibration_of([0.7] * 40, [True] * 30 + [False] * 10, kind)
    assert calibrated(0.7) == pytest.approx(0.75, abs=0.02)


@given(found=mixed)
def test_weighted_ties_are_fitted_as_the_definition_of_isotonic_regression_says(found):
    """The greatest, over what ends here, of the least mean of what begins here: min-max over blocks of equal scores."""
    blocks = sorted({score for score, _ in found})
    labels = [[label for score, label in found if score == block] for block in blocks]

    def mean(first, last):
        block = [label for one in labels[first : last + 1] for label in one]
        return sum(block) / len(block)

    calibrated = fit(found, "isotonic")
    for i, block in enumerate(blocks):
        wanted = max(min(mean(first, last) for last in range(i, len(blocks))) for first in range(i + 1))
        assert calibrated(block) == pytest.approx(wanted)


def test_ties_weigh_by_their_number():
    calibrated = calibration_of([0.2, 0.2, 0.2, 0.4, 0.9], [True, True, False, False, True], "isotonic")
    assert [calibrated(0.2), calibrated(0.4), calibrated(0.9)] == pytest.approx([0.5, 0.5, 1.0])
    assert calibrated(0.65) == pytest.approx(0.75)  # between knots by straight lines
    assert calibrated(0.0) == 0.5


def test_platts_targets_keep_a_clean_separation_finite():
    calibrated = calibration_of([0.0] * 20 + [1.0] * 20, [False] * 20 + [True] * 20, "platt")
    assert calibrated(0.0) == pytest.approx(1 / 22, abs=1e-3)  # Platt (1999): (0 + 1) / (20 + 2)
    assert calibrated(1.0) == pytest.approx(21 / 22, abs=1e-3)


def test_a_steep_curve_does_not_overflow():
    with np.errstate(over="raise"):
        assert Calibration("platt", ((5000.0, -4000.0),), 2)(0.0) == 0.0


@pytest.mark.parametrize(("count", "kind"), [(99, "platt"), (100, "isotonic")])
def test_the_kind_follows_the_number_of_labels(count, kind):
    assert calibration_of([i / count for i in range(count)], [i % 2 == 0 for i in range(count)]).kind == kind


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        ([], []),
        ([0.5], [True]),
        ([0.5, 0.6], [True, True]),
        ([0.5, 0.6], [False, False]),
        ([0.5, None], [True, False]),
        ([0.5, math.nan], [True, False]),
        ([0.5, 1.2], [True, False]),
        ([-0.1, 0.5], [True, False]),
        ([0.5, 0.6], [True, False, True]),
    ],
)
def test_data_that_teach_nothing_are_refused(scores, labels):
    with pytest.raises(DataError):
        calibration_of(scores, labels)


def test_an_unknown_kind_is_refused():
    with pytest.raises(SettingError, match="isotonic"):
        calibration_of([0.1, 0.9], [False, True], "spline")


@pytest.mark.parametrize(
    "data",
    [{"kind": "spline", "points": [[1, 2]], "n": 2}, {"kind": "platt", "points": [], "n": 2}, {"kind": "platt", "points": [[1]], "n": 2},
     {"kind": "platt", "points": [[1, math.nan]], "n": 2}, {"kind": "platt", "points": [["a", 1]], "n": 2}],
)  # fmt: skip
def test_what_is_no_calibration_is_refused(data):
    with pytest.raises(ValueError):  # the artifact says which file
        Calibration.from_dict(data)


def score_of(judge):
    with dspy.context(lm=FakeLM(lambda messages, **settings: {"score": 9})):
        return judge(word="tree", shouted="TREE").score


def test_a_judge_gives_calibrated_scores_and_keeps_its_calibration_when_saved(tmp_path):
    judge = SelfJ(Shout)
    assert score_of(judge) == 1.0
    judge.calibration = calibration_of([0.0, 0.5, 1.0, 1.0], [False, False, True, False], "isotonic")
    assert score_of(judge) == 0.5
    assert score_of(load(save(judge, tmp_path / "judge.st"))) == 0.5
