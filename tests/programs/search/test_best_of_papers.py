"""The papers on best of n: one checklist for all (142), selective answering (038), sharpening (078)."""

import math

import dspy
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs import BestOf, Predict
from selftaught.programs.judge.base import Judge
from selftaught.programs.search.likelihood import likelihood_of
from selftaught.programs.search.selective import Selective, risk_coverage
from selftaught.programs.search.sharpen import Sharpen
from selftaught.registry import registrations
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestTickBestOf(ProgramContract):
    method = "tick-best-of"

    def make(self, task):
        return BestOf(task, **registrations()["tick-best-of"].arguments)


class TestSelective(ProgramContract):
    method = "self-j-selective"

    def make(self, task):
        return Selective(task, least=0.0)  # the scripted models give themselves the lowest score


class TestSelectiveWithAnother(ProgramContract):
    method = "self-j-selective"

    def make(self, task):
        return Selective(task, least=0.9, otherwise=Predict(task))


class TestSelfJBestOf(ProgramContract):
    method = "self-j-best-of"

    def make(self, task):
        return Selective(task, **registrations()["self-j-best-of"].arguments)


class TestSharpen(ProgramContract):
    method = "sharpening"

    def make(self, task):
        return Sharpen(task)


class TestSharpenEarly(ProgramContract):
    method = "sharpening"

    def make(self, task):
        return Sharpen(task, early=True, reasoning=True)


class Table(Judge):
    """Scores answers by a table; None is undetermined, and what is not in it makes the judge fail."""

    def __init__(self, task, table):
        super().__init__(task)
        self.table = table

    async def verdict(self, inputs, outputs):
        if outputs["shouted"] not in self.table:
            raise CallError("the judge is gone")
        return Verdict(score=self.table[outputs["shouted"]])


def place(settings):
    """The number of a draw; 0 is the program's own answer."""
    return int(str(settings.get("rollout_id") or "draw0").rpartition("draw")[2])


def saying(answers):
    def script(messages, **settings):
        said = answers[place(settings)]
        return "garbage" if said is None else {"shouted": said}

    return FakeLM(script)


# 142


def checking(passed):
    """A model that answers, writes a checklist, and passes answers by a table of the words in its questions."""

    def script(messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        if asked == ["requirements"]:
            return {"requirements": ["Is it very loud?", "Is it very short?"]}
        if asked == ["satisfied"]:
            says_no = "breaks the requirement" in str(messages[0]["content"])
            fine = any(word in text for word in passed[next(answer for answer in passed if f"draft: {answer}" in text)])
            return {"satisfied": "yes" if fine != says_no else "no"}
        return {"shouted": list(passed)[place(settings)]}

    return FakeLM(script)


def test_one_checklist_judges_all_and_the_best_pass_rate_is_returned():
    lm = checking({"NONE": [], "BOTH": ["loud", "short"], "HALF": ["loud"]})
    with dspy.context(lm=lm):
        found = BestOf(Shout, samples=3)(word="tree")
    assert (found.shouted, found.scores) == ("BOTH", [0.0, 1.0, 0.5])
    assert sum(answer_fields(one) == ["requirements"] for one in lm.requests) == 1
    assert lm.calls == 3 + 1 + 3 * 2 * 2


def test_a_judge_that_fails_on_one_answer_leaves_it_undetermined():
    with dspy.context(lm=saying(["lost", "good"])):
        found = BestOf(Shout, samples=2, judge=Table(Shout, {"good": 0.1}))(word="tree")
    assert (found.shouted, found.scores) == ("good", [None, 0.1])
    with dspy.context(lm=saying(["lost", "lost"])), pytest.raises(CallError, match="gone"):
        BestOf(Shout, samples=2, judge=Table(Shout, {}))(word="tree")


# 038


def selecting(answers, table, **settings):
    with dspy.context(lm=saying(answers)):
        return Selective(Shout, samples=len(answers), judge=Table(Shout, table), **settings)(word="tree")


TABLE = {"bad": 0.1, "fair": 0.5, "good": 0.9, "odd": None}


@pytest.mark.parametrize("said", ["bad", "fair", "good"])
def test_raising_the_threshold_never_raises_the_coverage(said):
    declined = [selecting([said], TABLE, least=least / 20).declined for least in range(21)]
    assert declined == sorted(declined)
    assert declined == [TABLE[said] < least / 20 for least in range(21)]


def test_what_is_declined_is_withheld_not_lost():
    found = selecting(["bad"], TABLE)
    assert (found.shouted, found.withheld, found.declined, found.scores) == (None, {"shouted": "bad"}, True, [0.1])


def test_an_undetermined_score_is_declined_where_there_is_a_threshold():
    assert selecting(["odd"], TABLE, least=0.01).declined
    assert selecting(["odd"], TABLE, least=0.0).shouted == "odd"


def test_best_of_one_is_the_only_sample_and_the_best_of_several_the_highest_score():
    assert selecting(["bad"], TABLE, least=0.0).shouted == "bad"
    assert selecting(["bad", "good", "fair"], TABLE).shouted == "good"


def test_the_expected_score_decides_not_the_most_likely_one():
    def script(messages, **settings):
        if answer_fields(messages) == ["score"]:
            return {"score": 3}, {"score": {"3": 0.6, "9": 0.4}}
        return {"shouted": "TREE"}

    with dspy.context(lm=FakeLM(script)):
        found = Selective(Shout, least=0.5)(word="tree")
    assert (found.shouted, found.scores) == ("TREE", [pytest.approx(5.4 / 9)])


def test_what_is_declined_is_handed_on():
    other = Predict(Shout)
    other.set_lm(FakeLM(lambda messages, **settings: {"shouted": "OTHER"}))
    found = selecting(["bad"], TABLE, otherwise=other)
    assert (found.shouted, found.declined, found.handed_on, found.withheld) == ("OTHER", False, True, {"shouted": "bad"})
    assert not selecting(["good"], TABLE, otherwise=other).handed_on
    assert other.lm.calls == 1
    cost = Selective(Shout, otherwise=other).cost()
    assert (cost.at_least, cost.at_most) == (2, 3)


def test_the_risk_coverage_curve_counts_what_a_threshold_gives():
    scores, good = [0.2, 0.9, 0.5, 0.5], [False, True, True, False]
    found = [(point.least, point.coverage, point.risk) for point in risk_coverage(scores, good)]
    assert found == [(0.2, 1.0, 0.5), (0.5, 0.75, pytest.approx(1 / 3)), (0.9, 0.25, 0.0)]
    with pytest.raises(SettingError, match="label"):
        risk_coverage([0.1], [])


# 078


def likely(answers, chances, **settings):
    """A model whose draws say these answers with these probabilities; None: it gives none."""

    def script(messages, **asked):
        said, chance = answers[place(asked)], chances[place(asked)]
        return ({"shouted": said}, {"shouted": {said: chance}}) if chance is not None else {"shouted": said}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return Sharpen(Shout, **{"samples": len(answers), **settings})(word="tree"), lm


def test_the_likeliest_answer_is_returned_the_first_on_ties():
    assert likely(["a", "b", "c"], [0.2, 0.6, 0.3])[0].shouted == "b"
    found, _ = likely(["a", "b", "c"], [0.2, 0.4, 0.4])
    assert (found.shouted, found.chosen, found.reward) == ("b", 1, "likelihood")
    assert found.scores == [pytest.approx(math.log(chance)) for chance in (0.2, 0.4, 0.4)]


def test_one_sample_is_plain_generation():
    found, lm = likely(["a"], [0.1])
    plain = FakeLM(lambda messages, **settings: {"shouted": "a"})
    with dspy.context(lm=plain):
        assert Predict(Shout)(word="tree").shouted == found.shouted
    assert plain.requests == lm.requests


def test_the_reward_of_the_result_never_falls_with_more_samples():
    chances = [0.3, 0.1, 0.35, 0.2, 0.6, 0.5]
    best = []
    for samples in range(1, 7):
        found, _ = likely("abcdef", chances, samples=samples)
        best.append(max(found.scores))
        assert found.scores[found.chosen] == best[-1]
    assert best == sorted(best)


def test_the_likelihood_is_of_all_tokens_and_its_mean_is_the_normalised_one():
    tokens = {"content": [{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -3.0}]}
    assert likelihood_of(tokens) == (-4.0, 2)
    assert likelihood_of({"content": [{"token": "a"}, {"token": "b", "logprob": -3.0}]})[0] is None
    assert likelihood_of(None)[0] is None
    found, _ = likely(["a", "b"], [0.25, 0.5], reward="normalised")
    assert found.scores == [pytest.approx(math.log(0.25) / 3), pytest.approx(math.log(0.5) / 3)]


@pytest.mark.parametrize("chances", [[None] * 4, [0.1, None, 0.9, 0.1]])
def test_without_log_probabilities_the_vote_decides(chances):
    found, lm = likely(["a", "b", "c", "b"], chances)
    assert (found.shouted, found.reward, found.scores, lm.calls) == ("b", "vote", [0.25, 0.5, 0.25, 0.5], 4)


def test_a_model_that_refuses_log_probabilities_is_asked_without_them():
    def script(messages, **settings):
        if settings.get("logprobs"):
            raise CallError("logprobs are not supported here")
        return {"shouted": ["a", "b", "b"][place(settings)]}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        assert Sharpen(Shout, samples=3)(word="tree").shouted == "b"
        before = lm.calls
        assert Sharpen(Shout, samples=3)(word="oak").shouted == "b"
    assert lm.calls == before + 3


def test_an_answer_likelier_than_all_others_together_ends_the_drawing():
    found, lm = likely(["a", "b", "c"], [0.5, 0.4, 0.45], early=True)
    assert (found.shouted, lm.calls) == ("a", 1)
    found, lm = likely(["a", "b", "c"], [0.49, 0.4, 0.5], early=True)
    assert (found.shouted, lm.calls) == ("c", 3)
    cost = Sharpen(Shout, samples=3, early=True).cost()
    assert (cost.at_least, cost.at_most) == (1, 3)


def test_an_early_first_answer_that_fails_leaves_the_others():
    def script(messages, **settings):
        return "garbage" if "draw" not in str(settings.get("rollout_id")) else {"shouted": "b"}

    def only_first(messages, **settings):
        return {"shouted": "a"} if "draw" not in str(settings.get("rollout_id")) else "garbage"

    for one, said in ((script, "b"), (only_first, "a")):
        with dspy.context(lm=FakeLM(one)):
            assert Sharpen(Shout, samples=3, early=True)(word="tree").shouted == said


def test_bad_settings_are_refused():
    for settings in ({"reward": "gold"}, {"samples": 0}, {"early": True, "reward": "vote"}):
        with pytest.raises(SettingError):
            Sharpen(Shout, **settings)
    with pytest.raises(SettingError, match="least"):
        Selective(Shout, least=2)
