"""TreeInstruct: the contract, and questions level by level."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.dialogue import TreeInstruct
from selftaught.programs.dialogue.lesson import ASK_DO_NOT_TELL, BE_THE_STUDENT, TEACH_WITHOUT_TELLING, without
from selftaught.programs.dialogue.treeinstruct import ANOTHER_ANGLE, DEEPER, OPEN
from selftaught.testing import ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey
from tests.programs.dialogue.roles import asked, scripted, shown, talking, told


class TestTreeInstruct(ProgramContract):
    method = "treeinstruct"

    def make(self, task):
        return TreeInstruct(task)


def tutoring(task=Shout, inputs=None, *, right=True, understood=True, correct=False, ask="Why?", **settings):
    lm = scripted(
        understandings=["letters", "capitals", "words"], utterance=ask, addresses_question=True, no_mistakes=right,
        explanation="It is missing.", understood=understood, correct=correct,
    )  # fmt: skip
    return talking(TreeInstruct(task, **settings), lm, **(inputs or {})), lm


def targets(lm):
    return [shown(messages, "understanding") for messages in asked(lm, "utterance") if told(messages, ASK_DO_NOT_TELL)]


def only(target):
    return lambda messages: shown(messages, "understanding") == target


def test_a_student_who_is_always_right_resolves_an_understanding_in_one_turn_of_its_tree():
    order = ["letters", "capitals", "words"]
    turn = {"tree": -1}

    def ask(messages):
        if told(messages, ASK_DO_NOT_TELL):
            turn["tree"] += 1
        return "Why?"

    found, lm = tutoring(ask=ask, understood=lambda messages: shown(messages, "understanding") == order[turn["tree"]])
    assert targets(lm) == order
    assert (found.questions, found.taught) == (3, 0)
    assert all(one["resolved"] for one in found.state)


def test_a_later_understanding_can_be_resolved_by_an_earlier_reply_and_is_never_asked_about():
    found, lm = tutoring(understood=True)
    assert targets(lm) == ["letters"]
    assert len(asked(lm, "understood")) == 3
    assert all(one["resolved"] for one in found.state)


def test_what_is_resolved_is_never_asked_about_or_checked_again():
    _, lm = tutoring(understood=only("capitals"), questions=4)
    assert targets(lm) == ["letters"] * 4
    checked = [shown(messages, "understanding") for messages in asked(lm, "understood")]
    assert checked.count("capitals") == 1


def test_a_student_who_is_always_wrong_is_taught_after_the_third_question_of_the_level_not_before():
    found, lm = tutoring(right=False, questions=5)
    kinds = [
        "teach" if told(messages, TEACH_WITHOUT_TELLING) else "ask"
        for messages in asked(lm, "utterance")
        if not told(messages, BE_THE_STUDENT)
    ]
    assert kinds == ["ask", "ask", "ask", "teach", "teach"]
    assert (found.questions, found.taught) == (5, 2)
    assert not any(one["resolved"] for one in found.state)
    assert found.conversation[6]["text"] == "Why? Why?"  # the explanation, then the last question again


def test_the_tutor_is_told_how_to_ask():
    _, lm = tutoring(right=False, questions=3)
    assert [shown(messages, "move") for messages in asked(lm, "utterance") if shown(messages, "move")] == [
        OPEN,
        ANOTHER_ANGLE,
        ANOTHER_ANGLE,
    ]
    _, lm = tutoring(right=True, understood=False, questions=3)
    moves = [shown(messages, "move") for messages in asked(lm, "utterance") if shown(messages, "move")]
    assert moves == [OPEN, DEEPER, DEEPER]


def test_the_last_level_is_taught():
    found, _ = tutoring(right=True, understood=False, questions=9)
    assert found.taught == 3  # six levels are asked about


def test_questions_are_the_limit():
    found, lm = tutoring(right=False, questions=4)
    assert found.questions == 4
    assert lm.calls <= TreeInstruct(Shout, questions=4).cost().at_most


def test_a_right_answer_of_the_student_ends_the_lesson():
    found, _ = tutoring(understood=only("letters"), correct=True)
    assert (found.correct, found.questions) == (True, 1)
    assert all(one["resolved"] for one in found.state)


LOCKED = dspy.Signature("question, solution: list[str] -> answer")
LOCKED_INPUT = {"question": "What?", "solution": ["Use x += 1", "close the FILE"]}


def test_no_question_holds_what_is_hidden_and_the_student_never_sees_it():
    leak = lambda messages: "Why not use x += 1, then Close the file?"  # noqa: E731
    found, lm = tutoring(LOCKED, LOCKED_INPUT, ask=leak, hidden=["solution"], right=False)
    for turn in found.conversation:
        if turn["speaker"] == "tutor":
            assert "use x += 1" not in turn["text"].lower()
            assert "close the file" not in turn["text"].lower()
    secret = [messages for messages in lm.requests if "close the FILE" in str(messages)]
    assert not any(told(messages, BE_THE_STUDENT) for messages in secret)
    assert not any(messages in secret for messages in asked(lm, "answer"))
    assert any(told(messages, ASK_DO_NOT_TELL) for messages in secret)


def test_secrets_are_cut_out_as_words():
    assert without("Is it 42 or 421?", ["42"]) == "Is it ... or 421?"
    assert without("An apple a day", ["a"]) == "An apple a day"
    assert without("First do this. Then that.", ["do this\nthen that"]) == "First .... ...."


def test_a_person_can_be_the_learner():
    heard = []

    def learner(question):
        heard.append(question)
        return "Because."

    lm = scripted(understandings=["letters"], utterance="Why?", addresses_question=True, no_mistakes=True, understood=True)
    program = TreeInstruct(Shout, learner=learner)
    found = talking(program, lm)
    assert heard == ["Why?"]
    assert found.conversation[1] == {"speaker": "student", "text": "Because."}
    assert program.cost().at_least <= lm.calls


def test_a_learner_may_be_waited_for():
    async def learner(question):
        return "Later."

    lm = scripted(understandings=["letters"], utterance="Why?", understood=True)
    assert talking(TreeInstruct(Shout, learner=learner), lm).conversation[1]["text"] == "Later."


def test_structured_outputs_and_settings():
    found, _ = tutoring(Survey, SURVEY_INPUT)
    assert found.place.town == "Ulm"
    with pytest.raises(SettingError, match="word"):
        TreeInstruct(Shout, hidden=["wrod"])
    with pytest.raises(SettingError, match="no input"):
        TreeInstruct(Shout, hidden=["word"])
