"""The vote core's further settings: several generators, temperatures, weights, counts, declining, and the early stop."""

import itertools

import dspy
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs import Vote
from selftaught.programs.judge.base import Judge
from selftaught.programs.step import Step
from selftaught.programs.vote.early import still_needed
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestVoteOfGenerators(ProgramContract):
    def make(self, task):
        return Vote(task, samples=3, generate=[Step(task), Step(task, temperature=0.9)])


class TestEarlyVote(ProgramContract):
    def make(self, task):
        return Vote(task, early=True)


class TestWeighedVote(ProgramContract):
    def make(self, task):
        return Vote(task, samples=2, weigh="confidence", reasoning=True, aggregate="clustered")


class Table(Judge):
    """Scores and passes answers by a table; an answer that is not in it gets no verdict, `error` no answer of the judge."""

    def __init__(self, task, table):
        super().__init__(task)
        self.table, self.asked = table, 0

    async def verdict(self, inputs, outputs):
        self.asked += 1
        if outputs["shouted"] == "error":
            raise CallError("the judge is gone")
        score = self.table.get(outputs["shouted"])
        return Verdict(score=score, passed=None if score is None else score >= 0.5)


def number_of(settings):
    return int(str(settings.get("rollout_id") or "draw0").rpartition("draw")[2])


def drawing(answers):
    def script(messages, **settings):
        said = answers[number_of(settings)]
        return {"shouted": said} if said is not None else "garbage"

    return FakeLM(script)


def vote(answers, **settings):
    lm = answers if isinstance(answers, FakeLM) else drawing(answers)
    with dspy.context(lm=lm):
        return Vote(Shout, **{"samples": 3 if isinstance(answers, FakeLM) else len(answers), **settings})(word="tree")


# weights


def test_equal_weights_are_a_majority_vote():
    answers = ["a", "b", "b", "c", "a", "b"]
    for score in (0.0, 0.1, 0.7, 1.0):
        assert vote(answers, weigh=Table(Shout, dict.fromkeys("abc", score))).shouted == "b"


def test_an_undetermined_weight_is_the_mean_of_the_known_ones():
    found = vote(["a", "b", "odd"], weigh=Table(Shout, {"a": 0.2, "b": 0.6}))
    assert found.votes == pytest.approx({"a": 0.2, "b": 0.6, "odd": 0.4})


def test_a_judge_that_fails_on_one_answer_leaves_it_undetermined_and_one_that_fails_on_all_fails_the_vote():
    assert vote(["a", "error"], weigh=Table(Shout, {"a": 0.2})).votes == pytest.approx({"a": 0.2, "error": 0.2})
    with pytest.raises(CallError, match="gone"):
        vote(["error", "error"], weigh=Table(Shout, {}))


def test_a_verdict_that_cannot_be_read_does_not_remove_an_answer():
    assert vote(["odd", "odd", "b"], accept=Table(Shout, {"b": 1.0})).votes == {"odd": 2.0, "b": 1.0}


def test_the_models_confidence_weighs():
    def script(messages, **settings):
        if "correct" in str(messages[0]["content"]):
            sure = 0.9 if "few" in str(messages[-1]["content"]) else 0.2
            return {"correct": True}, {"correct": {"true": sure, "false": 1 - sure}}
        return {"shouted": ["many", "many", "few"][number_of(settings)]}

    found = vote(FakeLM(script), weigh="confidence")
    assert found.shouted == "few"
    assert found.votes == pytest.approx({"many": 0.4, "few": 0.9})


# counts


def test_best_takes_the_heaviest_ballot_whatever_the_majority_says():
    judge = Table(Shout, {"many": 0.5, "few": 0.6})
    assert vote(["many", "many", "few"], weigh=judge).shouted == "many"
    assert vote(["many", "many", "few"], weigh=judge, aggregate="best").shouted == "few"


def test_on_equal_weights_the_more_frequent_answer_wins():
    judge = Table(Shout, {"one": 0.8, "two": 0.4})
    assert vote(["one", "two", "two"], weigh=judge).shouted == "two"
    assert vote(["one", "two", "two"], weigh=Table(Shout, {"one": 0.4, "two": 0.4}), aggregate="best").shouted == "two"


def test_clusters_count_answers_in_other_words_together():
    answers = ["the big dog ran home", "no idea", "no clue at all", "the dog ran home", "the big dog ran home quickly"]
    assert vote(answers).tied
    found = vote(answers, aggregate="clustered")
    assert found.shouted == "the big dog ran home"  # the one most like the others of its cluster
    assert sorted(found.votes.values()) == [1.0, 1.0, 3.0]


def test_an_encoder_decides_what_means_the_same():
    meaning = {"auto": [1.0, 0.0], "car": [0.9, 0.1], "pear": [0.0, 1.0]}
    found = vote(["pear", "car", "auto"], aggregate="semantic", encoder=lambda texts: [meaning[text] for text in texts])
    assert (found.shouted, found.confidence) == ("car", pytest.approx(2 / 3))


def test_a_tie_is_told():
    assert vote(["b", "a"]).tied
    assert not vote(["b", "a", "b"]).tied


# declining


@pytest.mark.parametrize(("least", "declined"), [(0.0, False), (0.6, False), (0.61, True), (1.0, True)])
def test_below_the_least_share_the_answer_is_withheld(least, declined):
    found = vote(["a", "a", "a", "b", "c"], least_share=least)
    assert found.declined is declined
    assert found.shouted == (None if declined else "a")
    assert found.get("withheld") == ({"shouted": "a"} if declined else None)


def test_failed_draws_are_no_part_of_the_share():
    assert vote(["a", None, "a", None], least_share=1.0).shouted == "a"


# ways


def test_generators_are_asked_in_turn_each_with_its_own_model():
    models = [FakeLM(lambda messages, said=said, **settings: {"shouted": said}) for said in ("one", "two")]
    steps = [Step(Shout), Step(Shout)]
    for step, model in zip(steps, models, strict=True):
        step.set_lm(model)
    found = vote(FakeLM(obliging), samples=5, generate=steps)
    assert found.votes == {"one": 3.0, "two": 2.0}
    assert [model.calls for model in models] == [3, 2]


def test_a_generator_that_fails_is_missing_data():
    bad, good = Step(Shout), Step(Shout)
    bad.set_lm(FakeLM(lambda messages, **settings: "garbage"))
    assert vote(FakeLM(obliging), samples=2, generate=[bad, good]).drawn == 1
    with pytest.raises(CallError):
        vote(FakeLM(obliging), samples=2, generate=[bad, bad])


def test_a_perspective_that_fails_is_missing_data():
    def script(messages, **settings):
        return "garbage" if "As a pirate." in str(messages[0]) else obliging(messages, **settings)

    assert vote(FakeLM(script), samples=4, perspectives=["As a pirate.", "As a teacher."]).votes == {"tree": 2.0}


def test_a_way_asked_once_keeps_its_own_temperature_and_one_asked_often_is_sampled():
    seen = []

    def script(messages, **settings):
        seen.append((settings.get("rollout_id"), settings.get("temperature")))
        return obliging(messages, **settings)

    vote(FakeLM(script, temperature=0.0), samples=3, perspectives=["As a teacher.", "As a pirate."], temperature=0.9)
    assert sorted(str(one) for one in seen) == ["('draw0', 0.9)", "('draw2', 0.9)", "(None, 0.0)"]


def test_several_temperatures_are_taken_in_turn():
    seen = {}

    def script(messages, **settings):
        seen[settings["rollout_id"]] = settings["temperature"]
        return obliging(messages, **settings)

    vote(FakeLM(script), temperature=[0.2, 1.0])
    assert seen == {"draw0": 0.2, "draw1": 1.0, "draw2": 0.2}


def test_reasoning_is_asked_for_and_told():
    found = vote(FakeLM(lambda messages, **settings: {"reasoning": "Because.", "shouted": "A"}), reasoning=True)
    assert (found.shouted, found.reasoning) == ("A", "Because.")


def test_structured_answers_are_counted_by_all_their_fields():
    def script(messages, **settings):
        return {**obliging(messages, **settings), "place": {"town": ["Ulm", "Ulm", "Bonn"][number_of(settings)], "people": 7}}

    for how in ("exact", "clustered", "semantic"):
        with dspy.context(lm=FakeLM(script)):
            found = Vote(Survey, samples=3, aggregate=how, near=1.0)(**SURVEY_INPUT)
        assert (found.place.town, found.confidence) == ("Ulm", pytest.approx(2 / 3))


# early


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5])
def test_an_early_vote_has_the_winner_of_the_whole_vote_and_never_asks_more(samples):
    for answers in itertools.product("abc", repeat=samples):
        lm = drawing(answers)
        early = vote(lm, samples=samples, early=True)
        assert early.shouted == vote(list(answers)).shouted
        assert (samples + 1) // 2 <= lm.calls == early.drawn <= samples


def test_an_early_vote_stops_as_soon_as_it_is_decided():
    for answers in itertools.product("ab", repeat=5):
        lm = drawing(answers)
        vote(lm, samples=5, early=True)
        first = next(n for n in range(1, 6) if not still_needed(answers[:n], 5 - n))
        assert lm.calls == first


def test_an_early_vote_survives_failed_draws():
    assert vote([None, None, "a", "b", "b"], early=True).shouted == "b"
    with pytest.raises(CallError):
        vote([None, None, None], early=True)


def test_the_cost_of_an_early_vote_is_at_least_half():
    cost = Vote(Shout, samples=5, early=True).cost()
    assert (cost.at_least, cost.at_most) == (3, 5)


def test_the_cost_counts_judges():
    judge = Table(Shout, {})
    judge.cost = lambda: Vote(Shout, samples=2).cost()
    plain = Vote(Shout, samples=3, weigh=judge).cost()
    assert (plain.at_least, plain.at_most) == (9, 9)
    filtered = Vote(Shout, samples=3, weigh=judge, accept=judge).cost()
    assert (filtered.at_least, filtered.at_most) == (3 + 6 + 2, 15)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"samples": 0}, "samples"), ({"aggregate": "loudest"}, "aggregate"), ({"weigh": "loudness"}, "weigh"),
        ({"near": 2.0}, "near"), ({"least_share": -0.1}, "least_share"), ({"temperature": []}, "temperature"),
        ({"temperature": "warm"}, "temperature"), ({"generate": []}, "generate"), ({"generate": ["x"]}, "generate"),
        ({"early": True, "weigh": "confidence"}, "early"), ({"early": True, "aggregate": "semantic"}, "early"),
        ({"reasoning": True, "generate": Step(Shout)}, "reasoning"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused_by_name(settings, named):
    with pytest.raises(SettingError, match=named):
        Vote(Shout, **settings)
