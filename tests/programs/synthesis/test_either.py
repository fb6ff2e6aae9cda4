"""Either: which stage a row goes through."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs import Step
from selftaught.programs.base import Calls
from selftaught.programs.synthesis import Change, Made, Pipeline, Rows
from selftaught.programs.synthesis.either import Either
from tests.programs.synthesis.scripts import answering, run


def sorted_out():
    double = Change(lambda row: [row.with_values(text=row["text"] * 2), row], "double")
    return Either("kind", {"model": Made(Step("text -> text2"), rename={"text2": "text"}), "twice": double}, "either")


def test_a_row_goes_the_way_that_its_value_says():
    rows = [{"kind": kind, "text": kind} for kind in ("model", "twice", "other")] + [{"text": "none"}]
    found, lm = run(Pipeline(Rows(rows), [sorted_out()]), answering(text2="written"))
    assert [row["text"] for row in found.rows] == ["written", "twicetwice", "twice", "other", "none"]
    assert lm.calls == 1
    assert {row.steps for row in found.rows} == {("either",)}


def test_its_cost_is_that_of_either_and_its_steps_can_be_found():
    assert sorted_out().cost() == Calls(0, 1)
    assert len(Pipeline(Rows([{"text": "x"}]), [sorted_out()]).predictors()) == 1


@pytest.mark.parametrize("stages", [{}, {"a": print}])
def test_without_stages_it_is_refused(stages):
    with pytest.raises(SettingError):
        Either("kind", stages, "either")
