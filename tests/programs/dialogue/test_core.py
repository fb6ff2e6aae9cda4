"""The conversation core: the contract, who speaks when, what ends it, what is kept from whom."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs.dialogue import Dialogue
from selftaught.testing import ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey
from tests.programs.dialogue.roles import asked, scripted, talking


class TestDialogue(ProgramContract):
    method = "dialogue"

    def make(self, task):
        return Dialogue(task)


ROLES = (("ann", "You are Ann."), ("bob", "You are Bob."), ("cat", "You are Cat."))


def named(messages):
    return next(name for name, text in ROLES if text in str(messages[0]["content"]))


def test_the_roles_speak_in_their_order_each_seeing_what_was_said():
    lm = scripted(utterance=lambda messages: f"I am {named(messages)}{len(lm.requests)}.")
    found = talking(Dialogue(Shout, roles=ROLES, most_turns=5), lm)
    assert [turn["speaker"] for turn in found.conversation] == ["ann", "bob", "cat", "ann", "bob"]
    assert "ann: I am ann1.\nbob: I am bob2." in str(asked(lm, "utterance")[2][-1]["content"])
    assert "bob: I am bob5." in str(asked(lm, "shouted")[0][-1]["content"])


def test_a_word_of_farewell_ends_it_in_any_case():
    lm = scripted(utterance="So long, and GOODBYE then")
    found = talking(Dialogue(Shout, ends=["goodbye"]), lm)
    assert (len(found.conversation), found.stopped_by, lm.calls) == (1, "farewell", 2)
    assert talking(Dialogue(Shout, most_turns=1, ends=["adieu"]), lm).stopped_by == "turns"


def test_a_line_that_repeats_another_ends_it():
    lines = iter(["What is it?", "A tree.", "what is it", "A house."])
    found = talking(Dialogue(Shout), scripted(utterance=lambda messages: next(lines)))
    assert (len(found.conversation), found.stopped_by) == (3, "repetition")


def test_what_is_hidden_is_not_shown_to_that_role_alone():
    task = dspy.Signature("question, solution -> answer")
    lm = scripted(utterance=lambda messages: f"Hm{len(lm.requests)}.")
    program = Dialogue(task, roles=ROLES, most_turns=3, hidden={"bob": ["solution"]})
    talking(program, lm, question="What?", solution="SECRET")
    assert ["SECRET" in str(messages) for messages in lm.requests] == [True, False, True, True]


def test_structured_outputs_are_read_off():
    assert talking(Dialogue(Survey), scripted(), **SURVEY_INPUT).place.people == 7


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"roles": [("ann", "You are Ann.")]}, "two different"),
        ({"roles": [("ann", "A."), ("ann", "B.")]}, "two different"),
        ({"roles": {"ann": "A.", "bob": "B."}}, "pair"),
        ({"roles": [("ann", "You are Ann."), ("bob", " ")]}, "pairs"),
        ({"hidden": {"expertt": ["word"]}}, "expert"),
        ({"hidden": {"expert": ["wrod"]}}, "word"),
        ({"hidden": {"expert": ["word"]}}, "no input"),
        ({"most_turns": 0}, "most_turns"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, says):
    with pytest.raises(SettingError, match=says):
        Dialogue(Shout, **settings)


def test_a_task_with_a_field_that_the_conversation_needs_is_refused():
    with pytest.raises(TaskError, match="conversation"):
        Dialogue("conversation -> answer")


def test_the_cost_is_least_where_the_second_repeats_the_first():
    program = Dialogue(Shout, most_turns=5)
    lm = scripted(utterance="Hm.")
    talking(program, lm)
    assert (lm.calls, program.cost().at_most) == (program.cost().at_least, 6)
    assert Dialogue(Shout, most_turns=1).cost().at_least == Dialogue(Shout, most_turns=1).cost().at_most == 2


class TestThreeRoles(ProgramContract):
    def make(self, task):
        return Dialogue(task, roles=[["zoe", "You are Zoe."], ["ann", "You are Ann."]], ends=["bye"])


def test_a_cue_that_the_model_copies_is_taken_out():
    found = talking(Dialogue(Shout, most_turns=1), scripted(utterance="The asker answers. Is it a tree?"))
    assert found.conversation[0]["text"] == "Is it a tree?"
