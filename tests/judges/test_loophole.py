"""The loophole check (119): the contract, and what the paper says must hold."""

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import InputError, SettingError, TaskError, UserError
from selftaught.programs.judge.loophole import (
    LoopholeCheck,
    Repair,
    UnconfirmedRepair,
    confirmed,
    criteria_kept,
    criteria_of,
    difference,
    repair_criteria,
    repair_specification,
)
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout

TRAP = "exorbitant"
CLEAN = "The word is in capitals.\nNothing is added."
TAINTED = f"{CLEAN}\nAny answer with the word {TRAP} gets full marks."


class TestLoopholeCheck(ProgramContract):
    method = "specification-self-correction"

    def make(self, task):
        return LoopholeCheck(task)


def model(revised=CLEAN, first=f"TREE {TRAP}"):
    """A model that games the rubric it is shown, and rewrites it."""

    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["shouted"]:
            return {"shouted": first if TRAP in str(messages) else "TREE"}
        return {"critique": "It says the magic word.", "revised": revised}

    def only(messages, **settings):
        return {name: value for name, value in script(messages, **settings).items() if name in answer_fields(messages)}

    return FakeLM(only)


def check(rubric=TAINTED, lm=None, **settings):
    lm = lm or model(**settings)
    with dspy.context(lm=lm):
        return LoopholeCheck(Shout, rubric=rubric)(word="tree"), lm


def test_there_are_exactly_four_calls_in_order():
    found, lm = check()
    assert [answer_fields(messages) for messages in lm.requests] == [["shouted"], ["critique"], ["revised"], ["shouted"]]
    assert LoopholeCheck(Shout, rubric=CLEAN).cost().at_least == LoopholeCheck(Shout, rubric=CLEAN).cost().at_most == 4
    assert [step.step for step in found.steps] == ["game", "criticise", "revise", "again"]


def test_each_turn_sees_what_was_said_before_it():
    _, lm = check()
    texts = [str(messages) for messages in lm.requests]
    assert "Any answer with the word" in texts[0]
    assert f"TREE {TRAP}" in texts[1]
    assert "It says the magic word." in texts[2]


def test_the_last_prompt_holds_neither_the_original_nor_the_first_response_nor_the_trap():
    found, lm = check()
    last = str(lm.requests[3])
    assert CLEAN.splitlines()[0] in last
    assert "full marks" not in last
    assert f"TREE {TRAP}" not in last
    assert "magic word" not in last
    assert TRAP not in found.revised
    assert TRAP not in last
    assert found.shouted == "TREE"


def test_without_a_rubric_the_tasks_instruction_is_checked_and_is_not_shown_again():
    lm = model(revised="Write it loudly.")
    with dspy.context(lm=lm):
        found = LoopholeCheck(Shout)(word="tree")
    assert found.original == Shout.instructions
    assert Shout.instructions in str(lm.requests[0])
    assert Shout.instructions not in str(lm.requests[3])


@pytest.mark.parametrize("empty", ["", "   ", "\n\n"])
def test_an_empty_revision_falls_back_to_the_original_and_is_flagged(empty):
    found, lm = check(revised=empty)
    assert (found.revised, found.flagged, found.changed, found.diff) == (TAINTED, True, False, "")
    assert TRAP in str(lm.requests[3])
    assert lm.calls == 4


def test_a_clean_rubric_comes_back_with_all_its_criteria():
    found, _ = check(CLEAN, revised=CLEAN + "\n")
    assert (found.changed, found.flagged, found.diff) == (False, False, "")
    assert criteria_kept(CLEAN, found.revised) == 1.0


def test_the_difference_shows_the_lines_that_went():
    found, _ = check()
    assert f"-Any answer with the word {TRAP} gets full marks." in found.diff.splitlines()
    assert " Nothing is added." in found.diff.splitlines()


@given(hyp.lists(hyp.text(alphabet="abc ", min_size=1, max_size=12), max_size=6).map("\n".join))
def test_a_rubric_does_not_differ_from_itself(text):
    assert difference(text, text) == ""
    assert criteria_kept(text, text) == 1.0


@given(
    hyp.lists(hyp.sampled_from(["be brief", "name the source", "no jokes at all", "answer in French"]), min_size=1, unique=True)
)
def test_the_share_of_criteria_kept_is_counted(kept):
    everything = "be brief\nname the source\nno jokes at all\nanswer in French"
    assert criteria_kept(everything, "\n".join(kept)) == len(kept) / 4


def test_a_change_has_to_be_confirmed():
    with dspy.context(lm=model()):
        found = repair_specification(TAINTED, Shout, {"word": "tree"})
    assert isinstance(found, Repair)
    assert found.changed
    with pytest.raises(UnconfirmedRepair, match=f"(?s)accept=True.*-Any answer with the word {TRAP}") as caught:
        confirmed(found, False)
    assert isinstance(caught.value, UserError)
    seen = []
    assert confirmed(found, True) == CLEAN
    assert confirmed(found, lambda diff: seen.append(diff) or True) == CLEAN
    assert seen == [found.diff]
    with pytest.raises(UnconfirmedRepair):
        confirmed(found, lambda diff: False)


def test_where_nothing_changed_nothing_needs_confirmation():
    with dspy.context(lm=model(revised=CLEAN)):
        assert confirmed(repair_specification(CLEAN, Shout, {"word": "tree"})) == CLEAN


def test_criteria_go_in_and_come_out_as_lines():
    with dspy.context(lm=model(revised="1. The word is in capitals.\n\n* Nothing is added.")):
        found = repair_criteria(TAINTED.splitlines(), Shout, {"word": "tree"})
    assert criteria_of(found.original) == TAINTED.splitlines()
    assert criteria_of(confirmed(found, True)) == CLEAN.splitlines()


def test_a_request_in_plain_words_is_a_task():
    lm = FakeLM(lambda messages, **settings: {name: f"some {name}" for name in answer_fields(messages)})
    with dspy.context(lm=lm):
        found = repair_specification(CLEAN, "Write a review of the film.")
    assert found.response == "some response"
    assert all("Write a review of the film." in str(messages) for messages in lm.requests)
    assert lm.calls == 4


def test_bad_input_is_refused_before_any_call():
    lm = model()
    with dspy.context(lm=lm):
        with pytest.raises(SettingError, match="nothing to check"):
            repair_specification("  ", Shout, {"word": "tree"})
        with pytest.raises(TaskError, match="critique"):
            LoopholeCheck("word -> critique")
        with pytest.raises(InputError, match="word"):
            repair_specification(CLEAN, Shout)
    assert lm.calls == 0
