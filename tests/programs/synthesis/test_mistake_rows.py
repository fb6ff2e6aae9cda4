"""The record of mistakes: every wrong answer is explained or tagged beside a right one."""

from collections import Counter

import dspy
import pytest

from selftaught.errors import DataError, SettingError
from selftaught.programs.reflect import SelfRethinking
from selftaught.programs.synthesis.mistake_rows import MistakeRows
from selftaught.testing import FakeLM, SynthesisContract
from tests.programs.synthesis.scripts import requests
from tests.programs.synthesis.test_sample_verify_keep import SUMS, RightAnswers, saying


def explaining(*answers):
    def script(messages, **settings):
        from selftaught.testing import answer_fields

        if "kind" in answer_fields(messages):
            return {"reason": "One was left out.", "kind": "calculation"}
        return saying(*answers)(messages, **settings)

    return script


def run(script, examples=None, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return MistakeRows(examples or SUMS[:1], **settings).run(progress=False), lm


class TestMistakes(RightAnswers, SynthesisContract):
    method = "mistake-record"

    def make(self):
        return MistakeRows(SUMS, samples=3)


class TestTagged(RightAnswers, SynthesisContract):
    method = "mistake-tuning"

    def make(self):
        return MistakeRows(SUMS, samples=3, emit="tagged")


def test_only_wrong_answers_are_explained_with_the_right_one_in_view():
    found, lm = run(explaining("1", "7", "1", "8"), samples=4)
    assert [row["draft"].splitlines()[-1] for row in found.rows] == ["answer: 7", "answer: 8"]
    assert {(row["reference"], row["reason"], row["kind"]) for row in found.rows} == {("1", "One was left out.", "calculation")}
    assert lm.calls == 4 + 2
    prompts = requests(lm, "kind")
    assert all("reference: 1" in prompt for prompt in prompts)
    assert not any("reference" in prompt for prompt in requests(lm, "answer"))


def test_the_rows_are_what_self_rethinking_checks_against():
    found, _ = run(explaining("7"), SUMS, samples=1)
    store = [dict(row.values) for row in found.rows]
    assert len(store) >= 5
    seen = []

    def script(messages, **settings):
        seen.append(str(messages[-1]["content"]))
        return explaining("1")(messages, **settings) if "mistakes" not in seen[-1] else {"mistake": "none", "repeated": False}

    with dspy.context(lm=FakeLM(script)):
        SelfRethinking("question -> answer", mistakes=store)(question=SUMS[0]["question"])
    assert "One was left out." in seen[1]
    assert f"Asked: {SUMS[0]['question']}" not in seen[1]  # none that was made on this very question


def test_every_wrong_answer_is_tagged_beside_a_right_one():
    found, lm = run(explaining("1", "7", "1", "8"), samples=4, emit="tagged")
    assert Counter(row["right"] for row in found.rows) == {True: 2, False: 2}
    assert [row["output"].splitlines()[0] for row in found.rows] == ["[right]", "[wrong]"] * 2
    assert lm.calls == 4
    for row in found.rows:
        assert row["output"].splitlines()[1].startswith("Working")
        assert row["question"] == SUMS[0]["question"]


def test_where_no_sample_is_right_the_worked_label_stands_for_it():
    none, _ = run(explaining("7"), samples=2, emit="tagged")
    assert set(none.rejected) == {("tag", "no answer is right, and there is no rationale")}
    worked, _ = run(explaining("7"), [{**SUMS[0], "rationale": "Nothing and one is one."}], samples=2, emit="tagged")
    assert [row["output"] for row in worked.rows if row["right"]] == ["[right]\nNothing and one is one.\nanswer: 1"]


def test_right_answers_alone_give_no_row():
    found, lm = run(explaining("1"), samples=2)
    assert set(found.rejected) == {("explain", "no answer is wrong")}
    assert lm.calls == 2


def test_settings_that_are_none_are_refused():
    for settings in ({"emit": "all"}, {"kinds": []}, {"most": 0}, {"emit": "tagged", "tags": ["a", "a"]}):
        with pytest.raises(SettingError):
            MistakeRows(SUMS, **settings)
    with pytest.raises(DataError):
        MistakeRows([{"question": "1 plus 1"}], verify="vote")
