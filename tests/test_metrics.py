"""Whatever a metric returns becomes a score in [0, 1] or a refusal that names it."""

import math

import dspy
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.metrics import FunctionMetric, Metric, Row, Score, as_metric, as_score


@given(
    hyp.one_of(hyp.floats(0, 1), hyp.booleans(), hyp.sampled_from([0, 1, numpy.float64(0.5), numpy.int64(1), numpy.bool_(True)]))
)
def test_a_number_from_0_to_1_is_a_score(value):
    assert as_score(value, "m").value == float(value)


@given(
    hyp.one_of(
        hyp.floats(), hyp.integers(), hyp.none(), hyp.text(), hyp.lists(hyp.floats()), hyp.dictionaries(hyp.text(), hyp.floats())
    )
)
def test_anything_else_is_refused_by_the_metrics_name_and_nothing_leaves_the_range(value):
    try:
        found = as_score(value, "my_metric")
    except SettingError as error:
        assert "my_metric" in str(error)
    else:
        assert 0.0 <= found.value <= 1.0


@given(hyp.floats(0, 1), hyp.text())
def test_feedback_comes_along(value, feedback):
    for holder in (dspy.Prediction(score=value, feedback=feedback), {"score": value, "feedback": feedback}):
        found = as_score(holder, "m")
        assert (found.value, found.feedback) == (value, feedback)


@pytest.mark.parametrize(
    "holder", [dspy.Prediction(feedback="no score"), dspy.Prediction(score=None), {"score": math.nan}, {"scor": 1}]
)
def test_an_object_without_a_usable_score_is_refused(holder):
    with pytest.raises((SettingError, ValueError)):
        as_score(holder, "m")


def test_a_metric_stays_itself_and_a_judge_gives_its_own():
    class Own(Metric):
        pass

    class Judge:
        def as_metric(self):
            return own

    own = Own()
    assert as_metric(own) is own
    assert as_metric(Judge()) is own
    assert as_metric(len).name == "len"


def takes_two(example, prediction):
    return 1.0


def takes_a_trace(example, prediction, trace):
    return float(trace is None)


def takes_all(*everything):
    return len(everything) / 3


def takes_names(example, prediction, *, strict=True):
    return float(strict)


@pytest.mark.parametrize("function", [takes_two, takes_a_trace, takes_all, takes_names])
async def test_a_function_is_called_with_what_it_takes(function):
    found = await FunctionMetric(function).score(dspy.Example(), [dspy.Prediction()])
    assert found == Score(1.0)


scores = hyp.lists(hyp.one_of(hyp.none(), hyp.floats(0, 1)), max_size=20)


@given(scores)
def test_the_programs_score_is_the_mean_of_the_rows_that_have_one(values):
    known = [value for value in values if value is not None]
    found = Metric().combine([Row(number, {}, score=value) for number, value in enumerate(values)])
    assert found == (pytest.approx(sum(known) / len(known)) if known else None)


def test_a_metric_with_its_own_way_to_combine_is_no_mean():
    class Lowest(Metric):
        def combine(self, rows):
            return min(row.score for row in rows)

    assert Metric().is_mean
    assert FunctionMetric(takes_two).is_mean
    assert not Lowest().is_mean
