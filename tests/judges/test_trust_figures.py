"""The figures behind trust equal independent formulas and published values, and their intervals hold what they promise."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.agreements import alpha, balanced, kappa
from selftaught.figures import Figure, difference, mean_of, share, unknown
from selftaught.ranks import auroc, auroc_interval, correlation, rank_correlation
from selftaught.reliability import bins_of, brier, calibration_error, reliability_table

GRADES = [0.0, 0.25, 0.5, 0.75, 1.0]
CASES = hyp.lists(hyp.tuples(hyp.sampled_from(GRADES), hyp.booleans()), min_size=4, max_size=40)
RATED = hyp.lists(hyp.tuples(hyp.sampled_from(GRADES), hyp.sampled_from(GRADES)), min_size=5, max_size=30)


def columns(cases):
    return np.array([score for score, _ in cases], dtype=float), np.array([label for _, label in cases])


def holds(figure):
    return figure.interval[0] <= figure.value <= figure.interval[1]


@given(CASES)
def test_auroc_counts_pairs(cases):
    scores, labels = columns(cases)
    good, bad = scores[labels], scores[~labels]
    figure = auroc(scores, labels)
    if not len(good) or not len(bad):
        assert (figure.value, figure.interval) == (None, None)
        assert "one class" in figure.why
        return
    won = [1.0 if g > b else 0.5 if g == b else 0.0 for g, b in itertools.product(good, bad)]
    assert figure.value == pytest.approx(np.mean(won))
    assert holds(figure)
    mirrored = auroc(-scores, labels)
    assert mirrored.value == pytest.approx(1 - figure.value)
    assert mirrored.interval == pytest.approx((1 - figure.interval[1], 1 - figure.interval[0]), abs=1e-6)


@given(CASES)
def test_auroc_of_ratings_is_that_of_classes_where_there_are_two(cases):
    scores, labels = columns(cases)
    if labels.any() and not labels.all():
        assert auroc(scores, labels.astype(float)).value == pytest.approx(auroc(scores, labels).value)


def test_the_interval_of_auroc_solves_its_equation_and_stays_open_at_the_ends():
    good, bad, z = 12, 20, 1.959964
    for at in auroc_interval(0.8, good, bad):
        more = (good + bad) / 2 - 1
        spread = at * (1 - at) * (1 + more * (1 - at) / (2 - at) + more * at / (1 + at)) / (good * bad)
        assert abs(0.8 - at) == pytest.approx(z * spread**0.5, rel=1e-4)
    low, high = auroc_interval(1.0, 10, 10)
    assert (high, low < 0.95) == (1.0, True)


@given(CASES)
def test_kappa_and_balanced_accuracy_follow_from_the_table(cases):
    scores, labels = columns(cases)
    said = scores >= 0.5
    agreed = np.mean(said == labels)
    luck = said.mean() * labels.mean() + (1 - said.mean()) * (1 - labels.mean())
    found = kappa(said, labels)
    if luck < 1:
        assert found.value == pytest.approx((agreed - luck) / (1 - luck))
        assert holds(found)
    else:
        assert found.value is None
    if labels.any() and not labels.all():
        half = balanced(said, labels)
        assert half.value == pytest.approx((said[labels].mean() + (~said[~labels]).mean()) / 2)
        assert holds(half)
        assert half.interval[1] - half.interval[0] > 0


@given(RATED)
def test_a_rank_correlation_is_the_correlation_of_ranks(cases):
    scores, labels = columns(cases)
    figure = rank_correlation(scores, labels)
    if len(set(scores)) < 2 or len(set(labels)) < 2:
        assert figure.value is None
        return

    def ranks(values):
        return np.array([np.mean(np.flatnonzero(np.sort(values) == value)) for value in values])

    assert figure.value == pytest.approx(np.corrcoef(ranks(scores), ranks(labels))[0, 1])
    assert holds(figure)


def test_a_partial_correlation_equals_its_formula():
    draws = np.random.default_rng(0)
    z = draws.normal(size=60)
    x, y = z + draws.normal(size=60), z + draws.normal(size=60)
    xy, xz, yz = (rank_correlation(a, b).value for a, b in ((x, y), (x, z), (y, z)))
    wanted = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    assert rank_correlation(x, y, z).value == pytest.approx(wanted)


def test_krippendorffs_alpha_has_its_published_value():
    """The reliability data of Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section E: interval 0.849."""
    nan = np.nan
    ratings = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
            [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
        ]
    )
    figure = alpha(ratings)
    assert figure.value == pytest.approx(0.849, abs=5e-4)
    assert holds(figure)
    assert alpha(np.ones((3, 5))).value is None


@given(CASES)
def test_the_reliability_table_holds_every_answer_once_and_equal_scores_together(cases):
    scores, labels = columns(cases)
    table, where = reliability_table(scores, labels), bins_of(scores)
    assert sum(one.count for one in table) == len(scores)
    assert [one.score for one in table] == sorted(one.score for one in table)
    assert all(len(set(where[scores == score])) == 1 for score in set(scores))
    error = sum(one.count * abs(one.score - one.good) for one in table) / len(scores)
    found = calibration_error(scores, labels)
    assert found.value == pytest.approx(error)
    assert holds(found)
    assert brier(scores, labels).value == pytest.approx(np.mean((scores - labels) ** 2))


def test_bins_are_about_equally_full():
    counts = np.bincount(bins_of(np.random.default_rng(0).random(1003)))
    assert len(counts) == 10
    assert counts.max() - counts.min() <= 1


def test_a_few_right_answers_are_no_certainty():
    scores, labels = np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, False, True, True])
    for figure in (
        auroc(scores, labels),
        kappa(scores > 0.5, labels),
        balanced(scores > 0.5, labels),
        calibration_error(scores, labels),
    ):
        assert figure.interval[1] - figure.interval[0] > 0.2


def simulated(draws, count=60):
    """Scores of good answers N(1, 1), of bad ones N(0, 1): AUROC 0.7602; passed from 0.5 on: sensitivity and specificity 0.6915."""
    labels = draws.random(count) < 0.5
    return draws.normal(size=count) + labels, labels


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    draws, covered = (
        np.random.default_rng(3),
        dict.fromkeys(("auroc", "balanced", "kappa", "calibration", "spearman", "pearson"), 0),
    )
    for _ in range(200):
        scores, labels = simulated(draws)
        x = draws.normal(size=40)
        y = 0.6 * x + 0.8 * draws.normal(size=40)
        said = draws.random(150)
        truths = {
            "auroc": (auroc(scores, labels), 0.7602),
            "balanced": (balanced(scores >= 0.5, labels), 0.6915),
            "kappa": (kappa(scores >= 0.5, labels), 2 * 0.6915 - 1),
            "calibration": (calibration_error(said, draws.random(150) < said**2), 1 / 6),
            "spearman": (rank_correlation(x, y), 6 / np.pi * np.arcsin(0.3)),
            "pearson": (correlation(x, y), 0.6),
        }
        for name, (figure, truth) in truths.items():
            covered[name] += figure.interval[0] <= truth <= figure.interval[1]
    assert all(0.90 <= count / 200 <= 0.995 for count in covered.values()), covered


def test_a_calibrated_judge_is_rarely_called_uncalibrated():
    draws, alarms = np.random.default_rng(4), 0
    for _ in range(100):
        scores = draws.random(100)
        alarms += calibration_error(scores, draws.random(100) < scores).differs > 0
    assert alarms <= 5


def test_a_difference_has_the_published_interval():
    """Newcombe (1998), Statistics in Medicine 17, table II, method 10: 56/70 - 48/80 gives 0.0524 to 0.3339."""
    found = difference(share(56, 70, None), share(48, 80, None))
    assert found.value == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=1e-4)


@given(hyp.lists(hyp.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=30))
def test_a_mean_lies_in_its_interval_and_range(values):
    found = mean_of(values, 0.0, -1.0, 1.0)
    assert -1.0 <= found.interval[0] <= found.value + 1e-12
    assert found.value - 1e-12 <= found.interval[1] <= 1.0


def test_a_figure_says_on_which_side_of_chance_it_lies_and_survives_json():
    above, inside, nothing = Figure(0.9, (0.8, 1.0), 0.5, 9), Figure(0.6, (0.4, 0.8), 0.5, 9), unknown("no cases")
    assert [one.differs for one in (above, inside, nothing, Figure(0.1, (0.0, 0.2), 0.5, 9))] == [1, 0, 0, -1]
    assert [Figure.from_dict(one.to_dict()) for one in (above, nothing)] == [above, nothing]
    assert str(nothing) == "undetermined (no cases)"
