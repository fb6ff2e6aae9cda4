"""Kinds, lengths and words of sentences that were built one by one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from tests.judges.constraints.build import WORD, WORDS

MARKS = st.lists(st.sampled_from(".?!"), min_size=1, max_size=9)
SENTENCES = st.lists(WORDS, min_size=1, max_size=5)


def said(words, mark="."):
    return " ".join(words).capitalize() + mark


@given(MARKS)
def test_ratios_of_statements_questions_and_exclamations(marks):
    text = " ".join(f"So it is{mark}" for mark in marks)
    statements, questions, exclamations = (marks.count(mark) for mark in ".?!")
    assert constraint("ratio:sentence_type").check(text) == (questions > 0 and statements == 2 * questions)
    assert constraint("ratio:sentence_balance").check(text) == (statements == questions == exclamations)


@given(SENTENCES, st.data())
def test_every_sentence_ends_with_an_emoji(pieces, data):
    one, smiling = (
        constraint("format:emoji"),
        [said(words, data.draw(st.sampled_from([" 😀.", ". 🎉", "! ❤️"]))) for words in pieces],
    )
    assert one.check(" ".join(smiling))
    smiling[data.draw(st.integers(0, len(pieces) - 1))] = "No more."
    assert not one.check(" ".join(smiling))


@given(st.lists(st.text("bcdfgh", min_size=4, max_size=4), min_size=6, max_size=6))
def test_three_sentences_of_equal_length_use_no_word_twice(words):
    one, text = constraint("ratio:sentence_words"), " ".join(said(words[place : place + 2]) for place in (0, 2, 4))
    assert one.check(text) == (len(set(words)) == 6)
    assert not one.check(text + "x.")


@given(SENTENCES, st.integers(1, 5), st.integers(1, 5))
def test_a_word_is_in_its_sentence(pieces, asked, place):
    words = [[*piece, "sea"] if number == place else piece for number, piece in enumerate(pieces, 1)]
    text = " ".join(map(said, words))
    assert constraint("sentence:keyword", word="SEA", N=asked).check(text) == (asked == place <= len(pieces))


@given(SENTENCES, st.data())
def test_a_word_has_its_place_in_its_sentence(pieces, data):
    n = data.draw(st.integers(1, len(pieces)))
    m = data.draw(st.integers(1, len(pieces[n - 1])))
    words = [[*piece] for piece in pieces]
    words[n - 1][m - 1] = "sea"
    text = " ".join(map(said, words))
    assert constraint("words:keywords_specific_position", keyword="sea", n=n, m=m).check(text)
    assert not constraint("words:keywords_specific_position", keyword="sea", n=n, m=m + 1).check(text)


@given(st.lists(WORD, min_size=2, max_size=6), st.data())
def test_each_sentence_takes_up_the_last_word(links, data):
    one, chain = constraint("words:last_first"), [[first, "and", last] for first, last in pairwise(links)]
    assert one.check(" ".join(map(said, chain))) == (len(chain) > 1)
    place = data.draw(st.integers(0, len(chain) - 1))
    chain[place][0 if place else 2] = "aeiou"
    assert not one.check(" ".join(map(said, chain)))


@given(SENTENCES, st.data())
def test_each_paragraph_ends_as_it_began(pieces, data):
    one, framed = constraint("words:paragraph_last_first"), [[piece[0].upper(), *piece, piece[0]] for piece in pieces]
    assert one.check("\n\n".join(map(said, framed)))
    framed[data.draw(st.integers(0, len(pieces) - 1))].append("aeiou")
    assert not one.check("\n".join(map(said, framed)))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5))
def test_each_sentence_has_more_words_by_the_step(first, step, asked, number):
    text = " ".join(said(["sea"] * (first + step * place)) for place in range(number))
    assert constraint("sentence:increment", small_n=asked).check(text) == (number > 1 and step == asked)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_each_sentence_has_a_longer_run(runs):
    text = " ".join(said(["over", *["sea"] * run, "top"]) for run in runs)
    grows = all(one < two for one, two in pairwise(runs))
    assert constraint("sentence:alliteration_increment").check(text) == (len(runs) > 1 and grows)
