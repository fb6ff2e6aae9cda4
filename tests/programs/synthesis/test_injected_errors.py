"""Injected errors: one number differs, nothing before it, and the correction ends right."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.injected_errors import InjectedErrors, broken
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from tests.programs.synthesis.test_sample_verify_keep import SUMS, RightAnswers

REASONING = "There are 12 eggs. She eats 3, so 9 are left.\nAt 2 dollars each she gets 18."
ASKED = "There are 12 eggs, 3 are eaten, the others are sold at 2 dollars."


class TestInjectedErrors(RightAnswers, SynthesisContract):
    method = "injected-errors"

    def make(self):
        return InjectedErrors(SUMS, samples=3)


@pytest.mark.parametrize("seed", range(30))
def test_the_two_differ_in_one_number_and_end_with_its_step(seed):
    found = broken(REASONING, ASKED, str(seed))
    right, wrong = found.right.split(), found.wrong.split()
    assert len(right) == len(wrong)
    assert sum(one != other for one, other in zip(right, wrong, strict=True)) == 1
    assert REASONING.startswith(found.right)
    steps = ["There are 12 eggs.", "She eats 3, so 9 are left.", "At 2 dollars each she gets 18."]
    assert found.right.endswith(tuple(steps))
    assert found.rest.startswith(tuple(steps))
    assert found.rest.endswith(steps[-1])
    assert found.right.rpartition(found.rest.partition(".")[0])[1]  # the step that is put right is the one that was broken


def test_a_step_that_begins_with_its_number_is_put_right_alone():
    assert broken("She has some\n5 and 3 make eight", "", "").rest == "5 and 3 make eight"


@pytest.mark.parametrize("seed", range(20))
def test_numbers_that_count_the_steps_stay(seed):
    listed = "We work in two steps:\n\n1. **Count**: there are 12 eggs.\n2) Take 3 away.\nStep 3: the rest is 9."
    found = broken(listed, "", str(seed))
    assert [line.split()[0] for line in found.wrong.splitlines() if line][1:] == ["1.", "2)", "Step"][
        : found.wrong.count("\n") - 1
    ]
    assert "3:" in found.wrong or "Step" not in found.wrong
    assert found.rest.split()[0] in ("1.", "2)", "Step")
    assert broken("1. So it is.\n2. So it stays.", "", str(seed)) is None


def test_the_kind_says_whether_the_number_stood_in_the_input():
    kinds = {broken(REASONING, ASKED, str(seed)).kind for seed in range(30)}
    assert kinds == {"representation", "execution"}
    assert broken("Five is 5.", "Is it 5?", "").kind == "representation"
    assert broken("Five is 5.", "Is it 50?", "").kind == "execution"
    assert broken("Five.", "", "") is None


def run(script, **settings):
    with dspy.context(lm=FakeLM(script)):
        return InjectedErrors([{"question": ASKED, "answer": "18"}], samples=3, **settings).run(progress=False)


def solving(*answers):
    def script(messages, **settings):
        turn = str(settings.get("rollout_id"))
        number = int(turn.split("draw")[1].split("retry")[0])
        said = {"reasoning": f"{REASONING} Way {'abc'[number]}.", "answer": answers[number]}
        return {name: said[name] for name in answer_fields(messages)}

    return script


def test_only_right_solutions_are_broken_and_the_correction_ends_with_the_answer():
    found = run(solving("17", "18", "18"), most=5)
    assert len(found.rows) == 2
    for row in found.rows:
        assert "Way a" not in row["output"]
        assert row["output"] == f"{row['wrong_partial']}\nWait. {row['correction']}"
        assert row["correction"].endswith("\nanswer: 18")
        assert row["answer"] == "18"
    assert len(run(solving("17", "18", "18")).rows) == 1


def test_what_cannot_be_broken_says_why():
    assert set(run(solving("1", "2", "3")).rejected) == {("inject", "no answer is right")}
    wordy = run(lambda messages, **settings: {"reasoning": "So it is.", "answer": "18"})
    assert set(wordy.rejected) == {("inject", "no number in the reasoning")}
    for settings in ({"marker": " "}, {"most": 0}):
        with pytest.raises(SettingError):
            InjectedErrors(SUMS, **settings)
