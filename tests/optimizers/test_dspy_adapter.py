"""DSPy's optimizers under our budget. Exact resume is not promised for them, so that part of the contract is left out, and said so."""

import re

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.optimizers import DSPyOptimizer
from selftaught.testing import OptimizerContract, answer_fields
from selftaught.testing.samples import learner


class TestRandomSearch(OptimizerContract):
    method = "dspy-optimizer"
    inexact = "DSPy's optimizers keep their own random state: an interrupted run is not promised to end alike"

    def make(self):
        return DSPyOptimizer(
            name="BootstrapFewShotWithRandomSearch", arguments={"num_candidate_programs": 2, "max_labeled_demos": 4}, threads=1
        )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MIPROv2", {"auto": None, "num_candidates": 2}),
        ("GEPA", {"auto": None, "max_metric_calls": 30}),
        ("COPRO", {"breadth": 2, "depth": 1}),
        ("SIMBA", {"bsize": 4, "num_candidates": 2, "max_steps": 1}),
        ("BootstrapFewShot", {"max_bootstrapped_demos": 2, "max_labeled_demos": 4}),
        ("LabeledFewShot", {"k": 4}),
    ],
)
def test_each_runs_within_the_budget_and_its_result_is_confirmed_here(tmp_path, name, arguments):
    contract = TestRandomSearch()
    more = {"num_trials": 2, "minibatch": False} if name == "MIPROv2" else {}
    contract.make = lambda: DSPyOptimizer(name=name, arguments=arguments, compile_arguments=more, threads=1)

    def script(messages, **settings):
        """Answer the prompts of DSPy's proposers too: whatever they ask for is the same instruction."""
        last = str(messages[-1]["content"]).rpartition("Respond with")[2]
        asked = [name for name in re.findall(r"`(?:\[\[ ## )?(\w+)(?: ## \]\])?`", last) if name != "completed"]
        if asked and asked != ["shouted"]:
            return dict.fromkeys(asked, "Use capital letters.")
        return learner(messages, **settings) if answer_fields(messages) or asked else "Use capital letters."

    tuned, lm = contract.compile(tmp_path / "run", calls=260, script=script)
    assert lm.calls <= 260
    assert tuned.tuning.baseline.n == 20
    assert isinstance(tuned, dspy.Module)
    assert not [reason for reason in tuned.tuning.reasons if "failed" in reason]


def test_one_that_fails_inside_leaves_what_was_seen_and_says_so(tmp_path):
    contract = TestRandomSearch()
    contract.make = lambda: DSPyOptimizer(name="COPRO", arguments={"breadth": 2, "depth": 1}, threads=1)
    tuned, _ = contract.compile(tmp_path / "run", calls=260, script=lambda messages, **settings: {"shouted": "no"})
    assert "COPRO failed" in tuned.tuning.reasons[0]
    assert not tuned.tuning.confirmed


def test_a_budget_that_ends_inside_leaves_the_best_that_was_seen(tmp_path):
    contract = TestRandomSearch()
    contract.make = lambda: DSPyOptimizer(name="BootstrapFewShotWithRandomSearch", threads=1)
    tuned, lm = contract.compile(tmp_path / "run", calls=110)
    assert lm.calls <= 110
    assert "budget" in tuned.tuning.ended or tuned.tuning.standings


def test_an_unknown_optimizer_is_refused_with_the_nearest():
    with pytest.raises(SettingError, match="MIPROv2"):
        DSPyOptimizer(name="MIPROv3")
