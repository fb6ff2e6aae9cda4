"""Two answers are the same when people would say so, and never only because their last digits were dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.programs.normalise import answer_key, normalise


@given(hyp.integers(), hyp.integers())
def test_whole_numbers_are_one_only_where_they_are_equal(one, other):
    assert (normalise(one) == normalise(other)) == (one == other)
    assert normalise(one) == normalise(str(one)) == normalise(f"{one:,}") == normalise(f" {one}.0")


@given(hyp.integers(-(10**12), 10**12))
def test_a_number_and_its_text_are_one(thousandths):
    number = thousandths / 1000
    assert normalise(number) == normalise(f"{number:.3f}") == normalise(f"{number:,.3f}")


@pytest.mark.parametrize(
    ("one", "other"), [("1234567", "1234568"), (1234567, 1234568), ("123456.7", "123456.8"), ("$1,234,567", "1234568")]
)
def test_long_numbers_that_differ_are_not_one(one, other):
    assert normalise(one) != normalise(other)
    assert answer_key({"answer": one}, ["answer"]) != answer_key({"answer": other}, ["answer"])


@pytest.mark.parametrize(
    ("one", "other"), [(0.1 + 0.2, "0.3"), ("1/3", "2/6"), ("1/2", 0.5), (1e16, "10,000,000,000,000,000"), ("-0", 0)]
)
def test_forms_of_one_number_are_one(one, other):
    assert normalise(one) == normalise(other)


def test_numbers_without_a_value_do_not_fail():
    assert normalise(float("nan")) == normalise(float("nan"))
    assert normalise(float("inf")) != normalise("9" * 400)


@pytest.mark.parametrize(("one", "other"), [("1/2", "0.5"), (" 3 / 4.", "0.75"), ("-4/2", "-2"), ("1/2", "2/4")])
def test_fractions_are_the_numbers_that_they_are(one, other):
    assert normalise(one) == normalise(other)
    assert normalise("1/2") != normalise("12")
    assert normalise("1/0") == normalise("1/0")
