"""Pairs of critiques: worth what their revisions are worth."""

import dspy
import pytest

from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.critique_pairs import CritiquePairs
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

EXAMPLES = [{"question": f"How are you, {i}?"} for i in range(3)]
WORTH = {"rude": 0.1, "polite": 0.9, "cold": 0.3, "warm": 0.6}


class Kind(Judge):
    """Scores a known answer; calls nobody."""

    async def verdict(self, inputs, outputs):
        score = WORTH[outputs["answer"]]
        return Verdict(score=score, passed=score > 0.5)


def criticising(draft="rude", revisions=("warm", "polite", "cold")):
    def script(messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        turn = str(settings.get("rollout_id") or "draw0")
        number = int(turn.split("draw")[-1].split("retry")[0])
        if "acceptable" in asked:
            said = {"acceptable": False, "problems": [f"Be {revisions[number % len(revisions)]}."], "areas": []}
        elif "problems" in text or "Be " in text:
            said = {"answer": text.split("Be ")[1].split(".")[0]}
        else:
            said = {"answer": draft}
        return {name: said[name] for name in asked}

    return script


def run(script=None, examples=EXAMPLES[:1], **settings):
    lm = FakeLM(script or criticising())
    with dspy.context(lm=lm):
        return CritiquePairs(examples, **{"judge": Kind("question -> answer"), "samples": 3, **settings}).run(progress=False), lm


class TestCritiquePairs(SynthesisContract):
    method = "critique-pairs"
    count = 3

    def make(self):
        return CritiquePairs(EXAMPLES, samples=3, judge=Kind("question -> answer"))

    def script(self, messages, **settings):
        return criticising()(messages, **settings)


def test_the_critique_with_the_best_revision_is_chosen_over_that_with_the_worst():
    found, lm = run()
    (row,) = found.rows
    assert (row["chosen"], row["rejected"], row["draft"]) == ("Be polite.", "Be cold.", "rude")
    assert (row["score_draft"], row["score_chosen"], row["score_rejected"]) == (0.1, 0.9, 0.3)
    assert row["margin"] == pytest.approx(0.6)
    assert lm.calls == 1 + 3 + 3


def test_a_draft_that_needs_no_improvement_is_not_criticised():
    found, lm = run(criticising("warm"))
    assert (found.rejected, lm.calls) == ({("value", "the draft needs no improvement"): 1}, 1)
    found, lm = run(examples=[{**EXAMPLES[0], "answer": "polite"}])
    assert (found.rows, lm.calls) == ([], 0)


def test_critiques_of_the_same_worth_give_no_pair():
    assert run(criticising(revisions=("cold",)))[0].rejected == {("value", "no critique is worth more than another"): 1}


def test_the_worth_of_a_critique_depends_on_its_revision_alone():
    one = run(criticising(revisions=("warm", "cold")), samples=2)[0].rows[0]
    other = run(criticising(revisions=("cold", "warm")), samples=2)[0].rows[0]
    assert (one["chosen"], one["score_chosen"]) == (other["chosen"], other["score_chosen"]) == ("Be warm.", 0.6)
