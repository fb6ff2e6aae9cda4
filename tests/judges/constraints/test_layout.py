"""Lines, lists and templates that were laid out on purpose."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from selftaught.programs.judge.constraints.layout import choices
from tests.judges.constraints.build import WORD, WORDS


@pytest.mark.parametrize(
    ("options", "separate"),
    [
        ("yes/no/maybe", ["yes", "no", "maybe"]),
        ("I know or I don't know", ["I know", "I don't know"]),
        ("a), b), c)", ["a)", "b)", "c)"]),
        ("North, Order", ["North", "Order"]),
    ],
)
def test_options_are_read_from_their_list(options, separate):
    assert choices(options) == separate


@given(st.lists(WORD, min_size=2, max_size=4, unique=True), st.data())
def test_one_option_alone_is_an_answer(options, data):
    one, chosen = constraint("format:options", options="/".join(options)), data.draw(st.sampled_from(options))
    assert one.check(f" **{chosen.upper()}**.")
    assert not one.check(f"{chosen} aeiou")


@given(WORDS, WORDS)
def test_each_word_has_its_line(words, more):
    one = constraint("format:newline")
    assert one.check("\n".join(words + more))
    assert not one.check("\n".join(words) + " " + "\n".join(more))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_stairs_go_down_to_the_right(indents):
    text = "\n".join(" " * indent + "step" for indent in indents)
    rises = all(one < two for one, two in pairwise(indents))
    assert constraint("format:line_indent").check(text) == (len(indents) > 1 and rises)


@given(st.lists(st.tuples(WORD, st.booleans()), min_size=1))
def test_every_quotation_is_explained(passages):
    text = " ".join(f'"{quoted}"' + (" meaning so" if explained else "") for quoted, explained in passages)
    assert constraint("format:quote_unquote").check(text) == all(explained for _, explained in passages)


@given(WORDS, st.sampled_from(["-", "SEPARATOR", "***"]), st.booleans())
def test_a_list_has_two_items_with_its_mark(items, sep, in_one_line):
    text = (" " if in_one_line else "\n").join(f"{sep} {item}" for item in items)
    assert constraint("format:list", sep=sep).check(text) == (len(items) > 1)
    assert not constraint("format:list", sep=sep).check(text.replace(f"{sep} ", sep))


@given(st.lists(st.tuples(WORD, st.booleans()), min_size=1, max_size=5))
def test_every_section_begins_with_its_thesis(sections):
    text = "\n".join(f"## {name}\n" + ("<i>It is so.</i> Yes." if italic else "It is so.") for name, italic in sections)
    assert constraint("format:thesis").check(text) == all(italic for _, italic in sections)


@given(st.lists(st.integers(0, 3), max_size=5))
def test_every_bullet_has_a_sub_bullet(sizes):
    text = "intro\n" + "\n".join("* item" + "\n  - part" * size for size in sizes)
    assert constraint("format:sub-bullets").check(text) == (bool(sizes) and all(sizes))


@given(st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_two_sentences_and_then_two_bullets(before, bullets, questions):
    text = " ".join(["So it is?" if questions else "So it is."] * before) + "\n" + "\n".join(["* item."] * bullets)
    assert constraint("format:no_bullets_bullets").check(text) == (before >= 2 and bullets >= 2 and not questions)


@given(st.permutations(["First:", "Second:", "Third:"]), st.sets(st.sampled_from([0, 1, 2])), WORD)
def test_a_template_is_filled_in_order(labels, blank, word):
    text = "\n".join(f"**{label}** " + ("" if place in blank else word) for place, label in enumerate(labels))
    one = constraint("format:output_template", labels=["First:", "Second:", "Third:"])
    assert one.check(text) == (labels == ["First:", "Second:", "Third:"] and not blank)


@given(st.text("ab \n\t.", min_size=1))
def test_no_white_space_means_none_inside(text):
    assert constraint("format:no_whitespace").check(text) == (len(text.split()) == 1)
