"""Selection by prompt sensitivity: what depends on a word is found, what does not has none."""

import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.synthesis.sensitivity import SensitiveTasks, with_words_missing
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import made, said

STEADY = [f"Do the steady thing number {i} now please" for i in range(3)]
FRAGILE = [f"Do the fragile thing number {i} now please" for i in range(3)]


def by_word(messages, **settings):
    text = said(messages)
    return {"output": "whole" if "steady" in text or "fragile" in text else "broken"}


def steady(messages, **settings):
    return {"output": "always the same"}


class TestSensitiveTasks(SynthesisContract):
    method = "sensitive-tasks"
    count = None

    def make(self):
        return SensitiveTasks([{"instruction": one, "input": "x"} for one in STEADY + FRAGILE], copies=3, batch=3)


def measured(script, tasks=None, **settings):
    found, lm = made(SensitiveTasks(tasks or STEADY + FRAGILE, share=1.0, **settings), script, None)
    return {row["instruction"]: row["sensitivity"] for row in found.rows}, lm


def test_an_answer_that_hangs_on_a_word_is_found():
    values, _ = measured(by_word, copies=30)
    assert all(0.0 < value < 0.6 for value in values.values())


def test_a_model_that_does_not_read_the_prompt_has_none_and_so_has_no_drop():
    assert set(measured(steady)[0].values()) == {0.0}
    values, lm = measured(by_word, drop_rate=0.0)
    assert (set(values.values()), lm.calls) == ({0.0}, 0)


def test_the_order_of_tasks_changes_nothing():
    assert measured(by_word, STEADY)[0] == measured(by_word, STEADY[::-1])[0]


def test_the_most_sensitive_share_is_kept():
    def script(messages, **settings):
        text = said(messages)
        return {
            "output": "same" if "steady" in text or ("fragile" not in text and "?" in text) else "x" if "fragile" in text else "y"
        }

    tasks = [*(f"{one} ?" for one in STEADY), *FRAGILE]
    found, lm = made(SensitiveTasks(tasks, share=0.5, copies=20, drop_rate=0.1), script, None)
    assert len(found) == 3
    rejected = [reason for by, reason in found.rejected]
    assert rejected == ["not in the best 50% by sensitivity"]
    assert lm.calls <= 6 * 21


def test_the_first_answer_stands_for_all_copies_and_a_failed_one_is_missing():
    def script(messages, **settings):
        if "steady" not in said(messages):
            raise CallError("no")
        return steady(messages)

    assert measured(script, STEADY[:1], copies=10)[0] == {STEADY[0]: 0.0}
    assert measured(lambda messages, **settings: "", STEADY[:1])[0] == {}


def test_words_are_dropped_and_one_stays():
    assert with_words_missing("one two three", 0.0, "s") == "one two three"
    assert with_words_missing("one two", 0.999, "s") == "one"
    kept = with_words_missing("a b c d e\nf g h i j", 0.5, "s")
    assert set(kept.split()) < set("abcdefghij")
    for broken in ({"drop_rate": 1.0}, {"copies": 0}, {"share": 2}):
        with pytest.raises(SettingError):
            SensitiveTasks(STEADY, **broken)
