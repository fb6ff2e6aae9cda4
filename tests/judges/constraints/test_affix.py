"""Beginnings, endings and repetitions of texts that were put together from them."""

from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from tests.judges.constraints.build import WORD, WORDS


def said(words):
    return " ".join(words)


@given(WORDS, WORDS, WORD)
def test_the_request_comes_first(request_words, answer, first):
    one = constraint("combination:repeat_prompt", prompt_to_repeat=said(request_words))
    assert one.check(said(request_words).upper() + "\n\n" + said(answer))
    assert not one.check("aeiou " + said(request_words))


@given(WORDS, WORDS, st.sampled_from(["{}", '"{}"', "{}\n", "\u201c{}\u201d"]))
def test_the_ending_comes_last(start, ending, frame):
    one = constraint("startend:end_checker", end_phrase=said(ending))
    assert one.check(frame.format(said([*start, *ending])))
    assert not one.check(frame.format(said([*start, *ending, "aeiou"])))


@given(WORDS)
def test_quotation_marks_stand_around_everything(words):
    one = constraint("startend:quotation")
    assert one.check(f'"{said(words)}"')
    assert not one.check(f'"{said(words)}')
    assert not one.check(f'{said(words)} "aeiou"')


@given(WORDS, WORD)
def test_a_changed_request_has_another_first_word_and_the_same_rest(words, first):
    one = constraint("repeat:repeat_change", prompt_to_repeat=said(words))
    assert one.check(said([first, *words[1:]])) == (first != words[0])
    assert not one.check(said([first, *words[1:], "aeiou"]))


@given(WORDS, WORDS)
def test_a_sentence_alone_is_repeated(words, other):
    one = constraint("repeat:repeat_simple", sentence=said(words))
    assert one.check(said(words).upper() + "\n")
    assert one.check(said(other)) == (words == other)


@given(st.lists(WORD, min_size=2, max_size=8, unique=True), st.data())
def test_a_span_of_words_is_copied_counted_from_zero_or_one(words, data):
    start = data.draw(st.integers(1, len(words) - 1))
    end = data.draw(st.integers(start, len(words) - 1))
    one = constraint("repeat:repeat_span", prompt_to_repeat=said(words), n_start=start, n_end=end)
    assert one.check(said(words[start : end + 1]))
    assert one.check(said(words[start - 1 : end]))
    assert not one.check(said(words[start - 1 : end + 1]))


@given(WORD, WORDS, WORD)
def test_a_word_is_second_and_last_but_one(first, middle, last):
    one = constraint("words:words_position", keyword="sea")
    assert one.check(f"{first} sea {said(middle)} Sea {last}!")
    assert not one.check(f"{first} {said(middle)} sea {last}!")
