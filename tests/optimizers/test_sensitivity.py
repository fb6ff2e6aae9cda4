"""Prompt sensitivity (009): as a diagnosis, and as a penalty."""

import itertools
import random
from typing import Literal

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.artifact import load, save
from selftaught.budget import Budget
from selftaught.errors import BudgetSpent, DataError, SettingError
from selftaught.evaluation import evaluate
from selftaught.optimizers import APE
from selftaught.optimizers.sensitivity import (
    PromptSensitivity,
    Sensitivity,
    dropped,
    most_sensitive,
    prompt_sensitivity,
)
from selftaught.optimizers.steady import Steadied, SteadyMetric
from selftaught.programs import Predict, SelfRefine
from selftaught.programs.judge import Agreement
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout, Speak, exact, words


class TestSteadied(ProgramContract):
    def make(self, task):
        return Steadied(Predict(task), copies=2)


def fragile(messages, **settings):
    """Follows the instruction only where it says `capital`."""
    word = messages[-1]["content"]
    return {"shouted": word.upper() if "capital" in str(messages[0]["content"]) else "what?"}


def steady(messages, **settings):
    return {"shouted": messages[-1]["content"].upper()}


def measured(script, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return prompt_sensitivity(Predict(Shout), words(6), **settings), lm


def test_nothing_is_dropped_at_a_rate_of_zero_and_the_sensitivity_is_exactly_zero():
    found, lm = measured(lambda m, **s: {"shouted": str(random.random())}, drop_rate=0.0)
    assert found.value == 0.0
    assert lm.calls == 6


def test_a_model_that_does_not_heed_the_prompt_has_none():
    found, lm = measured(steady, copies=4)
    assert (found.value, found.kind) == (0.0, "steady")
    assert lm.calls == 6 * 5


def test_a_model_that_hangs_on_one_word_has_some_about_as_often_as_the_word_is_dropped():
    found, _ = measured(fragile, copies=60, drop_rate=0.3)
    assert abs(found.value - 0.3) < 0.15
    assert found.kind == "ambiguous"


def test_without_probabilities_it_counts_changed_answers_and_says_so():
    found, _ = measured(fragile)
    assert found.probability is None
    assert "share of answers that change, for want of probabilities" in str(found)


class Mood(dspy.Signature):
    """Say whether the text is really good or bad."""

    text: str = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()


def surer(messages, **settings):
    """Always says good, but less surely without the word `really`; another choice would be likelier then."""
    chance = 0.9 if "really" in str(messages[0]["content"]) else 0.4
    return {"mood": "good" if chance > 0.5 else "bad"}, {"mood": {"good": chance, "bad": 1.0 - chance}}


def test_with_probabilities_it_is_the_change_of_the_first_answers_probability():
    data = [dspy.Example(text=f"text {number}").with_inputs("text") for number in range(3)]
    with dspy.context(lm=FakeLM(surer)):
        found = PromptSensitivity(copies=8, drop_rate=0.5)(Predict(Mood), data)
    without = sum("really" not in dropped(Mood.instructions, 0.5, random.Random(f"0 {n} {Mood.instructions}")) for n in range(8))
    assert 0 < without < 8
    assert found.value == pytest.approx(without / 8 * 0.5)
    assert found.probability == pytest.approx(0.9)
    assert "mean change of the answer's probability" in str(found)


def test_all_copies_are_compared_with_one_answer():
    """The own answer is drawn once an input, however many copies there are."""
    _, lm = measured(fragile, copies=5)
    whole = [messages for messages in lm.requests if Shout.instructions in str(messages[0]["content"])]
    assert len({str(messages) for messages in whole}) == 6


def test_no_label_is_shown_and_no_demonstration_of_the_input_itself():
    program = Predict(Shout)
    program.demos = [dspy.Example(word="word1", shouted="WORD1")]
    lm = FakeLM(fragile)
    with dspy.context(lm=lm):
        PromptSensitivity(copies=2)(program, words(3))
    assert not any("WORD1" in str(messages) for messages in lm.requests if messages[-1]["content"] == "word1")
    assert any("WORD1" in str(messages) for messages in lm.requests)


def test_every_step_of_a_program_is_perturbed_under_its_own_name():
    def script(messages, **settings):
        return {"problems": [], "acceptable": True} if answer_fields(messages) != ["shouted"] else steady(messages)

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        PromptSensitivity(copies=1, drop_rate=0.5)(SelfRefine(Shout), words(1))
    heads = [str(messages[0]["content"]) for messages in lm.requests]
    assert len(heads) == len(set(heads)) == 4  # a draft and a critique, whole and perturbed


def test_failing_calls_are_missing_data():
    def sometimes(messages, **settings):
        return "garbage" if "capital" not in str(messages[0]["content"]) or "word1" in str(messages) else steady(messages)

    found, _ = measured(sometimes, copies=20)
    assert (found.value, found.inputs) == (0.0, 5)
    assert found.failed > 1
    assert measured(lambda messages, **settings: "garbage")[0].kind == "undetermined"


def test_a_spent_budget_flies():
    with pytest.raises(BudgetSpent), Budget(calls=3):
        measured(fragile)


@given(hyp.text("ab \n", max_size=40), hyp.floats(0, 0.99), hyp.integers())
def test_dropping_keeps_the_order_of_words_and_never_everything(text, rate, seed):
    kept, left = dropped(text, rate, random.Random(seed)).split(), iter(text.split())
    assert all(word in left for word in kept)
    assert bool(kept) == bool(text.split())


def test_the_ranking_does_not_depend_on_the_order_of_the_tasks():
    found = {name: Sensitivity(value, None, 1, 1, 0) for name, value in (("a", 0.1), ("b", 0.7), ("c", None), ("d", 0.1))}
    for order in itertools.permutations(found):
        assert most_sensitive({name: found[name] for name in order}, 3) == ["b", "a", "d"]


@pytest.mark.parametrize(("value", "probability", "kind"), [(0.3, 0.9, "ambiguous"), (0.0, 0.9, "easy"), (0.0, 0.2, "difficult"), (0.0, None, "steady")])  # fmt: skip
def test_the_task_map(value, probability, kind):
    assert Sensitivity(value, probability, 5, 5, 0).kind == kind


# As a penalty


def test_an_answer_loses_by_its_sensitivity_and_the_plain_score_is_kept():
    with dspy.context(lm=FakeLM(fragile)):
        program = Steadied(Predict(Shout), copies=20, drop_rate=0.5)
        found = evaluate(program, words(4), SteadyMetric(exact, penalty=0.4), progress=False)
    row = found.rows[0]
    assert row.detail["unpenalised"] == 1.0
    assert 0.2 < row.detail["sensitivity"] < 0.8
    assert row.score == pytest.approx(1.0 - 0.4 * row.detail["sensitivity"])


def proposing(messages, **settings):
    if answer_fields(messages) == ["instruction"]:
        number = int(str(settings["rollout_id"]).removeprefix("propose"))
        return {"instruction": "Write capital capital capital letters." if number % 2 else "Write a word of capital letters."}
    return fragile(messages)


@pytest.mark.parametrize(("metric", "robust"), [(SteadyMetric(exact, 1.0), True), (SteadyMetric(exact, 0.0), False)])
def test_an_optimizer_prefers_the_instruction_that_does_not_hang_on_one_word(tmp_path, metric, robust):
    data = words(60)
    with dspy.context(lm=FakeLM(proposing)):
        tuned = APE(proposals=4).compile(
            Steadied(Predict(Speak), copies=6, drop_rate=0.4), trainset=data[:8], valset=data[8:], metric=metric,
            budget=Budget(calls=5000), run_dir=tmp_path / "run", progress=False,
        )  # fmt: skip
    assert tuned.tuning.confirmed
    said = tuned.program.signature.instructions
    assert (said == "Write capital capital capital letters.") == robust
    save(tuned.program, tmp_path / "tuned.st")
    assert load(tmp_path / "tuned.st").signature.instructions == said


def test_what_cannot_be_measured_is_refused():
    with dspy.context(lm=FakeLM(steady)), pytest.raises(SettingError, match="Steadied"):
        evaluate(Predict(Shout), words(3), SteadyMetric(exact), progress=False)
    with pytest.raises(SettingError, match="several answers"):
        SteadyMetric(Agreement(Shout))
    with pytest.raises(DataError, match="no inputs"):
        prompt_sensitivity(Predict(Shout), [])


@pytest.mark.parametrize("settings", [{"copies": 0}, {"drop_rate": -0.1}, {"drop_rate": 1.0}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError):
        PromptSensitivity(**settings)
    with pytest.raises(SettingError, match="penalty"):
        SteadyMetric(exact, 2.0)
