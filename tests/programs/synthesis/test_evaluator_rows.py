"""Judgements of constructed pairs: right ones only, and balanced."""

from collections import Counter

import dspy

from selftaught.programs.synthesis.evaluator_rows import EvaluatorRows
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

EXAMPLES = [{"question": f"Name animal {i}."} for i in range(6)]


def judging(wrong=lambda number, good_first: number % 3 == 2, changes=True):
    """Writes good and bad answers; its n-th judgement is wrong where `wrong` says so."""

    def script(messages, **settings):
        text, asked = str(messages[-1]["content"]), answer_fields(messages)
        turn = str(settings.get("rollout_id") or "draw0")
        if "better" in asked:
            number = int(turn.split("draw")[1].split("retry")[0])
            good_first = text.index("GOOD") < text.index("BAD")
            right = "first" if good_first else "second"
            other = {"first": "second", "second": "first"}[right]
            said = {"reason": f"Look {turn}.", "better": other if wrong(number, good_first) else right}
        elif "question" in asked:
            said = {
                "question": f"Name plant {len(text)}." if changes else text.split("Input: ")[1].splitlines()[0],
                "answer": f"BAD {len(text)}",
            }
        else:
            said = {"answer": f"GOOD for {text[:20]}"}
        return {name: said[name] for name in asked}

    return script


def run(script, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return EvaluatorRows(EXAMPLES, **{"samples": 3, **settings}).run(progress=False), lm


class TestEvaluatorRows(SynthesisContract):
    method = "self-taught-evaluator-rows"

    def make(self):
        return EvaluatorRows(EXAMPLES, samples=3)

    def script(self, messages, **settings):
        return judging()(messages, **settings)


def test_every_judgement_is_right_by_construction_and_both_places_win_as_often():
    found, lm = run(judging())
    assert Counter(row["better"] for row in found.rows) == {"first": 6, "second": 6}
    for row in found.rows:
        assert row[row["better"]].startswith("GOOD")
        assert row["chosen"].endswith(f"better: {row['better']}")
        assert not row["rejected"].endswith(f"better: {row['better']}")
        assert row["share_right"] == 2 / 3
        assert row["consistent"]
    assert lm.calls == 6 * (2 + 2 * 3)


def test_an_item_is_there_in_both_orders_or_in_neither():
    found, _ = run(judging(lambda number, good_first: good_first))  # always says second
    assert found.rows == []
    assert found.rejected == {("judge", "too few judgements are right"): 6}
    assert run(judging(), least_share=0.8)[0].rows == []


def test_a_known_good_answer_is_used_and_a_copy_gives_no_pair():
    with dspy.context(lm=FakeLM(judging())):
        found = EvaluatorRows([{**EXAMPLES[0], "answer": "GOOD given"}], samples=2).run(progress=False)
    assert [row[row["better"]] for row in found.rows] == ["GOOD given"] * 2
    copied, _ = run(judging(changes=False))
    assert copied.rows == []
    assert copied.rejected == {("construct", "failed: AnswerError"): 6}


def test_without_a_wrong_judgement_there_is_none_to_avoid():
    found, _ = run(judging(lambda number, good_first: False))
    assert {row["rejected"] for row in found.rows} == {None}
