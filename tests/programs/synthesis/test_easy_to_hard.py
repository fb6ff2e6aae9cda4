"""Easy to hard: a level at a time, from what was kept before."""

import zlib

import dspy
import pytest

from selftaught.errors import DataError
from selftaught.programs.synthesis.easy_to_hard import EasyToHard
from selftaught.testing import FakeLM, SynthesisContract
from selftaught.testing.samples import obliging

COPIES = [
    {"question": f"{digit * size}", "answer": f"{digit * size}", "difficulty": size} for size in range(1, 6) for digit in "1234"
]
TASK = "question -> answer"


def easy(examples=COPIES, upto=2):
    return [one if one["difficulty"] <= upto else {name: one[name] for name in ("question", "difficulty")} for one in examples]


def copying(messages, **settings):
    """Copies a number of at most one digit more than the longest that it is shown."""
    shown = [len(str(one["content"]).strip().strip('"{}').rpartition('"')[2]) for one in messages if one["role"] == "assistant"]
    asked = str(messages[-1]["content"]).strip().split()[0]
    return {"answer": asked if len(asked) <= max(shown, default=0) + 1 else "0"}


def run(examples=None, script=copying, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return EasyToHard(examples or easy(), TASK, **{"samples": 3, "shots": 8, **settings}).run(progress=False), lm


class TestEasyToHard(SynthesisContract):
    method = "self-improving-transformers"

    def make(self):
        return EasyToHard(easy(), TASK, samples=3)

    def script(self, messages, **settings):
        return obliging(messages, **settings) | {"answer": str(messages[-1]["content"]).strip().split()[0]}


def test_each_level_is_reached_from_the_one_before_and_no_level_is_skipped():
    found, lm = run()
    assert [row["difficulty"] for row in found.rows] == [3] * 4 + [4] * 4 + [5] * 4
    assert all(row["answer"] == row["question"] for row in found.rows)
    assert [row.origin.round for row in found.rows] == [0] * 4 + [1] * 4 + [2] * 4
    for request in lm.requests:
        asked = len(str(request[-1]["content"]).strip().split()[0])
        shown = [str(one["content"]).strip().split()[0] for one in request[:-1] if one["role"] == "user"]
        assert len(shown) == 8
        assert max(map(len, shown)) < asked


def test_labels_beyond_the_easy_end_change_nothing():
    wrong = [one if one["difficulty"] <= 2 else {**one, "answer": "wrong"} for one in COPIES]
    assert run(wrong, up_to=2)[0].rows == run()[0].rows


def test_it_stops_where_a_level_kept_too_little():
    found, lm = run(script=lambda messages, **settings: split(messages), floor=0.5)
    assert found.rows == []
    assert lm.calls == 12  # one level of four, three samples each
    assert found.ended == "the source ended"


def split(messages):
    """Another answer for every set of worked examples."""
    return {"answer": str(zlib.crc32(str(messages).encode()))}


def test_no_answer_below_the_share_is_kept():
    found, _ = run(script=lambda messages, **settings: split(messages), least_share=0.7, floor=0.0)
    assert found.rows == []
    assert all(reason.startswith("the share that agrees") for _, reason in found.rejected)


def test_the_length_filter_keeps_every_longest_answer_and_those_hardly_shorter():
    def cut(messages, **settings):
        asked = str(messages[-1]["content"]).strip().split()[0]
        return {"answer": asked[: -int(asked[0]) + 1] if asked[0] != "1" else asked}

    every, _ = run(script=cut, floor=0.0)
    found, _ = run(script=cut, floor=0.0, short_by=2)
    assert {row["answer"] for row in every.rows} > {row["answer"] for row in found.rows} >= {"111", "22"}
    assert not {row["answer"] for row in found.rows} & {"3", "4"}
    audit = [sum(row["answer"] == row["question"] for row in one.rows) / len(one.rows) for one in (every, found)]
    assert audit[1] > audit[0]


def test_examples_need_a_difficulty_and_some_an_answer():
    with pytest.raises(DataError, match="difficulty"):
        EasyToHard([{"question": "1", "answer": "1"}], TASK)
    with pytest.raises(DataError, match="No example has an answer"):
        EasyToHard([{"question": "1", "difficulty": 1}], TASK)
