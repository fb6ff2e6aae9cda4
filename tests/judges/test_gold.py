"""Gold metrics compare with the label, and say that they do."""

import asyncio

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge import F1, Contains, Exact


def score(metric, given, **labels):
    example = dspy.Example(question="?", **labels).with_inputs("question")
    return asyncio.run(metric.score(example, [dspy.Prediction(answer=given)])).value


@pytest.mark.parametrize(
    ("given", "wanted", "value"),
    [
        ("Paris", "paris.", 1.0),
        (" Paris ", "Paris", 1.0),
        ("18", "18.0", 1.0),
        ("$1,200", "1200", 1.0),
        ("Rome", "Paris", 0.0),
        (True, True, 1.0),
        (3, 3.0, 1.0),
        ("a-b", "ab", 0.0),
    ],
)
def test_exact_forgives_case_punctuation_and_number_format_only(given, wanted, value):
    assert score(Exact(), given, answer=wanted) == value


def test_contains_looks_for_whole_words():
    assert score(Contains(), "It is Paris, France.", answer="paris") == 1.0
    assert score(Contains(), "comparison", answer="paris") == 0.0


def test_f1_counts_shared_words():
    assert score(F1(), "the red house", answer="a red house") == pytest.approx(2 / 3)
    assert score(F1(), "x", answer="y") == 0.0


def test_any_accepted_answer_counts():
    assert score(Exact("answer", accepted="all"), "two", all=["2", "two"]) == 1.0


def test_a_missing_label_is_an_error_not_a_zero():
    with pytest.raises(SettingError, match="no label"):
        score(Exact("answer"), "x")


def test_their_names_say_gold():
    assert all("gold" in metric().name for metric in (Exact, Contains, F1))
