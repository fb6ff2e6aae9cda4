"""CREST: pairs and rows by correctness and by consistency, counted against the formula."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.crest import Crest
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

OPTIONS = ["red", "green", "blue", "grey"]
EXAMPLES = [{"question": f"Which colour, {i}?", "options": OPTIONS, "answer": "green"} for i in range(3)]


def choosing(right=(True, True, False, True), errs=(0, 2, 0, 0)):
    """The n-th rationale leads to the right choice where `right` says so; `errs` of its follow-ups are answered wrongly."""

    def script(messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        if asked == ["reasoning"]:
            return {
                "reasoning": f"Thought number {int(str(settings.get('rollout_id') or 'draw0').split('draw')[1].split('retry')[0])} it is."
            }
        number = int(text.split("Thought number ")[1].split()[0]) % len(right)
        if asked == ["answer"]:
            return {"answer": "green" if right[number] else "red"}
        option = next(option for option in OPTIONS if text.rstrip().endswith(option))
        truth = option == "green"
        return {"correct": truth != (OPTIONS.index(option) < errs[number])}

    return script


def run(script=None, examples=EXAMPLES[:1], **settings):
    lm = FakeLM(script or choosing())
    with dspy.context(lm=lm):
        return Crest(examples, **{"samples": 4, **settings}).run(progress=False), lm


class TestCrest(SynthesisContract):
    method = "crest"

    def make(self):
        return Crest(EXAMPLES, samples=4)

    def script(self, messages, **settings):
        return choosing()(messages, **settings)


class TestCrestRows(TestCrest):
    method = "crest-rows"

    def make(self):
        return Crest(EXAMPLES, samples=4, rows="right")


def test_pairs_are_counted_by_the_formula_and_weighed_by_the_mix():
    found, lm = run()
    assert lm.calls == 4 * 2 + 3 * 4
    z = [row for row in found.rows if row["source"] == "z"]
    consistent = [row for row in found.rows if row["source"] == "consistency"]
    assert (len(z), len(consistent)) == (3 * 1, 2 * 1)
    assert all(row["weight"] == pytest.approx(0.4) for row in z)
    assert all(row["weight"] == pytest.approx(0.6) for row in consistent)
    assert all("number 2" in row["rejected"] for row in z)
    assert all("number 1" in row["rejected"] and row["consistency_chosen"] == 4 for row in consistent)


def test_without_mix_only_correctness_counts_and_with_all_of_it_only_consistency():
    assert {row["source"] for row in run(mix=0.0)[0].rows} == {"z"}
    assert {row["source"] for row in run(mix=1.0)[0].rows} == {"consistency"}


def test_no_pair_across_questions():
    found, _ = run(examples=EXAMPLES)
    assert len(found.rows) == 3 * 5
    assert all(row["question"] in {one["question"] for one in EXAMPLES} for row in found.rows)


@pytest.mark.parametrize(("tolerance", "kept"), [(0, 2), (1, 2), (2, 3), (4, 3), (None, 3)])
def test_rows_are_right_and_consistent_enough_and_with_every_tolerance_plain_self_training(tolerance, kept):
    found, _ = run(rows="right", tolerance=tolerance)
    assert len(found.rows) == kept
    assert all(row["answer"] == "green" and 0 <= row["consistency"] <= 4 for row in found.rows)
    assert all(len(row["follow_ups"]) == 4 for row in found.rows)


def test_all_right_and_equally_consistent_or_all_wrong_give_no_pair():
    assert run(choosing((True,), (0,)))[0].rows == []
    assert run(choosing((False,), (0,)))[0].rejected == {("pair", "no two answers of different worth"): 1}


def test_bad_settings_are_refused():
    for settings in ({"options": "choices"}, {"rows": "some"}, {"mix": 2.0}, {"task": "options -> answer, sure"}):
        with pytest.raises(SettingError):
            Crest(EXAMPLES, **settings)
