"""Notes on failures (153): the kinds, and that nothing of the choices survives redaction."""

import re

import pytest

from selftaught.programs.reflect.notes import KINDS, MASK, SECTIONS, choices_of, note_of, redacted
from selftaught.testing.samples import Shout, Survey

FOUND = {
    "explanation": "E-text", "keywords": ["K-one", "K-two"], "solution": "S-text", "directions": ["D-one", "D-two"],
    "advice": "A-text",
}  # fmt: skip
OWN = {
    "explanation": "E-text",
    "keywords": "K-one; K-two",
    "solution": "S-text",
    "instructions": "D-one; D-two",
    "advice": "A-text",
}


def test_there_are_the_eight_kinds_of_the_paper():
    assert list(KINDS) == ["retry", "keywords", "advice", "explanation", "instructions", "solution", "composite", "unredacted"]


@pytest.mark.parametrize("kind", OWN)
def test_a_kind_holds_its_own_section_and_no_other(kind):
    text = note_of(kind, FOUND)
    assert [other for other, said in OWN.items() if said in text] == [kind]


def test_retry_has_no_note_and_composite_all_five_sections():
    assert note_of("retry", FOUND) == ""
    assert all(said in note_of("composite", FOUND) for said in OWN.values())
    assert note_of("composite", FOUND).count("\n") == len(SECTIONS) - 1


TEXTS = [
    "The answer is B, not (A). Take C: blue whale!", "blue whale; BLUE WHALE, Blue whale.", "A. red fox B) blue whale C]",
    "It said 'red fox' (see D), so blue\nwhale is not red.", "a b c d",
]  # fmt: skip
CHOICES = ["red fox", "blue whale", "red", "owl"]


@pytest.mark.parametrize("text", TEXTS)
def test_no_choice_and_no_letter_survives_as_a_word(text):
    left = redacted(text, CHOICES, letters=4)
    for choice in CHOICES:
        assert not re.search(rf"(?<!\w){choice}(?!\w)", left, re.IGNORECASE), left
    assert not re.search(r"(?<!\w)[ABCD](?!\w)", left), left


def test_a_choice_that_holds_another_is_hidden_whole():
    assert redacted("It is red fox.", CHOICES) == f"It is {MASK}."


def test_only_whole_words_and_small_articles_stay():
    assert redacted("A hundred redwoods and a boat", ["red", "o"], letters=0) == "A hundred redwoods and a boat"
    assert redacted("x a A", ["A"]) == f"x a {MASK}"


def test_choices_with_signs_are_taken_as_text():
    assert redacted("It is 3.5 (or so), 345", ["3.5", "(or so)", ""]) == f"It is {MASK} {MASK}, 345"


def test_the_choices_of_a_task_are_its_literals():
    assert choices_of(Survey) == ["good", "bad"]
    assert choices_of(Shout) == []
