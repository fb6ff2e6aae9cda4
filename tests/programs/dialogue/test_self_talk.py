"""Self-talk: the contract, and playing along a workflow."""

import pytest

from selftaught.errors import CallError
from selftaught.programs.dialogue import SelfTalk
from selftaught.programs.dialogue.self_talk import BE_THE_AGENT, BE_THE_CLIENT, NONE
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging
from tests.programs.dialogue.roles import asked, scripted, shown, talking, told
from tests.programs.dialogue.test_workflow import BOOKING, SAYS


class TestSelfTalk(ProgramContract):
    method = "self-talk-dialogue"

    def make(self, task):
        return SelfTalk(task, workflow=BOOKING)


def parrot(messages):
    """The agent says what it has to say; the client says its word."""
    return shown(messages, "to_say") or "I want to book."


def playing(fits, *, utterance=parrot, **settings):
    lm = scripted(utterance=utterance, fits=fits)
    return talking(SelfTalk(Shout, workflow=BOOKING, **{"dialogues": 1, **settings}), lm), lm


def first_fit(messages):
    """What the matcher says: the first reply of the node."""
    said = shown(messages, "agent_said")
    return next(node["then"][0][0] for node in BOOKING if node["says"] == said)


def test_an_agent_that_follows_the_workflow_ends_with_full_score():
    found, lm = playing(first_fit)
    assert found.score == 1.0
    (played,) = found.dialogues
    assert (played["subgoals_done"], played["ended"], played["kept"]) == (4, True, True)
    assert [turn["speaker"] for turn in played["turns"]] == ["agent", "client"] * 3 + ["agent"]
    assert len(asked(lm, "fits")) == 3


def test_another_branch_is_taken_where_the_reply_fits_it():
    branch = lambda messages: "wants to cancel" if "book or to cancel" in shown(messages, "agent_said") else "tells it"  # noqa: E731
    found, _ = playing(branch)
    texts = [turn["text"] for turn in found.conversation if turn["speaker"] == "agent"]
    assert texts == [SAYS[name] for name in ("greet", "number", "done")]


def test_a_reply_that_fits_nothing_keeps_the_node():
    found, lm = playing(NONE, most_turns=6)
    assert {shown(messages, "to_say") for messages in asked(lm, "utterance") if told(messages, BE_THE_AGENT)} == {SAYS["greet"]}
    assert (len(found.conversation), found.dialogues[0]["ended"], found.dialogues[0]["kept"]) == (6, False, False)


def test_the_client_sees_no_workflow_and_the_agent_neither_the_client_nor_what_comes_later():
    _, lm = playing(first_fit, utterance=lambda messages: "Well.")
    for messages in asked(lm, "utterance"):
        text = str(messages)
        if told(messages, BE_THE_CLIENT):
            assert not any(said in text for said in SAYS.values())
            assert "wants to book" not in text
        else:
            assert sum(said in text for said in SAYS.values()) == 1
            assert "tree" not in text


@pytest.mark.parametrize("most_turns", [1, 2, 3, 4])
def test_most_turns_is_respected(most_turns):
    found, lm = playing(first_fit, most_turns=most_turns)
    assert len(found.conversation) == most_turns
    assert lm.calls <= SelfTalk(Shout, workflow=BOOKING, dialogues=1, most_turns=most_turns).cost().at_most


def test_a_farewell_of_the_client_ends_it():
    found, lm = playing(first_fit, utterance=lambda messages: shown(messages, "to_say") or "No. Goodbye!")
    assert (len(found.conversation), found.dialogues[0]["ended"]) == (2, True)
    assert lm.calls == 2 + 1 + 1  # two utterances, the persona, the outputs


def sampled(words):
    """A model whose agent says, in the i-th conversation, the i-th word, or what it has to say for None; garbage for "garbage"."""

    def script(messages, **settings):
        rollout = str(settings.get("rollout_id"))
        number = int(rollout.partition("dialogue")[2][:1] or 0)
        if "utterance" in answer_fields(messages):
            return "garbage" if words[number] == "garbage" else {"utterance": words[number] or parrot(messages)}
        return {**obliging(messages, **settings), **({"fits": first_fit(messages)} if "fits" in answer_fields(messages) else {})}

    return FakeLM(script)


def test_the_outputs_are_read_off_the_best_conversation():
    lm = sampled(["Hm.", None, "Well."])
    found = talking(SelfTalk(Shout, workflow=BOOKING, dialogues=3), lm)
    assert [played["kept"] for played in found.dialogues] == [False, True, False]
    assert found.score == 1.0
    assert "Which day would suit you" in str(asked(lm, "shouted")[0])
    assert len(asked(lm, "shouted")) == 1


def test_the_first_of_equals_is_taken():
    lm = sampled(["Hm.", "Well."])
    assert talking(SelfTalk(Shout, workflow=BOOKING, dialogues=2), lm).conversation[0]["text"] == "Hm."


def test_a_conversation_that_breaks_is_missing_and_all_broken_is_an_error():
    assert len(talking(SelfTalk(Shout, workflow=BOOKING, dialogues=2), sampled(["garbage", None])).dialogues) == 1
    with pytest.raises(CallError):
        talking(SelfTalk(Shout, workflow=BOOKING, dialogues=2), sampled(["garbage", "garbage"]))


def test_consistency_is_asked_only_where_it_is_wanted():
    _, lm = playing(first_fit, consistency=False)
    assert not asked(lm, "stays_in_role")
    found, _ = playing(first_fit)
    assert found.dialogues[0]["consistent"] is True


def test_structured_outputs():
    lm = scripted(utterance=parrot, fits=first_fit)
    assert talking(SelfTalk(Survey, workflow=BOOKING, dialogues=1), lm, **SURVEY_INPUT).place.town == "Ulm"
