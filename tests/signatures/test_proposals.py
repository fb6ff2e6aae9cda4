"""Signatures of steps that think of instructions: named texts in, one text or a list of them out."""

from selftaught.adapter import answer_schema
from selftaught.signatures import list_of, proposal_of

GIVEN = {"present": "the instruction", "examples": "solved examples"}


def test_a_proposal_takes_named_texts_and_gives_one_bounded_text():
    signature = proposal_of("Improve", "Write it better.", GIVEN, longest=40)
    assert list(signature.input_fields) == ["present", "examples"]
    assert list(signature.output_fields) == ["instruction"]
    assert signature.instructions == "Write it better."
    assert answer_schema(signature)["properties"]["instruction"]["maxLength"] == 40


def test_what_is_asked_for_can_have_another_name():
    assert list(proposal_of("Describe", "Say it.", GIVEN, asked="summary").output_fields) == ["summary"]


def test_a_list_is_bounded_on_both_sides():
    signature = list_of("Rules", "Name the rules.", GIVEN, "rules", "short rules", at_most=3)
    schema = answer_schema(signature)["properties"]["rules"]
    assert (schema["minItems"], schema["maxItems"]) == (1, 3)
    field = signature.output_fields["rules"]
    assert field.annotation == list[str]
