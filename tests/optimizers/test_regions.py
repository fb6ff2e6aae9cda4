"""Regions: how many, which rows, the same every time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught.embedding import embed
from selftaught.optimizers.regions import regions_of

FRUIT = ["red apple", "green apple", "sour apple", "old trumpet", "loud trumpet", "new trumpet"]


def test_two_kinds_of_texts_are_two_regions_where_a_region_has_its_price():
    found = regions_of(embed(FRUIT), 4, 0, alpha=0.2)
    assert found.members == [[0, 1, 2], [3, 4, 5]]


@settings(max_examples=25)
@given(hyp.lists(hyp.sampled_from([*FRUIT, "zebra", ""]), min_size=1, max_size=8), hyp.integers(1, 5), hyp.integers(0, 99))
def test_every_row_is_in_the_region_of_its_nearest_centroid_and_within_reach_of_its_others(texts, most, seed):
    rows = embed(texts)
    found = regions_of(rows, most, seed)
    assert sorted(number for members in found.members for number in members) == list(range(len(texts)))
    assert 1 <= len(found.members) == len(found.centroids) <= min(most, len(set(texts)))
    assert all(found.members)
    for region, members in enumerate(found.members):
        for number in members:
            distances = np.linalg.norm(np.array(found.centroids) - rows[number], axis=1)
            assert distances.argmin() == region
            others = [rows[other] for other in members if other != number]
            if others and found.reach is not None:
                assert np.linalg.norm(np.mean(others, axis=0) - rows[number]) <= found.reach


def test_the_number_is_that_of_the_smallest_criterion():
    rows = np.array(
        [[0.0, 0.0], [0.0, 1.0], [9.0, 0.0], [9.0, 1.0]]
    )  # inertia: 1 region 82, 2 regions 1, 3 regions 0.5, 4 regions 0
    assert len(regions_of(rows, 4, 0, alpha=0.02).members) == 2
    assert len(regions_of(rows, 4, 0, alpha=0.001).members) == 4
    assert len(regions_of(rows, 4, 0, alpha=1.0).members) == 1
    assert len(regions_of(rows, 3, 0, alpha=0.001).members) == 3


def test_the_seed_decides_everything_and_equal_rows_are_one_region():
    rows = embed([f"{word} {number}" for number in range(5) for word in FRUIT])
    assert regions_of(rows, 5, 7) == regions_of(rows, 5, 7)
    same = regions_of(embed(["tree"] * 4), 3, 0)
    assert same.members == [[0, 1, 2, 3]]
    assert same.reach is None


def test_what_is_like_no_region_lies_beyond_their_reach_and_what_is_like_one_within():
    found = regions_of(embed(FRUIT), 4, 0, alpha=0.2)
    nearest = [
        np.linalg.norm(np.array(found.centroids) - row, axis=1).min() for row in embed(["an apple", "my trumpet", "xyzzy quux"])
    ]
    assert [distance <= found.reach for distance in nearest] == [True, True, False]
