"""Verify, then revise (097, 134, 117): revise only what was judged wrong, stop at the first right."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.refine import VerifyThenRevise
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout

from .scripts import Scores, line, prompts, says


class TestSelfRewardingCorrection(ProgramContract):
    method = "self-rewarding-correction"

    def make(self, task):
        return VerifyThenRevise(task)


class TestReVISE(ProgramContract):
    method = "revise"

    def make(self, task):
        return VerifyThenRevise(task, verify="chance")


class TestSTaSC(ProgramContract):
    method = "stasc"

    def make(self, task):
        return VerifyThenRevise(task, verify="no")


class TestVerifyThenReviseInThreeRounds(ProgramContract):
    def make(self, task):
        return VerifyThenRevise(task, rounds=3, select="last")


def solved(answers, verdicts, **settings):
    lm = says(shouted=list(answers), correct=list(verdicts), reason="Because.")
    with dspy.context(lm=lm):
        return VerifyThenRevise(Shout, **settings)(word="tree"), lm


def test_a_verifier_that_always_says_right_leaves_plain_generation():
    found, lm = solved(["a"], [True])
    assert (found.shouted, found.refined, found.verdicts, lm.calls) == ("a", False, [True], 2)


def test_it_stops_at_the_first_right():
    found, lm = solved(["a", "b"], [False, True], rounds=5)
    assert (found.shouted, found.verdicts, found.attempts, lm.calls) == ("b", [False, True], ["a", "b"], 4)


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_there_are_never_more_attempts_than_allowed(rounds):
    found, _ = solved([str(number) for number in range(9)], [False] * 9, rounds=rounds)
    assert len(found.attempts) == rounds + 1


def test_an_unreadable_verdict_keeps_the_answer():
    def script(messages, **settings):
        return "hm" if "correct" in answer_fields(messages) else {"shouted": "a"}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        found = VerifyThenRevise(Shout, rounds=3)(word="tree")
    assert (found.shouted, found.verdicts, found.refined, found.confidence) == ("a", [None], False, None)


def test_a_revision_that_is_judged_wrong_too_is_not_returned():
    assert solved(["a", "b"], [False, False])[0].shouted == "a"
    assert solved(["a", "b"], [False], select="last")[0].shouted == "b"


def test_the_reviser_is_told_that_the_answer_was_judged_wrong_and_why():
    _, lm = solved(["a", "b"], [False, True])
    revision = prompts(lm, "shouted")[1]
    assert line(revision, "draft") == "a"
    assert "Because." in revision and "judged wrong" in revision


def by_chance(chances, **settings):
    """Answers `a`, `b`, ...; the model gives these chances of being right to them."""
    answers, left = iter("abcdef"), iter(chances)

    def script(messages, **asked):
        if "correct" in answer_fields(messages):
            chance = next(left)
            return {"correct": chance > 0.5}, {"correct": {"true": chance, "false": 1 - chance}}
        return {"shouted": next(answers)}

    with dspy.context(lm=FakeLM(script)):
        return VerifyThenRevise(Shout, verify="chance", **settings)(word="tree")


def test_the_confidence_is_the_chance_of_right():
    found = by_chance([0.9])
    assert (found.shouted, found.refined) == ("a", False)
    assert found.confidence == pytest.approx(0.9)


def test_below_the_certainty_the_answer_is_revised_and_the_surer_one_returned():
    assert by_chance([0.6]).refined is False
    assert by_chance([0.6, 0.9], certainty=0.8).shouted == "b"
    assert by_chance([0.6, 0.3], certainty=0.8).shouted == "a"
    assert by_chance([0.4, 0.4]).shouted == "a"


def test_without_a_verifier_there_is_one_correction_and_no_critic():
    found, lm = solved(["a", "b"], [], verify="no")
    assert (found.shouted, lm.calls, found.verdicts, found.confidence) == ("b", 2, [None, None], None)
    assert "problems" not in prompts(lm, "shouted")[1]


def test_a_verifier_of_ones_own_is_asked():
    judge = Scores(Shout, lambda text: float(text == "b"))
    assert solved(["a", "b"], [], judge=judge)[0].shouted == "b"
    assert judge.asked == ["a", "b"]


@pytest.mark.parametrize(
    "settings",
    [{"verify": "twice"}, {"certainty": 1.5}, {"certainty": True}, {"select": "newest best"},
     {"verify": "no", "judge": Scores(Shout, len)}],
)  # fmt: skip
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError):
        VerifyThenRevise(Shout, **settings)
