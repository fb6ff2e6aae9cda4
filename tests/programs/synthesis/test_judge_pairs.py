"""Pairs of judgements: the planted accurate one is chosen."""

import dspy
import pytest

from selftaught.programs.synthesis.judge_pairs import JudgementPairs
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

EXAMPLES = [{"question": f"Question {i}?"} for i in range(3)]
TRUTH = 4


def judging(scores=((4, 1, 3), (2, 2, 2)), place=None):
    """Two answers, A and B, judged with these scores; the meta-judge prefers the score that is nearest to the truth, or a place."""

    def script(messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        turns = [int(one.split("retry")[0].split("/")[0]) for one in str(settings.get("rollout_id") or "draw0").split("draw")[1:]]
        if asked == ["answer"]:
            return {"answer": f"ANSWER {'AB'[turns[-1] % 2]}"}
        if "score" in asked:
            given = scores[0] if "ANSWER A" in text else scores[1]
            return {"reasons": f"Reason {turns[-1]}.", "score": given[turns[-1] % len(given)]}
        far = [
            abs(int(text.split(f"{name}_judgement")[1].split("Score: ")[1].split()[0]) / 20 - TRUTH)
            for name in ("first", "second")
        ]
        return {"better": place or ("first" if far[0] < far[1] else "second")}

    return script


def run(script=None, **settings):
    lm = FakeLM(script or judging())
    with dspy.context(lm=lm):
        return JudgementPairs(EXAMPLES[:1], **{"samples": 2, "judgements": 3, **settings}).run(progress=False), lm


class TestJudgementPairs(SynthesisContract):
    method = "meta-rewarding-judgements"
    count = 3

    def make(self):
        return JudgementPairs(EXAMPLES, samples=2, judgements=3)

    def script(self, messages, **settings):
        return judging()(messages, **settings)


def test_the_disputed_answer_is_judged_and_the_most_accurate_judgement_chosen():
    found, lm = run()
    (row,) = found.rows
    assert row["draft"] == "ANSWER A"
    assert (row["score_chosen"], row["score_rejected"]) == (pytest.approx(4 / 5), pytest.approx(1 / 5))
    assert row["margin"] > 0
    assert "Reason 0." in row["chosen"]
    assert "Reason 1." in row["rejected"]
    assert lm.calls == 2 + 2 * 3 + 3 * 2


def test_equal_scores_everywhere_and_a_meta_judge_that_prefers_a_place_give_no_pair():
    assert run(judging(((3,), (3,))))[0].rejected == {("judgements", "every judgement gives the same score"): 1}
    assert run(judging(place="first"))[0].rejected == {("judgements", "no judgement stands out"): 1}


def test_a_chosen_judgement_that_is_too_long_is_dropped():
    assert run(longest=5)[0].rejected == {("judgements", "the chosen judgement is too long"): 1}
