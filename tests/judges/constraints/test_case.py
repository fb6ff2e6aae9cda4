"""Capitals, small letters and marks of texts whose letters are known."""

from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from selftaught.programs.judge.constraints.case import MARKS
from tests.judges.constraints.build import RELATIONS, WORDS, holds

CAPITAL, SMALL = constraint("change_case:english_capital"), constraint("change_case:english_lowercase")
PUNCTUATED = st.text("abcABC .,!5'-")


@given(PUNCTUATED)
def test_capitals_only_and_small_letters_only_are_what_python_calls_them(text):
    assert CAPITAL.check(text) == text.isupper()
    assert SMALL.check(text) == text.islower()
    assert not (CAPITAL.check(text) and SMALL.check(text))


@given(WORDS)
def test_letters_that_are_not_latin_are_not_english(said):
    assert SMALL.check(" ".join(said))
    assert not SMALL.check("и" * (len("".join(said)) + 1) + " " + " ".join(said))


@given(WORDS, WORDS, st.integers(1, 9), st.sampled_from(RELATIONS))
def test_words_in_capitals_are_counted(small, loud, asked, relation):
    one = constraint("change_case:capital_word_frequency", capital_frequency=asked, capital_relation=relation)
    text = " ".join([*small, *(f'"{word.upper()}!"' for word in loud), *(word.capitalize() for word in small)])
    assert one.check(text) == holds(len(loud), relation, asked)


@given(WORDS, st.data())
def test_title_case_breaks_at_any_word_that_is_not_small(said, data):
    one = constraint("format:title_case")
    titled = [word.capitalize() for word in said]
    assert one.check(" of the ".join(titled))
    place = data.draw(st.integers(0, len(said) - 1))
    titled[place] = said[place]
    assert not one.check(" ".join(titled))


@given(PUNCTUATED)
def test_no_comma_means_none(text):
    assert constraint("punctuation:no_comma").check(text) == (bool(text.strip()) and "," not in text)


@given(WORDS, st.sets(st.sampled_from(MARKS)), st.booleans())
def test_every_mark_is_needed_and_the_interrobang_too(said, marks, both):
    text = " ".join([*said, *sorted(marks)]) + (" what?!" if both else "")
    assert constraint("count:punctuation").check(text) == (both and len(marks) == len(MARKS))


@given(WORDS, st.lists(st.sampled_from(["1", "2,000", "3.5", "10:30", "1999"])), st.integers(0, 6))
def test_numbers_are_counted_whole(said, numbers, asked):
    text = " and ".join([*said, *numbers])
    assert constraint("count:numbers", N=asked).check(text) == (len(numbers) == asked)
