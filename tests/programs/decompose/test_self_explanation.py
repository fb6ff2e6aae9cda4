"""Self-explanation: the contract, and exactly one explanation for each turn."""

from typing import Literal

import dspy
import pytest
from pydantic import BaseModel

from selftaught.errors import CallError, SettingError
from selftaught.programs import Predict
from selftaught.programs.decompose import SelfExplanation
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestSelfExplanation(ProgramContract):
    method = "self-explanation"

    def make(self, task):
        return SelfExplanation(task)


class Turn(BaseModel):
    speaker: str
    text: str


class Booking(dspy.Signature):
    """Say which meal the user wants."""

    question: str = dspy.InputField()
    dialogue: list[Turn] = dspy.InputField()
    meal: Literal["lunch", "dinner"] = dspy.OutputField()


TALK = [
    Turn(speaker="user", text="A table, please."),
    Turn(speaker="system", text="For lunch?"),
    Turn(speaker="user", text="No, later."),
]


def explaining(extra=0):
    """A model that explains as many turns as the form allows, and so many more."""

    def script(messages, **settings):
        if answer_fields(messages) != ["explanations"]:
            return dict.fromkeys(answer_fields(messages), "dinner")
        form = settings["response_format"]["json_schema"]["schema"]["properties"]["explanations"]
        return {"explanations": [f"note {number}" for number in range(form["minItems"] + extra)]}

    return FakeLM(script)


def ask(lm, talk, task=Booking, **knobs):
    with dspy.context(lm=lm):
        return SelfExplanation(task, dialogue="dialogue", **knobs)(question="Which meal?", dialogue=talk)


def test_there_is_one_explanation_for_each_turn_in_order():
    lm = explaining()
    found = ask(lm, TALK)
    assert [(one["turn"], one["explanation"]) for one in found.explanations] == [(0, "note 0"), (1, "note 1"), (2, "note 2")]
    assert "No, later." in found.explanations[2]["text"]
    assert lm.calls == 2
    shown = lm.requests[-1][-1]["content"]
    assert shown.index("(note 0)") < shown.index("(note 1)") < shown.index("(note 2)")


@pytest.mark.parametrize("extra", [-1, 1])
def test_another_number_of_explanations_is_asked_for_again_and_then_an_error(extra):
    lm = explaining(extra)
    with pytest.raises(CallError):
        ask(lm, TALK)
    assert lm.calls == 2


def test_none_is_the_plain_program_byte_for_byte_and_so_is_an_empty_dialogue():
    for dialogue, comprehension in ((TALK, "none"), ([], "explain"), ("\n \n", "explain")):
        task = Booking if isinstance(dialogue, list) else dspy.Signature("question, dialogue -> meal")
        lm, plain = explaining(), explaining()
        ask(lm, dialogue, task, comprehension=comprehension)
        with dspy.context(lm=plain):
            Predict(task)(question="Which meal?", dialogue=dialogue)
        assert lm.requests == plain.requests


def test_a_dialogue_of_one_turn_and_one_of_lines_work():
    assert len(ask(explaining(), TALK[:1]).explanations) == 1
    found = ask(explaining(), "user: Hi.\n\nsystem: Hello.", dspy.Signature("question, dialogue -> meal"))
    assert [one["text"] for one in found.explanations] == ["user: Hi.", "system: Hello."]


def test_a_value_outside_the_schema_is_refused():
    with pytest.raises(CallError):
        ask(
            FakeLM(
                lambda messages, **settings: {
                    name: ["n"] if name == "explanations" else "brunch" for name in answer_fields(messages)
                }
            ),
            TALK[:1],
        )


def test_the_dialogue_is_the_first_list_unless_it_is_named():
    assert SelfExplanation(Booking).dialogue == "dialogue"
    assert SelfExplanation("question, chat -> meal").dialogue == "question"


@pytest.mark.parametrize("comprehension", ["summary", "understand"])
def test_the_weaker_variants_write_one_note(comprehension):
    lm = explaining()
    found = ask(lm, TALK, comprehension=comprehension)
    assert found.explanations == [{"explanation": "note 0"}]
    assert "note 0" in lm.requests[-1][-1]["content"]


def test_a_long_dialogue_is_explained_at_its_end():
    found = ask(explaining(), TALK * 3, turns=4)
    assert len(found.explanations) == 4
    assert "No, later." in found.explanations[0]["text"]


def test_a_tuned_instruction_is_used_whatever_the_number_of_turns():
    lm, program = explaining(), SelfExplanation(Booking)
    program.explain.signature = program.explain.signature.with_instructions("Explain it to a child.")
    with dspy.context(lm=lm):
        program(question="Which meal?", dialogue=TALK)
    assert lm.requests[0][0]["content"].startswith("Explain it to a child.")


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="word"):
        SelfExplanation(Shout, dialogue="wrod")
    with pytest.raises(SettingError, match="comprehension"):
        SelfExplanation(Shout, comprehension="deep")
