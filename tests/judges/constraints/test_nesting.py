"""Brackets and quotations that were nested to a known depth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from tests.judges.constraints.build import WORD

FRAMES = st.sampled_from(["({})", "[{}]", "{{{}}}"])


@given(st.lists(FRAMES, max_size=8), WORD, st.integers(1, 8))
def test_brackets_are_as_deep_as_they_were_nested(frames, word, asked):
    text = word
    for frame in frames:
        text = frame.format(f"a {text} b")
    assert constraint("format:parentheses", levels=asked).check(text) == (len(frames) >= asked)
    assert not constraint("format:parentheses", levels=max(1, len(frames))).check(text[:-1] + "!") or not frames


@given(st.integers(0, 6), st.booleans(), WORD, st.integers(1, 6))
def test_quotations_are_as_deep_as_they_were_nested(depth, single_first, word, asked):
    text = f"it's {word}"
    for level in range(depth):
        mark = "\"'"[(level + single_first) % 2]
        text = f"{mark}so {text} it's{mark}"
    assert constraint("format:quotes", levels=asked).check(text) == (depth >= asked)


@pytest.mark.parametrize("text", ["", "x"])
@pytest.mark.parametrize("kind", ["format:parentheses", "format:quotes"])
def test_what_is_opened_and_not_closed_has_no_depth(kind, text):
    assert not constraint(kind, levels=1).check("([{\"'" + text)
