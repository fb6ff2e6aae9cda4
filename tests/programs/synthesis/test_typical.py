"""IWSI: which voted rationales are typical."""

import math

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.typical import TypicalRationales, ds_weight
from selftaught.testing import FakeLM, SynthesisContract
from selftaught.testing.samples import obliging

QUESTIONS = [{"question": f"Question {i}?"} for i in range(4)]
VALID = [{"question": "q", "reasoning": "r" * size, "answer": "a"} for size in (2, 4)]


def reasoning(messages, **settings):
    turn = int(str(settings.get("rollout_id") or "draw0").split("draw")[1].split("retry")[0])
    return {"reasoning": "r" * (turn + 1), "answer": "yes"}


def length(inputs, outputs):
    return float(len(outputs["reasoning"]))


def run(script=reasoning, **settings):
    with dspy.context(lm=FakeLM(script)):
        return TypicalRationales(QUESTIONS, **{"samples": 5, **settings}).run(progress=False)


class TestTypicalRationales(SynthesisContract):
    method = "iwsi"

    def make(self):
        return TypicalRationales(QUESTIONS, samples=3, valid=VALID, loss=length, portion=0.8)

    def script(self, messages, **settings):
        return obliging(messages, **settings) | reasoning(messages, **settings)


@pytest.mark.parametrize(("loss", "typical"), [(1.0, 2.0), (2.0, 1.0), (3.0, 3.0), (0.1, 7.0)])
def test_the_weight_is_at_least_one_one_where_typical_and_the_same_both_ways(loss, typical):
    assert ds_weight(loss, typical) == ds_weight(typical, loss) >= 1.0
    assert (ds_weight(loss, typical) == 1.0) == (loss == typical)


@pytest.mark.parametrize("portion", [0.1, 0.5, 0.8, 0.95])
def test_exactly_the_portion_is_kept_and_no_dropped_row_is_more_typical(portion):
    every = run(valid=VALID, loss=length, portion=1.0).rows
    found = run(valid=VALID, loss=length, portion=portion)
    assert len(every) == 20
    assert len(found.rows) == math.floor(portion * 20 + 1e-9)
    kept = {(row["question"], row["reasoning"]) for row in found.rows}
    dropped = [row["ds_weight"] for row in every if (row["question"], row["reasoning"]) not in kept]
    assert max(row["ds_weight"] for row in found.rows) <= min(dropped)
    assert found.rejected == {("typical", "unlike the rest"): len(dropped)}


def test_all_of_the_portion_is_the_vote_alone_and_only_the_mean_of_the_valid_set_counts():
    assert len(run(portion=1.0).rows) == 20
    one = run(valid=VALID, loss=length, portion=0.5).rows
    assert one == run(typical=3.0, loss=length, portion=0.5).rows
    assert one != run(typical=1.0, loss=length, portion=0.5).rows


def test_without_a_function_the_models_own_log_probabilities_are_the_loss():
    def told(messages, **settings):
        said = reasoning(messages, **settings)
        return said, {"answer": {"yes": math.exp(-len(said["reasoning"]))}}

    rows = run(told, portion=0.6).rows  # losses 1 to 5 over the tokens; their mean is that of the third
    assert {len(row["reasoning"]) for row in rows} == {2, 3, 4}
    assert all(row["loss"] > 0 and "ds_weight" not in row.values for row in rows)
    assert "ds_weight" in run(told, typical=1.0).rows[0].values


def test_rows_without_a_loss_are_not_typical():
    found = run(portion=0.8)
    assert found.rows == []
    assert found.rejected == {("typical", "no loss"): 20}
    with pytest.raises(SettingError, match="needs loss"):
        TypicalRationales(QUESTIONS, valid=VALID)
