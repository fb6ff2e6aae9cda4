"""Explore-Instruct: the tree stays in its bounds, names and instructions stay apart, tasks come evenly."""

import json
from collections import Counter

import pytest

from selftaught.errors import SettingError
from selftaught.novelty import NoveltyFilter
from selftaught.programs.synthesis.explore_instruct import ExploreInstruct
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, hashed, made, words

EXAMPLE = {"instruction": lambda messages, number, **_: words(number), "input": "", "output": "done"}
SCRIPT = by_fields({"subtasks": lambda messages, number, **_: [words(number + i, 2) for i in range(3)]}, EXAMPLE)


class TestExploreInstruct(SynthesisContract):
    method = "explore-instruct"

    def make(self):
        return ExploreInstruct("rewriting", breadth=[2, 1], batch=4)

    def script(self, messages, **settings):
        return SCRIPT(messages, **settings)


def explored(tmp_path, script=SCRIPT, count=20, domain="rewriting", **settings):
    found, _ = made(ExploreInstruct(domain, **{"breadth": [3, 2], "batch": 10, **settings}), script, count, run_dir=tmp_path / "run", patience=3)  # fmt: skip
    tree = [json.loads(line)["values"] for line in (tmp_path / "run" / "first" / "rows.jsonl").read_text().splitlines()]
    return found, tree


def test_the_tree_has_so_many_subtasks_of_each_task_and_no_more_levels(tmp_path):
    _, tree = explored(tmp_path)
    assert Counter(len(one["path"]) for one in tree) == {2: 3, 3: 6}
    below = Counter(one["parent"] for one in tree)
    assert below["rewriting"] == 3
    assert all(most <= 2 for parent, most in below.items() if parent != "rewriting")


def test_no_two_kept_names_and_no_two_instructions_of_a_task_are_alike(tmp_path):
    def script(messages, **settings):
        answer = SCRIPT(messages, **settings)
        if "subtasks" in answer:
            answer["subtasks"] = [*answer["subtasks"][:2], "make it short", "make it very short", "Rewriting", "  "]
        elif hashed(messages, **settings) % 3 == 0:
            answer["instruction"] = "Make this sentence a bit shorter now."
        return answer

    found, tree = explored(tmp_path, script, count=80, breadth=[6, 4])
    names = NoveltyFilter(0.7)
    assert any(one["task"] == "make it short" for one in tree)
    assert names.add("rewriting")
    assert all(names.add(one["task"]) for one in tree)
    for path in {tuple(row["path"]) for row in found.rows}:
        own = NoveltyFilter(0.7)
        assert all(own.add(row["instruction"]) for row in found.rows if tuple(row["path"]) == path)
    shared = [row for row in found.rows if row["instruction"].startswith("Make this")]
    assert len({tuple(row["path"]) for row in shared}) == len(shared) > 1, "other tasks may have the same instruction"


def test_tasks_take_turns_and_none_has_more_than_its_share(tmp_path):
    found, _ = explored(tmp_path, count=30)
    by_task = Counter(tuple(row["path"]) for row in found.rows)
    assert len(by_task) == 10
    assert max(by_task.values()) - min(by_task.values()) <= 1
    few, _ = explored(tmp_path / "few", count=30, per_task=2)
    assert max(Counter(tuple(row["path"]) for row in few.rows).values()) == 2
    assert few.ended.startswith("stalled")
    assert all(set(row.values) == {"instruction", "input", "output", "task", "path"} for row in found.rows)


def test_an_answer_in_no_form_adds_no_task_and_the_domain_is_left(tmp_path):
    def script(messages, **settings):
        return "nothing of the kind" if "Name further parts" in str(messages) else SCRIPT(messages, **settings)

    found, tree = explored(tmp_path, script, count=3)
    assert tree == []
    assert {row["task"] for row in found.rows} == {"rewriting"}


def test_subtasks_made_by_hand_count_and_are_shown(tmp_path):
    seen = []

    def script(messages, **settings):
        seen.append(str(messages[-1]["content"]))
        return SCRIPT(messages, **settings)

    _, tree = explored(tmp_path, script, domain=[{"task": "maths", "subtasks": ["adding", "counting"]}], breadth=[3, 1])
    assert sum(len(one["path"]) == 2 for one in tree) == 1
    assert any("adding" in one and "counting" in one for one in seen)
    assert {one["path"][1] for one in tree if len(one["path"]) == 3} >= {"adding", "counting"}


def test_settings_are_checked():
    for broken in ([], [{"subtasks": ["x"]}], [""], [3]):
        with pytest.raises(SettingError):
            ExploreInstruct(broken)
    with pytest.raises(SettingError, match="breadth"):
        ExploreInstruct("maths", breadth=[0])
