"""ID-sampling: the contract, when it looks the answer over again, and whose answer is returned."""

import dspy
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.search.deepening import Deepening, IdSampling
from selftaught.programs.search.writing import MORE
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestIdSampling(ProgramContract):
    method = "id-sampling"

    def make(self, task):
        return IdSampling(task)


class TestDeepening(ProgramContract):
    def make(self, task):
        return Deepening(task)


class Thinker:
    """Gives these answers in turn, each with three steps; None is garbage."""

    def __init__(self, *answers):
        self.answers, self.prompts = answers, []

    def __call__(self, messages, **settings):
        self.prompts.append(str(messages[-1]["content"]))
        answer = self.answers[min(len(self.prompts), len(self.answers)) - 1]
        number = len(self.prompts)
        return (
            "garbage"
            if answer is None
            else {"to_find": "it", MORE: [f"step {number}{letter}" for letter in "abc"], "shouted": answer}
        )


def deepen(thinker, **settings):
    lm = FakeLM(thinker)
    with dspy.context(lm=lm):
        found = Deepening(Shout, **settings)(word="tree")
    found.calls = lm.calls
    return found


@pytest.mark.parametrize(
    ("first", "growth", "most", "triggers"),
    [(2, 2.0, 8, 2), (1, 2.0, 8, 3), (2, 3.0, 8, 1), (8, 2.0, 8, 0), (9, 2.0, 3, 0), (1, 1.5, 9, 5)],
)
def test_it_looks_over_as_often_as_the_budget_grows(first, growth, most, triggers):
    found = deepen(Thinker("A"), first=first, growth=growth, most=most)
    assert (found.triggers, found.calls) == (triggers, triggers + 1)
    assert len(found.path) <= most


def test_endless_growth_is_plain_generation():
    assert deepen(Thinker("A", "B"), growth=float("inf")).shouted == "A"


def test_each_look_sees_the_steps_and_the_draft_and_may_go_on_to_the_next_budget():
    thinker = Thinker("A", "B", "C")
    found = deepen(thinker)
    assert found.path == ["step 1a", "step 1b", "step 2a", "step 2b", "step 3a", "step 3b", "step 3c"]
    assert "draft: A" in thinker.prompts[1]
    assert '"step 1a", "step 1b"]' in thinker.prompts[1]
    assert "steps_left: 2" in thinker.prompts[1]
    assert "steps_left: 4" in thinker.prompts[2]
    assert (found.shouted, found.flips) == ("C", 2)


def test_a_part_without_an_answer_leaves_the_one_before():
    found = deepen(Thinker("A", None))
    assert (found.shouted, found.flips, found.path) == ("A", 0, ["step 1a", "step 1b"])
    with pytest.raises(CallError):
        deepen(Thinker(None))


def test_an_answer_that_stays_is_no_flip():
    assert deepen(Thinker("A", "a.", "A")).flips == 0


def test_samples_vote_and_one_sample_without_a_look_is_one_call():
    with dspy.context(lm=FakeLM(Thinker("A", "B", "B"))):
        found = IdSampling(Shout, samples=3, first=8)(word="tree")
    assert (found.shouted, found.votes) == ("B", {"a": 1.0, "b": 2.0})
    lm = FakeLM(Thinker("A"))
    with dspy.context(lm=lm):
        assert IdSampling(Shout, samples=1, first=8)(word="tree").shouted == "A"
    assert lm.calls == 1


def test_structured_outputs_are_those_of_a_part():
    with dspy.context(lm=FakeLM(obliging)):
        assert Deepening(Survey)(**SURVEY_INPUT).place.town == "Ulm"


@pytest.mark.parametrize("setting", [{"growth": 1.0}, {"growth": "2"}, {"first": 0}, {"most": 0}, {"most": 10}])
def test_bad_settings_are_refused(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        Deepening(Shout, **setting)
