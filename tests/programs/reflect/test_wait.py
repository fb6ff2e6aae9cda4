"""The reopened turn (113): the contract, and that the marker is all that differs from the bare turn."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.diagnose import blind_spot
from selftaught.programs.reflect import Wait
from selftaught.programs.reflect.wait import ASK_AGAIN
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey
from tests.programs.reflect.scripts import run


class TestWait(ProgramContract):
    method = "wait"

    def make(self, task):
        return Wait(task)


def reopened(first, second, decision="BEST"):
    def script(messages, **settings):
        last = messages[-1]["content"]
        return {"shouted": decision if "first_draft:" in last else second if ASK_AGAIN in last else first}

    return FakeLM(script)


def test_the_answer_is_the_models_own_turn_and_the_marker_opens_the_next():
    lm = reopened("TREE", "TREE")
    run(Wait(Shout, marker="Hmm."), lm)
    turns = lm.requests[1]
    assert [turn["role"] for turn in turns[-3:]] == ["user", "assistant", "user"]
    assert turns[-3]["content"] == "tree"
    assert turns[-2]["content"] == '{"shouted": "TREE"}'
    assert turns[-1]["content"] == f"Hmm. {ASK_AGAIN}"


def test_with_and_without_the_marker_differ_by_the_marker_alone():
    marked, bare = reopened("TREE", "WOOD"), reopened("TREE", "WOOD")
    run(Wait(Shout), marked)
    run(Wait(Shout, marker=""), bare)
    assert marked.requests[1][:-1] == bare.requests[1][:-1]
    assert marked.requests[1][-1]["content"].replace("Wait. ", "") == bare.requests[1][-1]["content"]


def test_a_kept_answer_takes_two_calls_and_a_changed_one_a_decision():
    lm = reopened("TREE", "tree")
    assert run(Wait(Shout), lm).decided_by == "second"
    assert lm.calls == 2
    lm = reopened("TREE", "WOOD")
    assert (run(Wait(Shout), lm).shouted, lm.calls) == ("BEST", 3)
    lm = reopened("TREE", "WOOD")
    assert (run(Wait(Shout, decide="second"), lm).shouted, lm.calls) == ("WOOD", 2)


def test_structured_answers_keep_their_fields_in_the_turn():
    lm = FakeLM(lambda messages, **settings: SURVEY_ANSWER)
    run(Wait(Survey), lm, **SURVEY_INPUT)
    assert '"town": "Ulm"' in lm.requests[1][-2]["content"]


def test_a_turn_that_cannot_be_read_leaves_the_first_answer():
    lm = FakeLM(lambda messages, **settings: "garbage" if ASK_AGAIN in messages[-1]["content"] else {"shouted": "TREE"})
    assert run(Wait(Shout, decide="second"), lm).shouted == "TREE"


def test_the_diagnosis_uses_the_same_words():
    assert blind_spot.ASK_AGAIN == ASK_AGAIN


def test_a_marker_is_a_text():
    with pytest.raises(SettingError, match="marker"):
        Wait(Shout, marker=None)
