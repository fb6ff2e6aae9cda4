"""Groups of near-duplicates, against the definition."""

import random

import pytest

from selftaught.errors import DataError, SettingError
from selftaught.novelty import NoveltyFilter, alike_groups


def joined(texts, threshold):
    """Group by comparing all pairs and following every chain."""
    filter = NoveltyFilter(threshold, unicode=True)
    groups = [{place} for place in range(len(texts))]
    for one in range(len(texts)):
        for other in range(one):
            if filter.similarity(texts[one], texts[other]) > threshold or texts[one] == texts[other]:
                left, right = (next(group for group in groups if place in group) for place in (one, other))
                if left is not right:
                    groups.remove(right)
                    left |= right
    return {frozenset(group) for group in groups}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.3, 0.7, 0.9])
def test_groups_are_the_chains_of_near_pairs(seed, threshold):
    draws = random.Random(seed)
    texts = [" ".join(draws.choices("abcdefgh", k=draws.randint(0, 9))) for _ in range(90)]
    numbers = alike_groups(texts, threshold)
    found = {frozenset(place for place, one in enumerate(numbers) if one == number) for number in numbers}
    assert found == joined(texts, threshold)
    assert list(dict.fromkeys(numbers)) == list(range(len(found)))


def test_a_chain_joins_ends_that_are_unlike():
    words = [str(i) for i in range(30)]
    texts = [" ".join(words[start : start + 10]) for start in range(0, 16, 2)]
    assert NoveltyFilter().similarity(texts[0], texts[-1]) == 0
    assert alike_groups([*texts, "something else"], 0.7) == [0] * len(texts) + [1]


def test_the_same_text_is_one_group_also_without_words():
    assert alike_groups(["!!", "Add 2.", "add 2", "!!", "??"]) == [0, 1, 1, 0, 2]
    assert alike_groups([]) == []


def test_what_cannot_be_grouped_is_refused():
    with pytest.raises(SettingError):
        alike_groups(["a"], 0.0)
    with pytest.raises(DataError):
        alike_groups([1])
