"""Bullets, highlights, sections, JSON: texts built with a known number of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from tests.judges.constraints.build import SIZES, WORD, WORDS

AT_LEAST = {
    "detectable_format:number_highlighted_sections": ("num_highlights", lambda word: f"*{word}*"),
    "detectable_content:number_placeholders": ("num_placeholders", lambda word: f"[{word}]"),
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)


@pytest.mark.parametrize("kind", AT_LEAST)
@given(WORDS, st.lists(WORD), SIZES)
def test_marked_passages_are_counted(kind, plain, marked, asked):
    argument, mark = AT_LEAST[kind]
    text = "\n".join([*plain, *map(mark, marked)])
    assert constraint(kind, **{argument: asked}).check(text) == (len(marked) >= asked)


@given(WORDS, st.lists(st.tuples(st.sampled_from("*-+"), WORD)), SIZES)
def test_bullets_are_counted_exactly(plain, marked, asked):
    text = "\n".join([*plain, "---", "*all emphasis*", *(f"  {mark} {word}" for mark, word in marked)])
    assert constraint("detectable_format:number_bullet_lists", num_bullets=asked).check(text) == (len(marked) == asked)


@given(WORDS, st.lists(st.integers(1, 9)), SIZES)
def test_sections_are_counted_by_their_numbers(plain, numbers, asked):
    text = "\n".join(plain + [f"Section {number}" for number in numbers])
    one = constraint("detectable_format:multiple_sections", section_spliter="Section", num_sections=asked)
    assert one.check(text) == (len(set(numbers)) >= asked)
    assert not constraint("detectable_format:multiple_sections", section_spliter="SECTION", num_sections=1).check(text)


@given(VALUES, st.sampled_from(["{}", "```json\n{}\n```", "```\n{}```", " {}\n"]), WORDS)
def test_json_is_an_object_or_a_list_and_nothing_around_it(value, frame, said):
    one, text = constraint("detectable_format:json_format"), frame.replace("{}", json.dumps(value))
    assert one.check(text) == isinstance(value, dict | list)
    assert not one.check(f"{' '.join(said)}: {text}")


@given(WORDS, WORDS)
def test_a_title_stands_in_double_brackets_on_one_line(title, said):
    one, body = constraint("detectable_format:title"), " ".join(said)
    assert one.check(f"<<{' '.join(title)}>>\n{body}")
    assert not one.check(f"<{' '.join(title)}>\n{body}")


@given(WORDS, WORDS, st.sampled_from(["P.S.", "P.P.S", "Note:"]))
def test_a_postscript_has_its_mark_and_a_text(said, more, marker):
    one, body = constraint("detectable_content:postscript", postscript_marker=marker), " ".join(said)
    assert one.check(f"{body}\n\n{marker} {' '.join(more)}")
    assert not one.check(f"{body}\n\n{marker}")
    assert not one.check(body)


@given(WORDS, st.lists(st.sampled_from(["Yes it is.", "No it is not."]), max_size=3))
def test_exactly_one_of_the_fixed_options_is_given(said, given_options):
    one = constraint("detectable_format:constrained_response", options=["Yes it is.", "No it is not."])
    assert one.check(" ".join([*said, *given_options])) == (len(set(given_options)) == 1)


@given(st.lists(WORD, min_size=1, max_size=4), st.booleans())
def test_two_answers_are_two_and_different(answers, framed):
    text = "\n******\n".join(answers)
    text = f"******\n{text}\n******" if framed else text
    assert constraint("combination:two_responses").check(text) == (len(answers) == 2 and answers[0] != answers[1])
