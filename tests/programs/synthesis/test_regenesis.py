"""ReGenesis: planned solutions that are right, at most so many of a question."""

from collections import Counter

import dspy

from selftaught.programs.synthesis.regenesis import PlannedSolutions
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from selftaught.testing.samples import obliging
from tests.programs.synthesis.test_sample_verify_keep import SUMS

SECRET = "Draw a picture"


def planning(right=lambda hinted, number: True, reasoning="First add. Then write {}."):
    counted = Counter()

    def script(messages, **settings):
        text = str(messages[-1]["content"])
        first = next(word for word in text.split() if word.isdigit())
        hinted = '"hint"' in str(messages) or "hint" in str(messages[0]["content"])
        mark = str(settings.get("rollout_id"))
        if "answer" not in answer_fields(messages):
            known = {"chosen": [1], "adapted": [f"{SECRET} for {mark}"], "plan": [f"{SECRET} by {mark}", "Add"]}
            return obliging(messages, **settings) | {name: known[name] for name in answer_fields(messages) if name in known}
        counted[first] += 1
        answer = str(2 * int(first) + 1) if right(hinted, counted[first]) else "0.5"
        return {"reasoning": reasoning.format(mark), "answer": answer}

    return script


def run(script, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return PlannedSolutions(SUMS[:2], **{"samples": 4, **settings}).run(progress=False), lm


class TestPlannedSolutions(SynthesisContract):
    method = "regenesis-rows"

    def make(self):
        return PlannedSolutions(SUMS[:4], samples=2)

    def script(self, messages, **settings):
        return planning()(messages, **settings)


def test_at_most_so_many_right_solutions_of_a_question_and_the_row_is_the_bare_question():
    found, _ = run(planning(), most=3)
    assert Counter(row["question"] for row in found.rows) == {"0 plus 1": 3, "1 plus 2": 3}
    assert found.rejected == {("quota", "more than 3 of one question"): 2}
    assert not any(SECRET in str(row.values) for row in found.rows)
    assert all(row["right"] for row in found.rows)


def test_where_nothing_is_right_the_plan_sees_the_answer_and_the_row_says_so():
    found, _ = run(planning(lambda hinted, number: hinted), tries=2)
    assert {row["source"] for row in found.rows} == {"answer"}
    assert Counter(row["question"] for row in found.rows) == {"0 plus 1": 1, "1 plus 2": 1}
    assert all("hint" not in str(row.values) for row in found.rows)
    early, _ = run(planning(lambda hinted, number: hinted, "It is 1 or 3. Then {}."), tries=2)
    assert early.rows == []


def test_short_long_and_refusing_solutions_are_dropped_with_the_reason():
    for text, reason in (
        ("{}", "fewer than 2 steps"),
        ("Sorry, I cannot. Not {}.", "a refusal"),
        ("Add. " * 700 + "{}", "too long"),
    ):
        found, _ = run(planning(reasoning=text))
        assert found.rows == []
        assert set(found.rejected) == {("form", reason)}
