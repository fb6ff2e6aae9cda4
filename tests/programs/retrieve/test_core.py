"""The focus core and the context: sentences that join to the text again, and which input is the context."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs import Reasoned
from selftaught.programs.retrieve import Evidence, Grounded
from selftaught.programs.retrieve.context import Context, pieces, replaced

TEXTS = [
    'Mr. Smith is here. "Yes!" he said.\nA line without stop\n\n- item one\n- item two. Ok? 3.5 m.',
    "...",
    "",
    "   lead. b. ",
    "a a. a a. a a.",
    "\n\n\n",
    "\u6211\u662f\u3002\u4f60\u597d\u3002",
]


@pytest.mark.parametrize("text", TEXTS)
def test_sentences_joined_are_the_text(text):
    assert "".join(pieces(text)) == text


def test_a_line_break_ends_a_sentence_and_an_abbreviation_does_not():
    assert [piece.strip() for piece in pieces("Mr. Smith left.\nTitle\nHe ran. Fast.")] == [
        "Mr. Smith left.",
        "Title",
        "He ran.",
        "Fast.",
    ]


def test_the_longest_text_is_the_context_unless_one_is_named():
    task = dspy.Signature("question, passages: list[str], count: int -> answer")
    inputs = {"question": "Why?", "passages": ["A long passage.", "b"], "count": 123456789}
    assert Context(task).of(inputs) == "passages"
    assert Context(task).of({**inputs, "question": "w" * 40}) == "question"
    assert Context(task, "question").of(inputs) == "question"
    with pytest.raises(SettingError, match="passages"):
        Context(task, "count")


def test_a_task_without_a_text_has_no_context():
    with pytest.raises(TaskError, match="no input that is a text"):
        Evidence("count: int -> answer")


def test_a_replaced_context_keeps_its_type():
    assert replaced({"a": "x"}, "a", ["1", "2"]) == {"a": "1\n\n2"}
    assert replaced({"a": ["x"], "b": 1}, "a", ["1", "2"]) == {"a": ["1", "2"], "b": 1}


def test_what_is_told_about_the_context_needs_a_predictor_and_a_free_name():
    with pytest.raises(SettingError, match="predictor"):
        Evidence("text -> answer", generate=Reasoned("text -> answer"))
    with pytest.raises(TaskError, match="passages"):
        Grounded("passages -> answer")
