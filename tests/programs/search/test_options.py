"""AlphaLLM's search: the contract, siblings that are kept apart, and values from quick answers."""

import re

import dspy
import pytest

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.ledger import Ledger
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import NEXT, PREFIX, next_step_of
from selftaught.programs.search.options import OptionSearch, edits
from selftaught.programs.search.rollout_value import RolloutValue
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout, obliging


class TestOptionSearch(ProgramContract):
    method = "alphallm"

    def make(self, task):
        return OptionSearch(task)


class Flat(Judge):
    """Finds every step equally good."""

    async def verdict(self, inputs, outputs):
        return Verdict(score=0.5)

    def cost(self):
        return Calls(0, 0)


class Offers:
    """Offers these next steps in turn at the root, and ends each chain there."""

    def __init__(self, *texts, finished=True):
        self.texts, self.finished, self.drawn = texts, finished, []

    def __call__(self, messages, **settings):
        if answer_fields(messages) != ["to_find", NEXT, "more_to_find"]:
            return obliging(messages, **settings)
        number = int((re.findall(r"step(\d+)", str(settings.get("rollout_id"))) or [0])[-1])
        self.drawn.append(number)
        text = self.texts[number % len(self.texts)]
        return "garbage" if text == "!" else {"to_find": "it", NEXT: text, "more_to_find": not self.finished}


NEAR, FAR = "add the two numbers first", "instead multiply everything out by hand"


def options(offers, **settings):
    with dspy.context(lm=FakeLM(offers)):
        found = OptionSearch(Shout, value=Flat(next_step_of(Shout)), **{"least": 1, **settings})(word="tree")
    return [row["text"] for row in found.tree[1:]]


def test_edits_are_the_least_changes():
    assert [edits("", "abc"), edits("kitten", "sitting"), edits("abc", "abc"), edits("flaw", "lawn")] == [3, 3, 0, 2]


def test_the_first_child_is_the_models_own_and_a_near_one_is_drawn_again():
    offers = Offers(NEAR, NEAR + "!", FAR)
    assert options(offers, growths=2, width=2) == [NEAR, FAR]
    assert offers.drawn == [0, 1, 2]


def test_only_after_so_many_tries_a_near_sibling_is_taken_and_then_the_farthest():
    offers = Offers(NEAR, NEAR + " 1", NEAR + " 12", NEAR + " 2")
    assert options(offers, growths=2, width=2, tries=3) == [NEAR, NEAR + " 12"]
    assert offers.drawn == [0, 1, 2, 3]


def test_the_very_same_step_is_never_a_sibling():
    offers = Offers(NEAR)
    assert options(offers, growths=3, width=3, tries=4) == [NEAR]
    assert offers.drawn == [0, 1, 2, 3, 4]


def test_short_steps_may_be_siblings_where_half_of_them_differs():
    assert options(Offers("2+2=4", "3*4=9"), growths=2, width=2, tries=2) == ["2+2=4", "3*4=9"]


def test_garbled_tries_are_missing():
    assert options(Offers("!", NEAR), growths=1) == [NEAR]
    with pytest.raises(CallError):
        options(Offers("!"), growths=1)


def test_the_growths_are_never_exceeded():
    ledger = Ledger()
    texts = [f"{letter * 30} {letter}" for letter in "abcdefghijklmnop"]
    program = OptionSearch(Shout, value=Flat(next_step_of(Shout)), growths=7)
    with dspy.context(lm=FakeLM(Offers(*texts, finished=False))), scope.scoped(ledgers=(ledger,)):
        found = program(word="tree")
    assert found.growths == 7
    assert len(found.tree) == 8
    assert ledger.usage.calls + ledger.usage.cached <= program.cost().at_most


class Likes(Judge):
    """Passes one answer."""

    asked = 0

    async def verdict(self, inputs, outputs):
        self.asked += 1
        return Verdict(score=float(outputs["shouted"] == "GOOD"))

    def cost(self):
        return Calls(0, 0)


def test_a_step_is_worth_the_share_of_quick_answers_from_it_that_are_right_and_equal_ones_are_judged_once():
    def script(messages, **settings):
        if answer_fields(messages) == ["score"]:
            return {"score": 9}
        assert "one, two" in str(messages[-1]["content"]).replace('"', "")
        number = int((re.findall(r"draw(\d+)", str(settings.get("rollout_id"))) or [0])[-1])
        return {"shouted": ["GOOD", "good.", "BAD", "BAD"][number]}

    likes = Likes(Shout)
    asked = {"word": "tree", PREFIX: ["one"], NEXT: "two"}
    with dspy.context(lm=FakeLM(script)):
        assert RolloutValue(Shout, outcome=likes, rating=False)(**asked).score == pytest.approx(0.5)
        assert likes.asked == 2
        assert RolloutValue(Shout, outcome=likes)(**asked).score == pytest.approx(0.75)


def test_bad_settings_are_refused():
    for setting in ({"tries": 0}, {"width": 0}, {"apart": -1}, {"growths": 0}):
        with pytest.raises(SettingError, match=next(iter(setting))):
            OptionSearch(Shout, **setting)
