"""Splits: no near-duplicate on both sides, shares, determinism, contamination, files."""

import json
import random
from collections import Counter
from itertools import combinations

import pytest

from selftaught.errors import DataError, SettingError
from selftaught.ledger import Usage
from selftaught.novelty import NoveltyFilter
from selftaught.programs.synthesis import Row, Synthesized


def made(*values, seed=0):
    return Synthesized([Row(one) for one in values], Counter(), [], "enough rows", Usage(), None, {"seed": seed})


def families(count, size, seed=0):
    """Return families of rows that differ in one word of twelve, in random order."""
    draws = random.Random(seed)
    rows = []
    for family in range(count):
        words = [f"w{family}x{i}" for i in range(12)]
        for member in range(size):
            changed = [*words[:5], f"new{member}", *words[6:]]
            rows.append({"instruction": " ".join(changed), "output": f"{family}.{member}"})
    draws.shuffle(rows)
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_no_near_duplicate_stands_on_two_sides(seed):
    found = made(*families(30, 3, seed), seed=seed).split()
    compare = NoveltyFilter().similarity
    for one, other in combinations(found.parts.values(), 2):
        assert not any(compare(a["instruction"], b["instruction"]) > 0.7 for a in one.rows for b in other.rows)
    assert found.groups == 30
    assert sum(len(part) for part in found.parts.values()) == 90


def test_shares_are_met_as_far_as_groups_allow():
    found = made(*families(100, 1)).split()
    assert [len(found[name]) for name in ("train", "val", "test")] == [80, 10, 10]
    found = made(*families(50, 4)).split({"train": 0.5, "test": 0.5})
    assert [len(part) for part in found.parts.values()] == [100, 100]
    for sizes in (made(*families(17, 3)).split().parts,):
        assert all(abs(len(sizes[name]) - 51 * share) <= 3 for name, share in {"train": 0.8, "val": 0.1, "test": 0.1}.items())


def test_the_seed_decides_and_rows_keep_their_order():
    rows = families(40, 2)
    first, again, other = made(*rows).split(seed=3), made(*rows).split(seed=3), made(*rows).split(seed=4)
    assert first.parts["test"].rows == again.parts["test"].rows
    assert first.test.rows != other.test.rows
    for part in first.parts.values():
        places = [rows.index(dict(row.values)) for row in part.rows]
        assert places == sorted(places)


def test_which_values_are_compared_can_be_said():
    rows = [{"instruction": f"unlike{i} words{i} here{i}", "output": "the same answer to all of them"} for i in range(12)]
    assert made(*rows).split().groups == 12
    with pytest.raises(DataError, match="1 groups"):
        made(*rows).split(field="output")


def test_contamination_is_told_by_part_and_row():
    rows = families(20, 1)
    leaked = rows[7]["instruction"]
    found = made(*rows).split(evaluation=[{"question": f"Please: {leaked}!"}, "nothing of this"])
    hits = [(name, found[name].rows[one.row]["instruction"]) for name, several in found.overlaps.items() for one in several]
    assert [text for _, text in hits] == [leaked]
    assert f"in the evaluation set: 1 rows of {hits[0][0]}" in found.summary()
    assert made(*rows).split().overlaps == {}


@pytest.mark.parametrize("shares", [{}, {"train": 0.5}, {"train": 1.2, "test": -0.2}])
def test_shares_that_make_no_whole_are_refused(shares):
    with pytest.raises(SettingError, match="add up to 1"):
        made(*families(10, 1)).split(shares)


def test_too_few_groups_are_refused_and_a_part_can_be_left_out():
    with pytest.raises(DataError, match="2 groups"):
        made(*families(2, 20)).split()
    assert len(made(*families(2, 20)).split({"train": 0.5, "val": 0.0, "test": 0.5}).parts) == 2


def test_every_part_is_a_file_and_one_card_tells_of_all(tmp_path):
    rows = families(20, 1)
    found = made(*rows).split(evaluation=[rows[3]["instruction"]])
    found.save(tmp_path / "set", "alpaca", ending=".json")
    assert {one.name for one in (tmp_path / "set").iterdir()} == {"train.json", "val.json", "test.json", "README.md"}
    written = [row for name in found.parts for row in json.loads((tmp_path / "set" / f"{name}.json").read_text())]
    assert sorted(row["output"] for row in written) == sorted(row["output"] for row in rows)
    card = (tmp_path / "set" / "README.md").read_text()
    assert "| train.json | alpaca | 16 |" in card
    assert "Contamination" in card
