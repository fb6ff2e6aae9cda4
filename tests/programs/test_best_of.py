"""Best of n: the contract, and that the judged best is returned."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs import BestOf, Predict
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout


class TestBestOf(ProgramContract):
    method = "best-of"

    def make(self, task):
        return BestOf(task)


class TestPredict(ProgramContract):
    def make(self, task):
        return Predict(task)


class Table(Judge):
    """Scores answers by a table; what is not in it is undetermined."""

    SCORES = {"good": 0.9, "fair": 0.5, "also fair": 0.5, "bad": 0.1}  # noqa: RUF012

    async def verdict(self, inputs, outputs):
        return Verdict(score=self.SCORES.get(outputs["shouted"]))


def best(answers):
    def script(messages, **settings):
        number = str(settings.get("rollout_id") or "draw0").rpartition("draw")[2]
        return {"shouted": answers[int(number)]}

    with dspy.context(lm=FakeLM(script)):
        return BestOf(Shout, samples=len(answers), judge=Table(Shout))(word="tree")


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [(["bad", "good", "fair"], "good"), (["fair", "also fair"], "fair"), (["odd", "bad"], "bad"), (["odd", "strange"], "odd")],
)
def test_the_best_score_wins_the_first_on_ties_and_undetermined_never_beats_a_score(answers, chosen):
    assert best(answers).shouted == chosen


def test_one_sample_is_the_programs_own_answer():
    found = best(["bad"])
    assert (found.shouted, found.scores) == ("bad", [0.1])


def test_no_samples_are_refused():
    with pytest.raises(SettingError, match="samples"):
        BestOf(Shout, samples=0)
