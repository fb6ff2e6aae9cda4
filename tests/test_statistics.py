"""Intervals and tests have the error rates that they claim."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught.statistics import bootstrap, bootstrap_rows, mean_interval, paired_gain, paired_gain_rows, wilson

# Newcombe (1998), Table I, and R's prop.test(correct = FALSE)
KNOWN = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (10, 10, 0.7225, 1.0),
]


@pytest.mark.parametrize(("successes", "n", "low", "high"), KNOWN)
def test_wilson_has_its_published_values(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=6e-5)


@given(hyp.integers(0, 60), hyp.integers(1, 60))
def test_wilson_lies_in_0_to_1_around_the_share_and_mirrors(successes, more):
    n = successes + more
    low, high = wilson(successes, n)
    assert 0.0 <= low <= successes / n <= high <= 1.0
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low))
    assert wilson(10 * successes, 10 * n)[1] - wilson(10 * successes, 10 * n)[0] < high - low


def test_without_observations_nothing_is_known():
    assert wilson(0, 0) == bootstrap([]) == mean_interval([]) == (0.0, 1.0)
    assert bootstrap_rows(0, [], lambda picks: 0.5) == (0.0, 1.0)
    for gain in (paired_gain([], []), paired_gain_rows(0, [], lambda picks: 1.0, lambda picks: 1.0)):
        assert (gain.n, gain.p, gain.interval) == (0, 1.0, (-1.0, 1.0))
        assert not gain.real()


def test_the_interval_of_a_mean_covers_it_about_as_often_as_it_says():
    draws, covered = np.random.default_rng(1), {"shares": 0, "grades": 0}
    for _ in range(200):
        low, high = mean_interval(list((draws.random(40) < 0.7).astype(float)))
        covered["shares"] += low <= 0.7 <= high
        low, high = mean_interval(list(draws.beta(2, 3, 40)))
        covered["grades"] += low <= 0.4 <= high
    for count in covered.values():
        assert 0.90 <= count / 200 <= 0.99


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5]])
def test_a_few_equal_grades_are_no_certainty(values):
    low, high = mean_interval(values)
    assert high - low > 0.05


@given(hyp.lists(hyp.floats(0, 1), min_size=1, max_size=20), hyp.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_a_bootstrap_is_repeatable_and_stays_among_the_values(values, seed):
    low, high = bootstrap(values, seed=seed)
    assert (low, high) == bootstrap(values, seed=seed)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_a_resample_keeps_the_number_of_rows_of_each_stratum():
    strata, seen = ["a", "b", "a", "a", "b"], []
    bootstrap_rows(5, strata, lambda picks: seen.append(sorted(strata[i] for i in picks)) or 0.0)
    assert seen
    assert all(one == ["a", "a", "a", "b", "b"] for one in seen)


def exact_p(differences):
    """Count the sign patterns that gain at least as much."""
    total = sum(differences)
    patterns = list(itertools.product((1, -1), repeat=len(differences)))
    return sum(sum(s * d for s, d in zip(signs, differences, strict=True)) >= total - 1e-12 for signs in patterns) / len(patterns)


@given(hyp.lists(hyp.tuples(hyp.integers(0, 4), hyp.integers(0, 4)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_the_paired_test_is_exact_for_few_pairs(pairs):
    before, after = [a / 4 for a, _ in pairs], [b / 4 for _, b in pairs]
    found = paired_gain(before, after)
    assert found.p == pytest.approx(exact_p([b - a for a, b in zip(before, after, strict=True)]))
    assert found.n == len(pairs)
    assert found.difference == pytest.approx(sum(after) / len(pairs) - sum(before) / len(pairs))


def test_five_gains_without_a_loss_are_the_fewest_that_count():
    assert not paired_gain([0.0] * 4, [1.0] * 4).real()
    assert paired_gain([0.0] * 5, [1.0] * 5).real()
    assert paired_gain([0.0] * 5, [1.0] * 5).p == 1 / 32
    assert not paired_gain([1.0] * 5, [0.0] * 5).real()
    assert not paired_gain([0.5] * 50, [0.5] * 50).real()


@pytest.mark.parametrize("pairs", [12, 40])
@pytest.mark.parametrize("kind", ["shares", "grades"])
def test_where_there_is_no_gain_one_is_found_in_at_most_7_percent(kind, pairs):
    draws, found = np.random.default_rng(2), 0
    for seed in range(400):
        if kind == "shares":
            before, after = (draws.random((2, pairs)) < 0.6).astype(float)
        else:
            before, after = draws.beta(2, 2, (2, pairs))
        found += paired_gain(before, after, seed).real(0.05)
    assert found / 400 <= 0.07


def test_a_large_gain_is_found_almost_always():
    draws, found = np.random.default_rng(3), 0
    for seed in range(50):
        before, after = (draws.random(60) < 0.4).astype(float), (draws.random(60) < 0.8).astype(float)
        found += paired_gain(before, after, seed).real()
    assert found >= 48


def test_the_test_of_other_statistics_has_its_error_rate_too():
    draws, found, rounds = np.random.default_rng(4), 0, 60
    for seed in range(rounds):
        before, after = draws.random((2, 30))
        found += paired_gain_rows(
            30, ["all"] * 30, lambda p, a=before: float(a[p].mean()), lambda p, a=after: float(a[p].mean()), seed
        ).real()
    assert found / rounds <= 0.15  # 60 rounds of a 5 % test: more than 9 finds have a probability below 1 in 1000
    assert paired_gain_rows(30, ["all"] * 30, lambda p: 0.2, lambda p: 0.9).real()
    assert not paired_gain_rows(30, ["all"] * 30, lambda p: 0.5, lambda p: 0.5).real()
