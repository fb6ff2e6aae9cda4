"""Shapley values: exact where every mask is known, near where they are drawn, and always adding up."""

import math
import random
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.optimizers.shapley import masks_of, shapley


def by_definition(value, parts):
    """Return the Shapley values as they are defined: the mean gain over all orders."""
    found = []
    for part in range(parts):
        others = [other for other in range(parts) if other != part]
        total = 0.0
        for size in range(parts):
            for group in combinations(others, size):
                without = tuple(index in group for index in range(parts))
                with_it = tuple(index in group or index == part for index in range(parts))
                weight = math.factorial(size) * math.factorial(parts - size - 1) / math.factorial(parts)
                total += weight * (value(with_it) - value(without))
        found.append(total)
    return found


@given(hyp.integers(1, 5), hyp.integers(0, 10**6))
def test_they_are_the_defined_values_where_every_mask_is_known(parts, seed):
    chooser = random.Random(seed)
    values = {mask: chooser.random() for mask in product((True, False), repeat=parts)}
    assert shapley(values, parts) == pytest.approx(by_definition(values.__getitem__, parts), abs=1e-6)


@given(hyp.integers(2, 12), hyp.integers(0, 10**6))
def test_they_add_up_whatever_masks_are_known(parts, seed):
    chooser = random.Random(seed)
    values = {mask: chooser.random() for mask in masks_of(parts, 16, chooser)}
    whole, empty = values[(True,) * parts], values[(False,) * parts]
    assert sum(shapley(values, parts)) == pytest.approx(whole - empty)


def test_drawn_masks_find_the_part_that_decides():
    masks = masks_of(12, 60, random.Random(0))
    values = shapley({mask: float(mask[7]) for mask in masks}, 12)
    assert max(range(12), key=lambda part: values[part]) == 7
    assert values[7] == pytest.approx(1.0, abs=0.05)


@given(hyp.integers(0, 14), hyp.integers(4, 40), hyp.integers(0, 1000))
def test_masks_are_different_no_more_than_asked_for_and_hold_both_ends(parts, most, seed):
    masks = masks_of(parts, most, random.Random(seed))
    assert len(set(masks)) == len(masks) <= max(most, 2)
    assert {(True,) * parts, (False,) * parts} <= {*masks}


def test_without_the_ends_nothing_is_explained():
    assert shapley({(True, False): 1.0}, 2) == [0.0, 0.0]
    assert shapley({(): 1.0}, 0) == []
