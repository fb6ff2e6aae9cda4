"""Critiques that lead to the right answer, as many of right as of wrong solutions."""

import dspy
import pytest

from selftaught.programs.synthesis.balance import Balanced
from selftaught.programs.synthesis.critic_rows import CriticRows
from selftaught.programs.synthesis.row import Row
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

SUMS = [{"question": f"{i} plus {i}", "reasoning": f"REFERENCE {i}.", "answer": str(2 * i)} for i in range(2, 6)]


def critic(finds=lambda wrong: 1 if wrong else 0, mends=True):
    """Solves rightly in every even sample; finds what `finds` says of a wrong or right solution; mends or not."""

    def script(messages, **settings):
        text, asked = str(messages[-1]["content"]), answer_fields(messages)
        first = next(word for word in text.split() if word.isdigit())
        right = str(2 * int(first))
        if "problems" in str(messages[0]["content"]).lower() and "answer" in asked:
            said = {"reasoning": "Mended. Again.", "answer": right if mends else "0.5"}
        elif "first_wrong" in asked:
            steps = text.split("steps")[-1]
            said = {"reason": f"I looked at {first}.", "first_wrong": finds("0.5" in steps)}
        elif "analysis" in asked:
            said = {"analysis": ["Double it."]}
        else:
            number = int(str(settings.get("rollout_id") or "draw0").split("draw")[1].split("retry")[0])
            said = {"reasoning": f"Sample {number}. Done.", "answer": "0.5" if number % 2 else right}
        return {name: said[name] for name in asked}

    return script


def run(script, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return CriticRows(SUMS, **{"samples": 2, **settings}).run(progress=False), lm


class TestCriticRows(SynthesisContract):
    method = "scrit-rows"

    def make(self):
        return CriticRows(SUMS, samples=2)

    def script(self, messages, **settings):
        return critic()(messages, **settings)


def test_kept_critiques_lead_to_the_right_answer_and_hold_no_reference():
    found, lm = run(critic())
    assert len(found.rows) == 8
    assert [row["solution_right"] for row in found.rows] == [True, False] * 4
    for row in found.rows:
        assert row["correction"].endswith(f"answer: {2 * int(row['question'].split()[0])}")
        assert (row["first_wrong"] == 0) == row["solution_right"]
        assert "REFERENCE" not in str(row.values)
    assert any("REFERENCE" in str(request) for request in lm.requests)


def test_a_critique_that_blames_a_right_or_passes_a_wrong_solution_is_dropped():
    found, _ = run(critic(lambda wrong: 1), balanced=False)
    assert found.rejected == {("criticise", "it blames a right answer"): 4}
    found, _ = run(critic(lambda wrong: 0), balanced=False)
    assert found.rejected == {("criticise", "it passes a wrong answer"): 4}


def test_a_correction_that_misses_the_answer_drops_the_critique_and_the_balance_its_counterpart():
    found, _ = run(critic(mends=False))
    assert found.rows == []
    assert found.rejected == {
        ("criticise", "its correction is not right"): 4,
        ("balance", "enough rows with solution_right=True"): 4,
    }


def test_without_the_reference_the_critic_does_not_see_it():
    _, lm = run(critic(), reference=False)
    assert not any("REFERENCE" in str(request) for request in lm.requests)


@pytest.mark.parametrize("classes", ["aab", "abab", "bbbba", "aaaa"])
def test_the_balance_keeps_as_many_of_each_class_over_all_rounds(classes):
    gate, kept = Balanced("kind", ("a", "b")), []
    for part in (classes[:2], classes[2:]):
        kept += [
            kind for kind, reason in zip(part, gate.decide([Row({"kind": kind}) for kind in part]), strict=True) if not reason
        ]
    assert kept.count("a") == kept.count("b")
    assert bool(kept) == any({"a", "b"} <= set(part) for part in (classes[:2], classes[2:]))
