"""A tutor under a policy: the contract, and replies held to the rules."""

import dspy
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.dialogue import Tutor
from selftaught.programs.dialogue.tutor import BE_THE_LEARNER, TEACH_BY_THE_POLICY
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout, obliging
from tests.programs.dialogue.roles import asked, scripted, shown, talking, told


class TestTutor(ProgramContract):
    method = "learnlm"

    def make(self, task):
        return Tutor(task)


NEVER_TELL = "Never give the answer."


def obedient(messages):
    """A tutor that tells the answer unless the policy forbids it and it was reminded."""
    if not told(messages, TEACH_BY_THE_POLICY):
        return "I do not know."
    return "It is TREE." if "This breaks" not in str(messages) else "Which letters are small?"


def tells(messages):
    return "TREE" not in shown(messages, "tutor_reply")


def test_a_reply_that_breaks_a_rule_is_written_again_and_no_turn_is_a_violation():
    lm = scripted(utterance=obedient, keeps_the_rule=tells)
    found = talking(Tutor(Shout, policy=[NEVER_TELL]), lm)
    assert found.violations == [[], []]
    assert all("TREE" not in turn["text"] for turn in found.conversation)


def test_without_redos_violations_are_only_counted():
    lm = scripted(utterance=obedient, keeps_the_rule=tells)
    found = talking(Tutor(Shout, policy=[NEVER_TELL], redos=0, exchanges=1), lm)
    assert found.violations == [[NEVER_TELL]]
    assert "TREE" in found.conversation[1]["text"]


def test_another_policy_makes_another_conversation():
    def speaks(messages):
        return "It is TREE." if "Tell the answer at once." in str(messages) else "Which letters are small?"

    runs = [talking(Tutor(Shout, policy=[rule]), scripted(utterance=speaks)) for rule in ("Tell the answer at once.", NEVER_TELL)]
    assert runs[0].conversation != runs[1].conversation


def test_the_reply_that_breaks_fewest_rules_is_said_the_earliest_of_equals():
    replies = iter(["two", "one", "uno"])
    lm = scripted(
        utterance=lambda messages: next(replies) if told(messages, TEACH_BY_THE_POLICY) else "Hm.",
        keeps_the_rule=lambda messages: shown(messages, "rule") == "A." and shown(messages, "tutor_reply") != "two",
    )
    found = talking(Tutor(Shout, policy=["A.", "B."], redos=2, exchanges=1), lm)
    assert found.conversation[1]["text"] == "one"
    assert found.violations == [["B."]]


def test_the_learner_sees_neither_the_policy_nor_what_is_hidden_and_writes_the_outputs():
    task = dspy.Signature("question, solution -> answer")
    lm = scripted(utterance="Hm.")
    talking(Tutor(task, policy=[NEVER_TELL], hidden=["solution"]), lm, question="What?", solution="SECRET")
    for messages in [*asked(lm, "answer"), *(one for one in asked(lm, "utterance") if told(one, BE_THE_LEARNER))]:
        assert "SECRET" not in str(messages)
        assert NEVER_TELL not in str(messages)
    assert all("SECRET" in str(messages) for messages in asked(lm, "keeps_the_rule"))


def test_the_persona_is_the_learners():
    lm = scripted(utterance="Hm.")
    talking(Tutor(Shout, learner="You are tired and cross."), lm)
    assert {shown(one, "persona") for one in asked(lm, "utterance")} == {"You are tired and cross.", ""}


def test_a_check_that_cannot_be_read_counts_as_kept_and_all_of_them_are_an_error():
    def script(bad):
        def answer(messages, **settings):
            if "keeps_the_rule" in answer_fields(messages):
                return "garbage" if shown(messages, "rule") in bad else {"keeps_the_rule": False}
            return obliging(messages, **settings)

        return FakeLM(answer)

    program = Tutor(Shout, policy=["A.", "B."], redos=0, exchanges=1)
    assert talking(program, script(["A."])).violations == [["B."]]
    with pytest.raises(CallError):
        talking(program, script(["A.", "B."]))


def test_the_cost_is_exact_at_both_ends():
    for keeps in (True, False):
        lm = scripted(keeps_the_rule=keeps)
        program = Tutor(Shout)
        talking(program, lm)
        assert lm.calls == (program.cost().at_least if keeps else program.cost().at_most)


@pytest.mark.parametrize("policy", [[], [" "]])
def test_a_policy_without_rules_is_refused(policy):
    with pytest.raises(SettingError, match="policy"):
        Tutor(Shout, policy=policy)
