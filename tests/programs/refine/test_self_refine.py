"""SELF's inference (025): feedback with a verdict, and one revision where it is negative."""

from selftaught.programs import SelfRefine
from selftaught.testing import ProgramContract
from selftaught.testing.samples import Shout
from tests.programs.test_refine import run, story


class TestSelfLanguageFeedback(ProgramContract):
    method = "self-language-feedback"

    def make(self, task):
        return SelfRefine(task, select="last")


SELF = SelfRefine(Shout, select="last")


def test_a_positive_first_verdict_skips_the_revision():
    lm = story(["one"], [[]])
    assert run(SELF, lm).shouted == "one"
    assert lm.calls == 2


def test_a_negative_one_leads_to_one_revision_and_three_calls():
    lm = story(["one", "two"], [["bad"]])
    assert run(SELF, lm).shouted == "two"
    assert lm.calls == 3
    assert SELF.cost().at_most == 3
