"""B-STaR (095): the balance score, the tuner, and demonstrations bootstrapped with it."""

import asyncio
import random

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.metrics import as_metric
from selftaught.optimizers.balance import BalanceTuner, balance_of, selected
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategies.balanced import BalancedDemonstrations
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Predict
from selftaught.testing import FakeLM, OptimizerContract
from selftaught.testing.samples import Shout, exact, words


class TestBalancedDemonstrations(OptimizerContract):
    method = "b-star"

    def make(self):
        return BalancedDemonstrations(temperatures=(0.5, 1.0), samples=2)


def answers(*scores):
    return [Attempt(dspy.Example(), {"shouted": str(number)}, score) for number, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("right", "wrong", "score"), [(8, 0, 1.0), (4, 0, 0.5), (8, 8, 0.5), (0, 0, 0.0), (0, 5, 0.0), (16, 0, 1.0), (4, 4, 0.25)]
)
def test_the_balance_of_one_input(right, wrong, score):
    assert balance_of(answers(*[1.0] * right, *[0.0] * wrong), 8) == score


@given(hyp.lists(hyp.sampled_from([0.0, 1.0]), max_size=20), hyp.integers(1, 9))
def test_a_balance_is_a_share_and_a_wrong_answer_more_never_raises_it(scores, enough):
    found = balance_of(answers(*scores), enough)
    assert 0.0 <= found <= 1.0
    assert balance_of(answers(*scores, 0.0), enough) <= found


GROUPS = hyp.lists(
    hyp.lists(hyp.none() | hyp.sampled_from([0.0, 0.3, 0.6, 1.0]), max_size=6).map(lambda s: answers(*s)), max_size=5
)


@given(GROUPS, hyp.sampled_from([-0.5, 0.0, 0.5]), hyp.integers(1, 12))
def test_selection_keeps_the_best_above_the_threshold_and_no_more_of_each_than_needed(groups, threshold, target):
    kept = selected(groups, threshold, target)
    most = max((len(one) for one in kept), default=0)
    for group, chosen in zip(groups, kept, strict=True):
        above = sorted((one.score for one in group if one.score is not None and one.score > threshold), reverse=True)
        assert [one.score for one in chosen] == above[: len(chosen)]
        assert len(chosen) in (most, len(above))
    if most > 1:
        assert sum(min(most - 1, len(one)) for one in kept) < target


def tune(script, data=None, metric=exact, **knobs):
    lm, data = FakeLM(script), data or words(6)
    problem = Problem(Predict(Shout), Shout, data, 10, ["self"], random.Random(0), as_metric(metric))
    with dspy.context(lm=lm):
        return asyncio.run(BalanceTuner(**knobs).tune(problem)), lm


def hot_solves(messages, **settings):
    """Right at 0.8 only."""
    word = messages[-1]["content"]
    return {"shouted": word.upper() if settings["temperature"] == 0.8 else word}


def test_the_temperature_that_solves_wins_and_its_answers_are_kept():
    found, lm = tune(hot_solves, samples=2)
    assert (found.temperature, found.score) == (0.8, 1.0)
    assert sorted(one.answer["shouted"] for one in found.kept) == sorted(f"WORD{number}" for number in range(6))
    assert lm.calls == 6 * 3 * 2


def test_the_chosen_temperature_yields_more_different_right_answers_than_the_worst():
    def skilled(messages, **settings):
        word, chance = messages[-1]["content"], {0.4: 0.2, 0.8: 0.7, 1.2: 0.4}[settings["temperature"]]
        return {"shouted": word.upper() if random.Random(f"{word} {settings['rollout_id']}").random() < chance else word}

    found, _ = tune(skilled, words(12))
    by_temperature = {temperature: score for (temperature, threshold), score in found.curve.items() if threshold == 0.0}
    assert found.score == max(found.curve.values()) > min(by_temperature.values())
    assert len({one.answer["shouted"] for one in found.kept if one.right}) > 12 * min(by_temperature.values())


def test_ties_go_to_the_lower_temperature_and_the_higher_threshold():
    found, _ = tune(lambda messages, **settings: {"shouted": messages[-1]["content"].upper()}, temperatures=(1.2, 0.4, 0.8))
    assert (found.temperature, found.threshold) == (0.4, 0.5)


def test_equal_answers_count_once():
    found, _ = tune(lambda messages, **settings: {"shouted": messages[-1]["content"].upper()}, samples=5, enough=2)
    assert len(found.kept) == 6
    assert found.score == 0.5  # one right answer to each input, where two are enough


def test_a_threshold_trades_wrong_answers_for_fewer_answers():
    def graded(example, prediction):
        return {"a": 1.0, "b": 0.4}[prediction.shouted[0]]

    def letters(messages, **settings):
        return {"shouted": "a" if str(settings["rollout_id"]).endswith("0") else "b"}

    found, _ = tune(letters, metric=graded, thresholds=(0.0, 0.5), temperatures=(1.0,), samples=2, target=12)
    assert found.curve == {(1.0, 0.5): 1.0, (1.0, 0.0): 0.5}
    assert found.threshold == 0.5


def test_labels_are_seen_by_no_answer():
    _, lm = tune(hot_solves)
    assert not any(f"WORD{number}" in str(messages) for messages in lm.requests for number in range(6))


def test_nothing_kept_is_a_balance_of_zero():
    found, _ = tune(lambda messages, **settings: "garbage")
    assert (found.score, found.kept, found.temperature) == (0.0, (), 0.4)


@pytest.mark.parametrize("knobs", [{"temperatures": ()}, {"temperatures": (0.0,)}, {"thresholds": ()}, {"samples": 0}, {"enough": 0}, {"target": 0}])  # fmt: skip
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        BalanceTuner(**knobs)


def test_bad_knobs_of_the_optimizer_are_refused():
    for knobs in ({"samples": 0}, {"bootstrapped": 0}, {"temperatures": ()}):
        with pytest.raises(SettingError):
            BalancedDemonstrations(**knobs)


def test_the_optimizer_says_what_it_bootstrapped_with(tmp_path):
    data = words(40)
    with dspy.context(lm=FakeLM(hot_solves)):
        tuned = BalancedDemonstrations().compile(
            Predict(Shout), trainset=data[:8], valset=data[8:], metric=exact, run_dir=tmp_path, progress=False
        )
    assert "temperature 0.8" in tuned.tuning.reasons[0]
