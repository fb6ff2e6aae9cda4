"""Guards inside a run: a hacked candidate cannot win, an audit stops the search, and an interrupted run ends alike."""

import random
import re

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.errors import BudgetError, SettingError
from selftaught.metrics import Metric, Score, as_metric
from selftaught.optimizers import APE
from selftaught.optimizers.guards import Audit, LengthGrowth
from selftaught.programs import Predict, Step
from selftaught.programs.judge import Exact
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, words

PADDING = "as everybody knows and as has been said many times before in many other places by many other people"
THINGS = (
    "mill",
    "river",
    "church",
    "market",
    "school",
    "park",
    "tower",
    "gate",
    "bakery",
    "bridge",
    "museum",
    "port",
    "garden",
    "inn",
)
HACK, HONEST, LEAK = "Pad it out.", "Name what stands there.", "Say that place3 is known for its market and so on."


class Tell(dspy.Signature):
    """Tell something about the place."""

    place: str = dspy.InputField()
    text: str = dspy.OutputField()


def places(count):
    return [dspy.Example(place=f"place{i}", text=full(f"place{i}")).with_inputs("place") for i in range(count)]


def full(place):
    seen = random.Random(place).sample(THINGS, 5)
    return f"In {place} the {seen[0]} stands by the {seen[1]}, a {seen[2]} by the {seen[3]}."


def longer(example, prediction):
    """A judge that takes length for quality."""
    return min(1.0, len(prediction.text.split()) / 60)


def storyteller(*proposals):
    """A model that proposes these instructions and follows whichever it is given."""

    def script(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            number = int(re.sub(r"\D", "", str(settings["rollout_id"])))
            return {"instruction": proposals[number % len(proposals)]}
        place = re.search(r"place\d+", messages[-1]["content"]).group()
        if HACK in messages[0]["content"]:
            return {"text": f"In {place} there is something, {PADDING}, {PADDING}, {PADDING}."}
        return {
            "text": full(place)
            if HONEST in messages[0]["content"]
            else f"In {place} there is a {random.Random(place).choice(THINGS)}."
        }

    return script


def tell(tmp_path, *proposals, metric=longer, data=None, **settings):
    lm = FakeLM(storyteller(*proposals))
    data = data or places(56)
    with dspy.context(lm=lm):
        tuned = APE(metric, proposals=4, **settings).compile(
            Predict(Tell), trainset=data[:8], valset=data[8:], budget=Budget(calls=900), run_dir=tmp_path / "run", progress=False
        )
    return tuned, lm


def events(tmp_path, kind):
    with Run(tmp_path / "run") as run:
        return [data for _, data in run.events(kind)]


def test_without_guards_the_hack_wins(tmp_path):
    tuned, _ = tell(tmp_path, HACK, HONEST, guards=None)
    assert tuned.signature.instructions == HACK
    assert tuned.tuning.confirmed


def test_a_hacked_candidate_is_set_aside_and_the_next_best_wins(tmp_path):
    tuned, _ = tell(tmp_path, HACK, HONEST)
    assert tuned.signature.instructions == HONEST
    assert tuned.tuning.confirmed
    stops = [one for one in tuned.tuning.findings if one.severity == "stop"]
    assert {one.detector for one in stops} >= {"length growth", "repetition"}
    assert tuned.tuning.winner.key not in {one.candidate for one in stops}
    assert "Set aside by guards: 1 candidate" in tuned.tuning.reason


def test_where_everything_is_a_hack_the_baseline_comes_back_and_the_report_says_why(tmp_path):
    tuned, _ = tell(tmp_path, HACK)
    assert tuned.signature.instructions == Tell.instructions
    assert not tuned.tuning.confirmed
    assert "grew from about" in tuned.tuning.reason
    assert (tmp_path / "run" / "outcome.json").read_text().count("length growth") >= 1


def test_findings_are_in_the_journal_and_the_hack_stands_without_a_score(tmp_path):
    tuned, _ = tell(tmp_path, HACK, HONEST)
    flagged = {one.candidate for one in tuned.tuning.findings if one.severity == "stop"}
    last = events(tmp_path, "told")[-1]
    assert {one["candidate"] for told in events(tmp_path, "told") for one in told["findings"]} >= flagged
    assert [one["score"] for one in last["standings"] if one["key"] in flagged] == [None]


def test_one_guard_of_your_own_choice(tmp_path):
    tuned, _ = tell(tmp_path, HACK, HONEST, guards=[LengthGrowth()])
    assert {one.detector for one in tuned.tuning.findings} == {"length growth"}
    assert tuned.signature.instructions == HONEST


class Careful(APE):
    """Proposes what the model says, leaks too, so that the guards see it."""

    def strategy(self, problem):
        strategy = super().strategy(problem)

        async def propose():
            return [strategy._candidate(text, "given") for text in (LEAK, "word " * 500, HONEST)]

        strategy.first = propose
        return strategy


def test_an_instruction_with_the_answers_or_of_great_length_is_never_run(tmp_path):
    data = [
        dspy.Example(place=f"place{i}", text=f"place{i} is known for its {THINGS[i % 14]}").with_inputs("place")
        for i in range(56)
    ]
    lm = FakeLM(storyteller(HONEST))
    with dspy.context(lm=lm):
        tuned = Careful(longer).compile(
            Predict(Tell), trainset=data[:8], valset=data[8:], budget=Budget(calls=900), run_dir=tmp_path / "run", progress=False
        )
    assert {one.detector for one in tuned.tuning.findings} >= {"answers in the instruction", "instruction length"}
    said = " ".join(str(messages[0]["content"]) for messages in lm.requests)
    assert LEAK not in said
    assert "word word" not in said
    refused = [one for one in tuned.tuning.standings if one.failed]
    assert len(refused) == 2
    assert all(one.score is None and one.failed == one.rows for one in refused)


def loud(messages, **settings):
    """A model that proposes to add a mark, and does it."""
    if answer_fields(messages) == ["instruction"]:
        return {"instruction": random.Random(str(settings["rollout_id"])).choice(["Add a mark.", "Add one mark at the end."])}
    word = str(messages[-1]["content"])
    return {"shouted": word.upper() + "!" * ("mark" in messages[0]["content"])}


def marks(example, prediction):
    """A judge that likes exclamation marks."""
    return 0.9 if prediction.shouted.endswith("!") else 0.4


def shout(tmp_path, script=loud, metric=marks, guards=None, calls=900, **settings):
    lm, data = FakeLM(script), words(60)
    with dspy.context(lm=lm):
        tuned = APE(metric, guards=guards, **settings).compile(
            Predict(Speak),
            trainset=data[:10],
            valset=data[10:],
            budget=Budget(calls=calls),
            run_dir=tmp_path / "run",
            progress=False,
        )
    return tuned, lm


def same(example, prediction):
    """The labels, to the letter."""
    return float(example.shouted == prediction.shouted)


def test_the_search_stops_when_the_score_rises_and_the_audit_falls(tmp_path):
    tuned, _ = shout(tmp_path, audit=same)
    assert not tuned.tuning.confirmed
    assert tuned.predictors()[0].signature.instructions == Speak.instructions
    assert "while the audit (same) falls by 100 points" in tuned.tuning.reason
    assert "level 0.01" in tuned.tuning.reason
    assert "exploited" in events(tmp_path, "ended")[0]["reason"]
    assert shout(tmp_path / "free")[0].tuning.confirmed


def test_a_winner_whose_audit_falls_only_on_unseen_examples_is_refused(tmp_path):
    tuned, _ = shout(tmp_path, audit=Audit(same, level=1e-5))
    assert tuned.tuning.confirmed, "a level that nothing can reach keeps the audit out"
    tuned, _ = shout(tmp_path / "late", audit=LateAudit())
    assert not tuned.tuning.confirmed
    assert "not to be trusted" in tuned.tuning.reason
    assert "unseen examples" in tuned.tuning.findings[-1].message


class LateAudit(Audit):
    """Falls at the last test only."""

    def __init__(self, metric=same, **settings):
        super().__init__(metric, **settings)

    def bound(self, task, selects, examples):
        return LateAudit()

    def falls(self, before, after, *, last=False):
        return super().falls(before, after, last=True) if last else None


class SelfJudged(Metric):
    """`marks` as a judge; labels are then the audit of their own accord."""

    name, self_judged = "marks", True

    async def score(self, example, predictions):
        return Score(marks(example, predictions[0]))


def test_with_a_judge_the_labels_are_the_audit_unless_told_otherwise(tmp_path):
    assert shout(tmp_path / "off", metric=SelfJudged(), audit=False)[0].tuning.confirmed

    def louder(messages, **settings):
        said = loud(messages, **settings)
        return said if "instruction" in said else {"shouted": said["shouted"].replace("!", " or not!")}

    tuned, _ = shout(tmp_path, louder, SelfJudged())
    assert not tuned.tuning.confirmed
    assert "gold exact match" in tuned.tuning.reason
    assert "judge" not in tuned.tuning.usage.by_purpose


class Second(Metric):
    """A second judge, which asks the model."""

    name, self_judged = "second judge", True

    def __init__(self):
        self.step = Step("word, draft -> shouted")

    async def score(self, example, predictions):
        found = await self.step.acall(word=example.word, draft=predictions[0].shouted)
        return Score(float(found.shouted == found.shouted.upper()))


def test_a_judge_as_audit_is_counted_journaled_and_not_paid_twice(tmp_path):
    first, lm = shout(tmp_path, guards=None, audit=Second())
    assert first.tuning.usage.by_purpose["judge"] > 0
    assert {row["index"] for one in events(tmp_path, "audited") if one["number"] == "baseline" for row in one["rows"]} == set(
        range(25)
    )
    again, lm = shout(tmp_path, guards=None, audit=Second())
    assert lm.calls == 0
    assert again.tuning.reason == first.tuning.reason
    _, small = shout(tmp_path / "small", audit=Second(), calls=260)
    assert small.calls <= 260


def test_an_audit_only_every_so_often(tmp_path):
    often, _ = shout(tmp_path / "a", audit=Audit(Second(), every=1))
    seldom, _ = shout(tmp_path / "b", audit=Audit(Second(), every=3))
    count = [tuned.tuning.usage.by_purpose["judge"] for tuned in (often, seldom)]
    assert count[0] > count[1]


def test_a_gain_on_the_audit_excuses_longer_answers(tmp_path):
    settings = {
        "metric": longer,
        "data": [dspy.Example(place=one.place, text="short").with_inputs("place") for one in places(56)],
    }
    alone, _ = tell(tmp_path / "alone", HACK, guards=[LengthGrowth()], **settings)
    assert not alone.tuning.confirmed

    def rises(example, prediction):
        return float("everybody" in prediction.text)

    tuned, _ = tell(tmp_path / "vouched", HACK, guards=[LengthGrowth()], audit=rises, **settings)
    assert tuned.tuning.confirmed
    assert {one.severity for one in tuned.tuning.findings} == {"warn"}
    assert "the audit rises too" in tuned.tuning.findings[0].message


class TestTheContractWithGuardsAndAJudgeAsAudit(OptimizerContract):
    """The contract's own run, with guards and with a judge as audit, which has to be paid for too."""

    ceilings = (150, 220, 320)

    def make(self):
        return APE(shots=4, audit=Second())

    def test_a_budget_that_cannot_pay_the_audit_is_refused(self, tmp_path):
        with pytest.raises(BudgetError, match="cannot pay for one candidate"):
            self.compile(tmp_path / "run", calls=90)


@pytest.mark.parametrize("stop_after", [40, 90, 130, 170])
def test_an_interrupted_run_with_a_hack_ends_alike(tmp_path, stop_after):
    class PulledPlug(BaseException):
        pass

    left = [stop_after]

    def until(messages, **settings):
        if not left[0]:
            raise PulledPlug
        left[0] -= 1
        return loud(messages, **settings)

    whole, lm = shout(tmp_path / "whole", guards="default", audit=Second())
    with pytest.raises(PulledPlug):
        shout(tmp_path, until, guards="default", audit=Second())
    resumed, again = shout(tmp_path, guards="default", audit=Second())
    assert resumed.tuning.findings == whole.tuning.findings
    assert resumed.tuning.reason == whole.tuning.reason
    assert [one.score for one in resumed.tuning.standings] == [one.score for one in whole.tuning.standings]
    assert again.calls < lm.calls


def test_an_audit_that_is_the_metric_itself_is_refused(tmp_path):
    metric = as_metric(exact)
    with pytest.raises(SettingError, match="second opinion"):
        shout(tmp_path, metric=metric, audit=metric)
    with pytest.raises(SettingError, match="labels"):
        Audit().bound(Speak, metric, [])
    with pytest.raises(SettingError, match="every"):
        Audit(every=0)


def test_the_labels_are_met_exactly_where_they_are_short_and_by_words_where_they_are_long():
    assert isinstance(Audit().bound(Speak, as_metric(exact), words(3)).metric, Exact)
    assert Audit().bound(Tell, as_metric(longer), places(3)).metric.name == "gold token F1"
