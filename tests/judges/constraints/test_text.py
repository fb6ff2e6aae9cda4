"""How a text is cut: hand-made cases, and texts built from known pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints.text import mark_of, occurrences, paragraphs, sentences, tokens, words
from tests.judges.constraints.build import WORD, WORDS

SPLIT = [
    ("Dr. Smith lives at 3.5 Main St. in Ulm. He is old.", 2),
    ("He said: \"Stop! Now?\" and went on. Then... nothing.", 3),
    ("J. R. Tolkien wrote it. Did I?! Yes!", 3),
    ("1. One item\n2. Another item", 1),
    ("1. Buy milk.\n2. Buy eggs.", 2),
    ("See fig. 3 and no. 7. No. I won't.", 3),
    ("apples, pears, etc. are fruit. we eat them. fine", 3),
    ("Great! 😀 Next one. 🎉🎉", 2),
    ("これは犬です。あれは猫です。", 2),
    ("यह एक वाक्य है। यह दूसरा है।", 2),
    ("A title\n\nThen a sentence.", 1),
    ("*** \n\n ---", 0),
    ("No mark at all", 1),
    ("(It was late.) \"We left.\" *Really?*", 3),
    ("The U.S. economy grew. The U.S. Nobody knows.", 3),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), SPLIT)
def test_sentences_are_counted_as_people_count_them(text, number):
    assert len(sentences(text)) == number, sentences(text)


@given(
    st.lists(st.tuples(WORDS, st.sampled_from([".", "!", "?", "...", "?!", '."', ".)"])), min_size=1),
    st.sampled_from([" ", "\n", "\n\n"]),
)
def test_sentences_that_were_joined_come_apart_again(pieces, between):
    made = [" ".join(said).capitalize() + mark for said, mark in pieces]
    assert sentences(between.join(made)) == made


@given(st.lists(WORD))
def test_nothing_of_a_text_is_lost_between_sentences(said):
    text = ". ".join(said)
    assert words(" ".join(sentences(text))) == words(text)


@pytest.mark.parametrize(
    ("sentence", "mark"),
    [
        ("One.", "."),
        ("One?!", "?"),
        ('"One!"', "!"),
        ("One! 😀", "!"),
        ("One 😀.", "."),
        ("One", ""),
        ("一。", "."),
        ("*One?*", "?"),
    ],
)
def test_a_sentence_has_the_mark_it_ends_with(sentence, mark):
    assert mark_of(sentence) == mark


def test_words_are_runs_of_letters_and_tokens_stand_between_spaces():
    assert words("Don't stop — it's 5 o'clock_now.") == ["Don", "t", "stop", "it", "s", "5", "o", "clock_now"]
    assert tokens("\"Don't stop\" — it's... (5) well-known--yes!") == ["Don't", "stop", "it's", "5", "well-known", "yes"]
    assert words("नमस्ते दुनिया") == ["नमस्ते", "दुनिया"]


@given(WORDS, st.sampled_from([" ", "\n", "  ", " - ", ", "]))
def test_words_that_were_joined_are_found_again(said, between):
    assert words(between.join(said)) == said
    assert tokens(between.join(said)) == said


@pytest.mark.parametrize(
    ("phrase", "text", "times"),
    [
        ("less", "unless Less less.", 2), ("c++", "C++ and cc++", 1), ("blue sky", "Blue\n sky, blue-sky", 1), ("a.b", "a.b axb", 1),
        ("猫", "黒猫と猫", 2), ("été", "ÉTÉ étés", 1), ("sea", "sea-side sea's _sea_", 3), ("शब्द", "शब्द। शब्दों", 1),
    ],
)  # fmt: skip
def test_a_phrase_is_found_as_whole_words_in_any_case(phrase, text, times):
    assert occurrences(phrase, text) == times


def test_paragraphs_are_what_blank_lines_separate():
    assert paragraphs("\n\nOne\nline.\n \n\nTwo.\n") == ["One\nline.", "Two."]
