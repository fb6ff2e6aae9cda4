"""The refine core: gate, stop, selection, revisers and costs. What 145 and 142 say is in `tests/programs/test_refine.py`."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs import Calls, Reasoned, Refine, Step
from selftaught.programs.judge import Pairwise, Rating
from selftaught.signatures import Criterion, Verdict, refine_of
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey

from .scripts import Scores, line, prompts, says


class TestRefineWithAGate(ProgramContract):
    def make(self, task):
        return Refine(task, rounds=2, accept=Pairwise(task), stop="unchanged")


class TestRefineByAScore(ProgramContract):
    def make(self, task):
        return Refine(task, rounds=2, critic=Rating(task), accept="better", stop="never")


class TestRefineWithAReviser(ProgramContract):
    def make(self, task):
        return Refine(task, rounds=3, reviser=Step(refine_of(task, "Write it again.")), select="newest best")


LETTERS = {"one": 0.2, "two": 0.6, "three": 0.4, "four": 0.6}


def refined(drafts, **settings):
    lm = says(shouted=list(drafts), problems=lambda text: ["bad"], acceptable=False)
    with dspy.context(lm=lm):
        return Refine(Shout, **settings)(word="tree"), lm


def preferring(order):
    """A judge that prefers what comes later in a list."""
    return Scores(Shout, lambda text: order.index(text) / 10)


@pytest.mark.parametrize("stop", ["acceptable", "unchanged", "never"])
@pytest.mark.parametrize("select", ["best", "newest best", "last"])
def test_a_revision_that_the_gate_does_not_prefer_is_never_returned(select, stop):
    gate = preferring(["worst", "worse", "draft", "better"])
    critic = Scores(Shout, lambda text: 0.9 if text == "worst" else 0.1)
    found, _ = refined(["draft", "worst", "worse"], rounds=2, critic=critic, accept=gate, select=select, stop=stop)
    assert (found.shouted, found.chosen) == ("draft", 0)
    found, _ = refined(["draft", "better", "worse"], rounds=2, critic=critic, accept=gate, select="last", stop=stop)
    assert (found.shouted, found.chosen, found.rounds) == ("better", 1, 2)


def test_a_gate_that_is_undecided_keeps_the_draft():
    found, _ = refined(["draft", "other"], accept=Scores(Shout, lambda text: 0.5), select="last")
    assert found.shouted == "draft"


def test_after_a_rejection_the_same_draft_is_revised_as_another_sample():
    critic = Scores(Shout, LETTERS.get)
    found, lm = refined(["two", "one", "three"], rounds=2, critic=critic, accept="better")
    assert found.shouted == "two"
    assert [line(prompt, "draft") for prompt in prompts(lm, "shouted")[1:]] == ["two", "two"]


def test_a_rejected_revision_is_asked_for_under_another_rollout():
    seen = []

    def script(messages, **settings):
        seen.append((settings.get("rollout_id"), settings.get("temperature")))
        return {"shouted": "same"}

    with dspy.context(lm=FakeLM(script)):
        Refine(Shout, rounds=3, critic=Scores(Shout, lambda text: 0.5), accept="better")(word="tree")
    assert len(set(seen[2:])) == 2  # the second and third revision are samples of their own
    assert all(temperature for _, temperature in seen[2:])


def test_only_a_better_reviewed_revision_is_gone_on_from():
    found, lm = refined(["one", "two", "three", "four"], rounds=3, critic=Scores(Shout, LETTERS.get), accept="better")
    assert [line(prompt, "draft") for prompt in prompts(lm, "shouted")[1:]] == ["one", "two", "two"]
    assert (found.shouted, found.chosen) == ("two", 1)


def test_the_newest_of_equals_is_returned_on_request():
    critic = Scores(Shout, LETTERS.get)
    assert refined(LETTERS, rounds=3, critic=critic)[0].shouted == "two"
    assert refined(LETTERS, rounds=3, critic=critic, select="newest best")[0].shouted == "four"


def test_a_revision_that_changes_nothing_ends_it_and_is_not_reviewed_again():
    critic = Scores(Shout, lambda text: 0.5)
    found, _ = refined(["one", "two", "two"], rounds=5, critic=critic, stop="unchanged")
    assert (found.shouted, found.stopped_by, found.rounds) == ("one", "unchanged", 2)
    assert critic.asked == ["one", "two"]


def test_the_same_draft_is_never_reviewed_twice_in_a_row():
    critic = Scores(Shout, lambda text: 0.5)
    found, _ = refined(["one", "one", "one"], rounds=2, critic=critic)
    assert (found.rounds, critic.asked) == (2, ["one"])


def test_the_reviser_is_told_what_was_missed_and_not_what_was_fulfilled():
    class Finds(Scores):
        async def verdict(self, inputs, outputs):
            criteria = [("first", True, ""), ("second", False, "too short"), ("third", None, "no readable answer")]
            found = tuple(Criterion(name=name, passed=passed, reason=reason) for name, passed, reason in criteria)
            return Verdict(score=0.3, passed=False, criteria=found)

    _, lm = refined(["one", "two"], critic=Finds(Shout, None))
    told = prompts(lm, "shouted")[1]
    assert "Not fulfilled: second (too short)" in told and "Not clearly fulfilled: third" in told
    assert "first" not in told.replace("oldest first", "") and "readable" not in told


def test_capital_letters_are_a_change():
    assert refined(["tree", "TREE"], rounds=1, stop="unchanged")[0].stopped_by == "rounds"


def test_never_stopping_makes_all_rounds_though_the_critic_is_content():
    found, lm = refined(["one", "two", "three"], rounds=2, critic=Scores(Shout, lambda text: 1.0), stop="never", select="last")
    assert (found.shouted, found.rounds, found.stopped_by, lm.calls) == ("three", 2, "rounds", 3)


def test_an_undetermined_review_ends_it_with_the_draft():
    found, lm = refined(["one"], rounds=3, critic=Scores(Shout, lambda text: None))
    assert (found.shouted, found.stopped_by, lm.calls) == ("one", "undetermined", 1)


def test_a_critic_only_scores_where_its_problems_are_not_told():
    found, lm = refined(["one", "two", "three"], rounds=2, critic=Scores(Shout, LETTERS.get), feedback="generic")
    assert (found.shouted, found.rounds) == ("two", 2)
    assert not any("scores" in prompt for prompt in prompts(lm, "shouted"))


def test_a_reviser_of_ones_own_gets_what_it_asks_for():
    reviser = Step("word, draft -> shouted")
    _, lm = refined(["one", "two"], reviser=reviser)
    assert line(prompts(lm, "shouted")[1], "draft") == "one"
    assert "bad" not in prompts(lm, "shouted")[1]


def test_a_reviser_may_be_a_program():
    reviser = Reasoned(refine_of(Shout))
    lm = says(shouted=["one", "two"], problems=lambda text: ["bad"], acceptable=False, reasoning="Because.")
    with dspy.context(lm=lm):
        assert Refine(Shout, reviser=reviser, select="last")(word="tree").shouted == "two"
    assert "bad" in prompts(lm, "reasoning")[0]


def test_a_task_with_several_outputs_is_refined_as_a_whole():
    moods = iter(["bad", "good"])

    def script(messages, **settings):
        if "acceptable" in answer_fields(messages):
            return {"problems": ["The mood is wrong."], "acceptable": False}
        return {**SURVEY_ANSWER, "mood": next(moods)}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        found = Refine(Survey, select="last")(**SURVEY_INPUT)
    assert (found.mood, found.place.town) == ("good", "Ulm")
    assert "mood: bad" in lm.requests[-1][-1]["content"]


def test_an_output_named_like_what_the_prediction_tells_keeps_its_value():
    lm = says(rounds="many", problems=lambda text: [], acceptable=True)
    with dspy.context(lm=lm):
        assert Refine("word -> rounds")(word="tree").rounds == "many"


def test_a_failing_model_in_the_only_branch_is_an_error():
    from selftaught.errors import AnswerError

    def script(messages, **settings):
        return "garbage" if "acceptable" in answer_fields(messages) else {"shouted": "one"}

    with dspy.context(lm=FakeLM(script)), pytest.raises(AnswerError):
        Refine(Shout)(word="tree")


@pytest.mark.parametrize(
    ("settings", "cost"),
    [
        ({"rounds": 0}, Calls(1, 1)),
        ({"rounds": 1}, Calls(2, 4)),
        ({"rounds": 3, "select": "last"}, Calls(2, 7)),
        ({"rounds": 3, "stop": "never"}, Calls(5, 8)),
        ({"rounds": 3, "feedback": "generic"}, Calls(4, 4)),
        ({"rounds": 3, "feedback": "none", "stop": "unchanged"}, Calls(2, 4)),
        ({"rounds": 2, "accept": Rating(Shout)}, Calls(2, 1 + 3 + 2 + 4)),
        ({"rounds": 2, "accept": "better", "select": "last"}, Calls(2, 6)),
    ],
)
def test_the_cost_is_exact(settings, cost):
    assert Refine(Shout, **settings).cost() == cost


@pytest.mark.parametrize("setting", ["select", "feedback", "accept", "stop"])
def test_unknown_choices_are_refused(setting):
    with pytest.raises(SettingError, match=setting):
        Refine(Shout, **{setting: "perhaps"})


def test_comparing_reviews_takes_a_critic():
    with pytest.raises(SettingError, match="critic"):
        Refine(Shout, feedback="none", accept="better")


def test_a_task_with_a_field_that_the_reviser_needs_is_refused():
    with pytest.raises(TaskError, match="attempts"):
        Refine("word, attempts -> shouted", rounds=2)
