"""The Gaussian process with the instruction-coupled kernel (032)."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.embedding import embed
from selftaught.optimizers.bayes import coupled_kernel, expected_improvement, likeness, posterior, promising

POINTS = hyp.lists(hyp.tuples(*[hyp.floats(-1, 1)] * 3), min_size=4, max_size=9).map(np.array)
SCORES = hyp.lists(
    hyp.dictionaries(hyp.integers(0, 5), hyp.none() | hyp.sampled_from([0.0, 0.5, 1.0]), max_size=6), min_size=3, max_size=3
)


@given(POINTS, SCORES, hyp.floats(0.05, 5.0))
def test_the_kernel_is_positive_definite_after_jitter(points, scores, length):
    kernel = coupled_kernel(points, [0, 1, 2], likeness(scores), length)
    assert np.allclose(kernel, kernel.T)
    assert np.linalg.eigvalsh(kernel).min() > 0


@given(SCORES)
def test_likeness_is_symmetric_and_highest_of_a_candidate_with_itself(scores):
    found = likeness(scores)
    assert np.allclose(found, found.T)
    assert (found.diagonal()[:, None] >= found - 1e-3).all()


def test_behaviour_counts_more_than_wording_among_tried_points():
    """Of three far points the first two answer alike: the kernel has them near, and the third apart."""
    points = np.eye(3)
    same, other = {0: 1.0, 1: 0.0, 2: 1.0}, {0: 0.0, 1: 1.0, 2: 0.0}
    kernel = coupled_kernel(points, [0, 1, 2], likeness([same, same, other]), 0.5)
    assert kernel[0, 1] > 0.9
    assert kernel[0, 2] < 0.2


def test_a_new_point_is_never_certain():
    kernel = coupled_kernel(np.eye(4), [0, 1, 2], likeness([{0: 1.0}, {0: 1.0}, {0: 0.0}]), 0.3)
    mean, deviation = posterior(kernel, [0, 1, 2], np.array([0.7, 0.7, -1.4]), np.full(3, 1e-4))
    assert deviation[3] > 0.5
    assert np.allclose(mean[:3], [0.7, 0.7, -1.4], atol=0.05)


@given(hyp.floats(-2, 2), hyp.floats(0, 2), hyp.floats(-2, 2))
def test_expected_improvement_is_never_negative_and_at_least_the_gap(mean, deviation, best):
    found = expected_improvement(np.array([mean]), np.array([deviation]), best)[0]
    assert found >= 0
    assert found >= mean - best - 1e-9


def test_expected_improvement_of_a_certain_point_is_its_gap():
    assert expected_improvement(np.array([0.4, 0.1]), np.zeros(2), 0.3) == pytest.approx([0.1, 0.0])


WORDS = ("write", "carefully", "capital", "letters", "backwards", "loudly", "slowly")
QUALITY = {"capital": 0.4, "letters": 0.3, "backwards": -0.3, "slowly": -0.1}
TEXTS = [" ".join(words) for size in (2, 3) for words in itertools.combinations(WORDS, size)]


def outcome(text, seed):
    """Twenty rows, right with a chance that the words of the text add up to."""
    chance = min(1.0, max(0.0, 0.3 + sum(QUALITY.get(word, 0.0) for word in text.split())))
    return {row: float(random.Random(f"{seed} {row}").random() < chance) for row in range(20)}


def search(seed, batch, rounds):
    """Return the best score found with 6 random texts and `rounds` batches."""
    points, chooser, known = embed(TEXTS), random.Random(seed), {}
    for text in chooser.sample(range(len(TEXTS)), 6 if rounds else 6 + 4 * batch):
        known[text] = outcome(TEXTS[text], seed)
    for _ in range(rounds):
        means = [sum(one.values()) / len(one) for one in known.values()]
        untried = [index for index in range(len(TEXTS)) if index not in known]
        for index in promising(points, list(known), means, list(known.values()), untried, batch):
            known[index] = outcome(TEXTS[index], seed)
    return max(sum(one.values()) / len(one) for one in known.values())


def test_beats_random_search_at_equal_budget_over_ten_seeds():
    found = [search(seed, 3, 4) for seed in range(10)]
    by_chance = [search(seed, 3, 0) for seed in range(10)]
    assert sum(found) / 10 > sum(by_chance) / 10 + 0.05
    assert sum(a >= b for a, b in zip(found, by_chance, strict=True)) >= 8


def test_equal_scores_everywhere_are_no_error_and_nothing_tried_comes_again():
    points = embed(TEXTS[:6])
    assert promising(points, [1, 2], [0.5, 0.5], [{0: 0.5}, {0: 0.5}], [0, 3, 4, 5], 9) != []
    assert sorted(promising(points, [1, 2], [0.5, 0.5], [{}, {}], [0, 3, 4, 5], 9)) == [0, 3, 4, 5]
    alike = np.ones((4, 3))
    assert promising(alike, [0, 1], [0.0, 1.0], [{0: 0.0}, {0: 1.0}], [2, 3], 1) == [2]
