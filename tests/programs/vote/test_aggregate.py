"""Likeness of answers, and groups of answers that say the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from selftaught.programs.vote.aggregate import clusters, overlaps

TEXTS = some.lists(some.text("ab c", max_size=12), min_size=1, max_size=5)


def longest(one, other):
    """The textbook recursion."""
    if not one or not other:
        return 0
    if one[0] == other[0]:
        return 1 + longest(one[1:], other[1:])
    return max(longest(one[1:], other), longest(one, other[1:]))


@given(TEXTS)
def test_the_overlap_is_rouge_l(texts):
    found = overlaps(texts)
    for i, one in enumerate(texts):
        for j, other in enumerate(texts):
            first, second = one.split(), other.split()
            if first and second:
                assert found[i, j] == pytest.approx(2 * longest(first, second) / (len(first) + len(second)))
            else:
                assert found[i, j] == float(first == second)


def test_the_overlap_counts_order_but_neither_case_nor_punctuation():
    found = overlaps(["One two three.", "one TWO, three", "three two one"])
    assert found[0, 1] == 1.0
    assert found[0, 2] == pytest.approx(1 / 3)


@given(some.integers(1, 6), some.integers(0, 10**6), some.floats(0.05, 1.0))
def test_every_two_of_a_cluster_are_near_and_every_row_is_in_one(count, seed, near):
    rows = np.random.default_rng(seed).random((count, 3))
    alike = 1.0 - np.abs(rows[:, None] - rows[None]).mean(axis=2)
    found = clusters(alike, near)
    assert sorted(row for cluster in found for row in cluster) == list(range(count))
    assert all(alike[i, j] >= near - 1e-6 for cluster in found for i in cluster for j in cluster)
    assert [cluster[0] for cluster in found] == sorted(cluster[0] for cluster in found)
