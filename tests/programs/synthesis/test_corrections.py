"""Corrections: what is corrected, how often, and what is kept of it."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.corrections import Corrections
from selftaught.programs.synthesis.sample_verify_keep import SampleVerifyKeep
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from tests.programs.synthesis.test_sample_verify_keep import SUMS, RightAnswers

ONE = SUMS[:1]


def mending(first, second):
    """The n-th sample says `first[n]`; the n-th correction says `second[n]`."""

    def script(messages, **settings):
        text, turns = str(messages[-1]["content"]), str(settings.get("rollout_id") or "")
        again = "earlier answer" in str(messages[0]["content"])
        number = int((turns.split("draw")[-1] if "draw" in turns else "0").split("retry")[0])
        answers = second if again else first
        said = {"reasoning": f"Way {number} {again} {text.count('Way')}.", "answer": answers[number % len(answers)]}
        return {name: said[name] for name in answer_fields(messages)}

    return script


def run(script, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return Corrections(ONE, **settings).run(progress=False), lm


class TestReReST(RightAnswers, SynthesisContract):
    method = "re-rest"

    def make(self):
        return Corrections(SUMS, samples=3)


class TestStasc(RightAnswers, SynthesisContract):
    method = "stasc-rows"

    def make(self):
        return Corrections(SUMS, samples=3, each=3, own=False)


class TestStascAll(RightAnswers, SynthesisContract):
    method = "stasc-rows-all"

    def make(self):
        return Corrections(SUMS, samples=3, each=3, own=False, of="all")


def test_only_what_failed_is_corrected_once_and_only_what_passes_is_kept():
    found, lm = run(mending(["1", "7", "8"], ["1"]), samples=3)
    assert lm.calls == 3 + 2
    assert [(row["source"], row["answer"]) for row in found.rows] == [("own", "1"), ("repaired", "1"), ("repaired", "1")]
    assert [row.get("draft") for row in found.rows] == [None, "Way 1 False 0.\nanswer: 7", "Way 2 False 0.\nanswer: 8"]
    assert all(row["draft_right"] is False for row in found.rows[1:])
    failed, lm = run(mending(["7"], ["8"]), samples=3)
    assert (failed.rows, lm.calls) == ([], 6)


def test_with_a_reflector_that_mends_nothing_it_is_plain_rejection_sampling():
    script = mending(["1", "7"], ["9"])
    found, _ = run(script, samples=4)
    with dspy.context(lm=FakeLM(script)):
        plain = SampleVerifyKeep(ONE, samples=4).run(progress=False)
    assert [row.values for row in found.rows] == [row.values for row in plain.rows]


def test_nothing_is_corrected_where_everything_passes():
    _, lm = run(mending(["1"], ["1"]), samples=4)
    assert lm.calls == 4


def test_improvements_alone_or_what_stays_right_too():
    script = mending(["1", "7"], ["1", "9", "1.0"])
    improving, lm = run(script, samples=2, each=3, own=False)
    assert lm.calls == 2 + 3
    assert [(row["draft_right"], row["right"], row["answer"]) for row in improving.rows] == [
        (False, True, "1"),
        (False, True, "1.0"),
    ]
    every, lm = run(script, samples=2, each=3, own=False, of="all")
    assert lm.calls == 2 + 6
    assert [(row["draft_right"], row["answer"]) for row in every.rows] == [
        (True, "1"),
        (True, "1.0"),
        (False, "1"),
        (False, "1.0"),
    ]
    assert all(row["right"] for row in every.rows)


def test_the_feedback_of_the_environment_is_shown_and_kept_and_the_label_is_not():
    async def tested(example, prediction):
        return dspy.Prediction(score=float(prediction.answer == "1"), feedback="Test 3 failed.")

    def script(messages, **settings):
        asked.append(str(messages[-1]["content"]))
        return mending(["7"], ["1"])(messages, **settings)

    asked = []
    found, _ = run(script, samples=1, verify=tested)
    assert "Test 3 failed." in asked[1]
    assert found.rows[0]["feedback"] == "Test 3 failed."
    asked.clear()
    found, _ = run(script, samples=1)
    assert found.rows[0]["feedback"] == "The answer is wrong."


def test_what_cannot_be_told_is_not_corrected():
    class Unsure(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=None)

    found, lm = run(mending(["7"], ["1"]), samples=2, verify=Unsure("question -> answer"))
    assert (found.rows, lm.calls) == ([], 2)
    with pytest.raises(SettingError, match="of="):
        Corrections(ONE, of="some")
