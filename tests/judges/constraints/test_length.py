"""Words, sentences and paragraphs of texts that were built with a known number of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from tests.judges.constraints.build import RELATIONS, SIZES, WORD, WORDS, holds


def counting(kind, argument):
    return lambda asked, relation: constraint(kind, **{argument: asked, "relation": relation})


COUNTED = {
    "words": (counting("length_constraints:number_words", "num_words"), lambda number: " ".join(["sea"] * number)),
    "sentences": (
        counting("length_constraints:number_sentences", "num_sentences"),
        lambda number: " ".join(["So it is."] * number),
    ),
}


@pytest.mark.parametrize("what", COUNTED)
@given(SIZES, st.integers(1, 12), st.sampled_from(RELATIONS))
def test_a_number_stands_in_the_relation_asked_for(what, found, asked, relation):
    make, text = COUNTED[what]
    assert make(asked, relation).check(text(found)) == holds(found, relation, asked)


@pytest.mark.parametrize("what", COUNTED)
@given(st.text(), st.integers(2, 12))
def test_at_least_implies_at_least_one_less_and_at_most_implies_at_most_one_more(what, text, number):
    make, _ = COUNTED[what]
    assert make(number - 1, "at least").check(text) or not make(number, "at least").check(text)
    assert make(number, "at most").check(text) or not make(number - 1, "at most").check(text)


@pytest.mark.parametrize("what", COUNTED)
@given(st.text(), SIZES)
def test_relations_divide_the_texts_among_them(what, text, number):
    make, _ = COUNTED[what]
    held = {relation: make(number, relation).check(text) for relation in RELATIONS}
    assert held["at most"] == (held["less than"] or held["exactly"])
    assert held["at least"] == (held["more than"] or held["exactly"])
    assert sum(held[relation] for relation in ("less than", "exactly", "more than")) == bool(text.strip())


def test_the_explanation_has_both_numbers():
    said = constraint("length_constraints:number_words", num_words=100, relation="at most").explain("word " * 120)
    assert said == "It has 120 words; at most 100 were asked."


@given(st.lists(WORDS, min_size=1, max_size=6), SIZES, st.booleans())
def test_paragraphs_are_counted_between_dividers(pieces, asked, framed):
    text = "\n***\n".join(" ".join(piece) for piece in pieces)
    text = f"***\n{text}\n***" if framed else text
    one = constraint("length_constraints:number_paragraphs", num_paragraphs=asked)
    assert one.check(text) == (len(pieces) == asked)


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
def test_one_paragraph_starts_with_the_word(pieces, data):
    place = data.draw(st.integers(1, len(pieces)))
    text = "\n\n".join(" ".join(piece) for piece in pieces)
    settings = {"num_paragraphs": len(pieces), "nth_paragraph": place}
    kind = "length_constraints:nth_paragraph_first_word"
    assert constraint(kind, first_word=pieces[place - 1][0].upper(), **settings).check(text)
    assert not constraint(kind, first_word="aeiou", **settings).check(text)
    assert not constraint(kind, first_word=pieces[place - 1][0], **settings).check(text + "\n\nmore")


@given(SIZES, SIZES, SIZES)
def test_a_range_includes_both_its_ends(found, one, other):
    low, high = sorted((one, other))
    assert constraint("count:word_count_range", min_words=low, max_words=high).check("sea " * found) == (low <= found <= high)


@given(st.lists(WORD, min_size=1), SIZES)
def test_different_words_are_counted_once(said, asked):
    text = " ".join([*said, *map(str.upper, said)])
    assert constraint("count:unique_word_count", N=asked).check(text) == (len(set(said)) >= asked)
