"""STICK (142) by pass rate: what the model's probabilities add never costs a fulfilled question."""

import dspy

from selftaught.programs import Stick
from selftaught.programs.judge import Checklist
from selftaught.testing import FakeLM, answer_fields
from selftaught.testing.samples import Shout

from .scripts import line

QUESTIONS = ["Is it loud enough?", "Is it the same word?"]


def sticking(chances, **settings):
    """Each draft fulfils the questions with these chances."""
    drafts = iter(chances)

    def script(messages, **asked):
        if "satisfied" not in answer_fields(messages):
            return {"shouted": next(drafts)}
        text = "\n".join(str(message["content"]) for message in messages)
        chance = chances[line(text, "draft")][QUESTIONS.index(line(text, "requirement"))]
        return {"satisfied": "yes" if chance > 0.5 else "no"}, {"satisfied": {"yes": chance, "no": 1 - chance}}

    with dspy.context(lm=FakeLM(script)):
        judge = Checklist(Shout, questions=QUESTIONS, both_ways=False)
        return Stick(Shout, judge=judge, **settings)(word="tree")


def test_a_lower_pass_rate_is_not_returned_though_its_chances_are_higher():
    assert sticking({"one": [0.6, 0.1], "two": [0.49, 0.49]}).shouted == "one"


def test_between_equal_pass_rates_the_chances_decide_and_then_the_draft():
    assert sticking({"one": [0.6, 0.1], "two": [0.9, 0.1]}).shouted == "two"
    assert sticking({"one": [0.9, 0.1], "two": [0.1, 0.9]}).shouted == "one"


def test_a_rewrite_that_changes_nothing_ends_it():
    def script(messages, **asked):
        return {"satisfied": "no"} if "satisfied" in answer_fields(messages) else {"shouted": "one"}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        judge = Checklist(Shout, questions=QUESTIONS, both_ways=False)
        found = Stick(Shout, judge=judge, rounds=5)(word="tree")
    assert (found.shouted, found.stopped_by, lm.calls) == ("one", "unchanged", 1 + 2 + 1)
