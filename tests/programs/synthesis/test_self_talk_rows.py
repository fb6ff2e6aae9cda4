"""Self-talk as data: only good conversations come out, and no word of the workflow."""

import dspy
import pytest

from selftaught.errors import DataError, SettingError
from selftaught.programs.dialogue.self_talk import BE_THE_CLIENT, NONE
from selftaught.programs.synthesis.self_talk_rows import SYSTEM, SelfTalkRows
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from tests.programs.dialogue.roles import shown, told
from tests.programs.dialogue.test_self_talk import first_fit
from tests.programs.dialogue.test_workflow import BOOKING, SAYS
from tests.programs.synthesis.scripts import number_of

PERSONAS = [{"persona": f"Guest {number}, who wants a table."} for number in range(4)]


def talking(fits=first_fit, says=None, stays=True):
    """The agent says what it has to say in words that differ; the client says its word."""

    def script(messages, **settings):
        number = number_of(messages, **settings)
        said = {"stays_in_role": stays}
        if "fits" in answer_fields(messages):
            said["fits"] = fits(messages) if callable(fits) else fits
        if "utterance" in answer_fields(messages):
            client = told(messages, BE_THE_CLIENT)
            said["utterance"] = f"Well {number}." if client else (says or f"{shown(messages, 'to_say')} {number}")
        return {name: said[name] for name in answer_fields(messages)}

    return script


def run(script, personas=PERSONAS[:1], **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        pipeline = SelfTalkRows(personas, workflow=BOOKING, **{"dialogues": 2, "least_done": 4, "novelty": 1.0, **settings})
        return pipeline.run(progress=False), lm


class TestSelfTalkRows(SynthesisContract):
    method = "self-talk-rows"

    def make(self):
        return SelfTalkRows(PERSONAS, workflow=BOOKING, dialogues=2, batch=2, novelty=1.0)

    def script(self, messages, **settings):
        return talking()(messages, **settings)


def test_a_row_is_a_conversation_with_the_agent_as_assistant_and_no_word_of_the_workflow():
    found, lm = run(talking())
    assert len(found.rows) == 2
    for row in found.rows:
        first, *messages = row["messages"]
        assert first == {"role": "system", "content": SYSTEM}
        assert [one["role"] for one in messages] == ["assistant", "user"] * 3 + ["assistant"]
        assert (row["share"], row["subgoals_done"], row["ended"]) == (1.0, 4, True)
        assert "wants to book" not in str(row["messages"])
    for messages in lm.requests:
        if told(messages, BE_THE_CLIENT):
            heard = sum(said in str(messages) for said in SAYS.values())
            assert heard == str(messages).count("agent:") > 0  # what the agent has said, and no node that is yet to come
            assert "wants to book" not in str(messages)


def test_silent_agents_and_forgetful_clients_give_no_row():
    silent, _ = run(talking(says="Hm."), most_turns=6)
    assert set(silent.rejected) == {("fewer than 4 nodes", "fewer than 4 nodes")}
    forgetful, _ = run(talking(stays=False))
    assert set(forgetful.rejected) == {("the client forgot its persona", "the client forgot its persona")}


def test_the_best_of_a_round_can_be_kept_instead():
    def fits(messages):
        return first_fit(messages) if "Guest 2" in str(messages) else NONE

    found, _ = run(talking(fits), PERSONAS, dialogues=1, best=0.25, most_turns=8)
    (row,) = found.rows
    assert (row["persona"], row["share"]) == (PERSONAS[2]["persona"], 1.0)


def test_the_clients_last_word_is_not_learned():
    found, _ = run(talking(), most_turns=4, least_done=2)
    assert [one["role"] for one in found.rows[0]["messages"]] == ["system", "assistant", "user", "assistant"]
    bare, _ = run(talking(), system="")
    assert bare.rows[0]["messages"][0]["role"] == "assistant"


def test_conversations_that_are_alike_come_once():
    found, _ = run(talking(says="Do you want to book or to cancel?"), PERSONAS, least_done=1, novelty=0.3, most_turns=2)
    assert len(found.rows) == 1


def test_rows_are_written_as_messages(tmp_path):
    found, _ = run(talking())
    found.save(tmp_path / "rows.jsonl", "messages")
    assert (tmp_path / "rows.jsonl").read_text().count("assistant") == 8


def test_settings_that_are_none_are_refused():
    with pytest.raises(DataError):
        SelfTalkRows([{"name": "x"}], workflow=BOOKING)
    for settings in ({"workflow": []}, {"dialogues": 0}, {"system": None}, {"best": 2}):
        with pytest.raises(SettingError):
            SelfTalkRows(PERSONAS, **{"workflow": BOOKING, **settings})
