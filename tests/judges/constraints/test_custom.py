"""Single tasks: answers that were computed, and answers that are off by one thing."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from tests.judges.constraints.build import WORD, WORDS


@given(st.integers(1, 40), st.integers(0, 60), st.integers(1, 9), st.data())
def test_multiples_are_all_there_in_order(first, span, factor, data):
    one = constraint("custom:multiples", first=first, last=first + span, factor=factor)
    wanted = [number for number in range(first, first + span + 1) if number % factor == 0]
    assert one.check("Here: " + ", ".join(map(str, wanted)))
    if wanted:
        wanted.pop(data.draw(st.integers(0, len(wanted) - 1)))
        assert not one.check("Here: " + ", ".join(map(str, wanted)))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_questions_have_their_options_and_grow(lengths, options, questions_asked, options_asked):
    answers = "".join(f"\n{letter}) option" for letter in "ABCD"[:options])
    text = "\n\n".join(f"Question {place}: {'x' * length}?{answers}" for place, length in enumerate(lengths, 1))
    one = constraint("custom:mcq_count_length", questions=questions_asked, options=options_asked)
    grows = lengths == sorted(set(lengths))
    assert one.check(text) == (len(lengths) == questions_asked and options == options_asked and grows)


@given(WORDS, st.integers(1, 10))
def test_lines_are_in_reverse_order(words, items):
    one, backwards = constraint("custom:reverse_newline", items=items), sorted(words, reverse=True)
    text = "\n".join(f"{place}. {word.capitalize()}" for place, word in enumerate(backwards, 1))
    assert one.check(text) == (len(words) >= items)
    assert one.check("\n".join(reversed(backwards))) == (len(words) >= items and len(set(words)) == 1)


@given(WORDS, WORDS, WORDS)
def test_a_sentence_is_written_backwards(before, phrase, after):
    whole, asked = " ".join([*before, *phrase, *after]), " ".join(phrase)
    assert constraint("custom:word_reverse", phrase=asked).check(" ".join(reversed(whole.split())))
    assert constraint("custom:character_reverse", phrase=asked).check(whole[::-1].upper())
    assert not constraint("custom:character_reverse", phrase=asked + " aei").check(whole)


@given(st.permutations("abcdefghijklmnopqrstuvwxyz"))
def test_sentences_go_through_the_alphabet(letters):
    text = " ".join(f"{letter.upper()}bc is here." for letter in letters)
    assert constraint("custom:sentence_alphabet").check(text) == (list(letters) == sorted(letters))


@given(
    st.lists(st.dates(date(1000, 1, 1)), min_size=1, max_size=5), st.sampled_from(["%d.%m.%Y", "%Y-%d-32", "%Y-13-%d", "%B %Y"])
)
def test_dates_are_dates(dates, other):
    one, text = constraint("custom:date_format_list"), ", ".join(map(date.isoformat, dates))
    assert one.check(text)
    assert not one.check(f"{text}, {dates[0].strftime(other)}")
    assert not one.check(f"{text}.")


@given(WORD, WORDS)
def test_an_overlap_is_of_the_texts_own_pieces(start, words):
    text = " ".join([start, *words])
    assert constraint("ratio:overlap", percentage=100, reference_text=text).check(text)
    assert constraint("ratio:overlap", percentage=100, reference_text=f"aeiou {text} aeiou").check(text)
    assert constraint("ratio:overlap", percentage=0, reference_text="aeiou aeiou").check(text.replace(" ", ""))


def test_half_of_the_pieces_are_half():
    text, reference = "abcdefxyz", "abcdef123"  # abc bcd cde def of seven
    assert constraint("ratio:overlap", percentage=57, reference_text=reference).check(text)
    assert not constraint("ratio:overlap", percentage=54, reference_text=reference).check(text)
