"""LEAP (177) and the rules from mistakes it shares: what the paper says must hold."""

import random

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.metrics import as_metric
from selftaught.optimizers.principles import RULES, SHOWN_RULES, mistakes_in, ruled
from selftaught.optimizers.rollouts import Attempt
from selftaught.optimizers.strategies.leap import LEAP
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Predict
from selftaught.testing.samples import Speak, exact, words
from tests.optimizers.stepwise import StepwiseContract, asked, compiled, knowing, text

RULE = "Use capital letters only."
STEPS = {
    ("principles",): lambda messages, settings: {"principles": [RULE, "Be loud."]},
    ("rules",): lambda messages, settings: {"rules": [RULE]},
}


def perfect(messages, **settings):
    return {"shouted": str(messages[-1]["content"]).upper()}


def problem(data=None, metric=exact):
    return Problem(Predict(Speak), Speak, data or words(8), 20, ["self"], random.Random(0), as_metric(metric))


class TestLEAP(StepwiseContract):
    method = "leap"

    def make(self):
        return LEAP(samples=3, mistakes=4)

    def steps(self):
        return STEPS


def test_with_zero_mistakes_the_only_candidate_is_the_few_shot_prompt(tmp_path):
    def on_demonstrations(messages, **settings):  # right where it learns, wrong where it is measured, so that the search goes on
        word = str(messages[-1]["content"])
        few = int(word.removeprefix("word")) < 8
        return {"shouted": word.upper() if few or any(one["role"] == "assistant" for one in messages) else word}

    tuned, lm = compiled(LEAP(samples=3), tmp_path, on_demonstrations, Predict(Speak))
    assert not asked(lm, "principles")
    assert not asked(lm, "rules")
    candidates = [one.candidate for one in tuned.tuning.standings if one.candidate.tunings]
    assert [one.origin for one in candidates] == ["no rules, demonstrations"]
    assert tuned.signature.instructions == Speak.instructions
    assert len(tuned.demos) == 4


def test_with_zero_mistakes_and_no_demonstrations_the_search_ends(tmp_path):
    def right_on_the_trainset(messages, **settings):
        word = str(messages[-1]["content"])
        return {"shouted": word.upper() if int(word.removeprefix("word")) < 8 else word}

    tuned, _ = compiled(LEAP(samples=2, shots=0), tmp_path, right_on_the_trainset, Predict(Speak))
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    assert not tuned.tuning.confirmed


@pytest.mark.parametrize("condensed", [{"rules": [f"Mind the {i}th thing." for i in range(9)]}, "no json", {"rules": [RULE]}])
def test_the_high_level_list_has_at_most_five_rules(tmp_path, condensed):
    many = {"principles": ["Mind the first thing.", "Mind the second thing.", "Mind the third thing."]}
    steps = {
        ("principles",): lambda messages, settings: {
            "principles": [f"{one} {len(text(messages)) % 7}" for one in many["principles"]]
        },
        ("rules",): lambda messages, settings: condensed,
    }
    tuned, lm = compiled(LEAP(samples=6, temperature=1.0), tmp_path, knowing(steps), Predict(Speak))
    high = [one.candidate for one in tuned.tuning.standings if one.candidate.origin == "high-level rules"]
    assert len(asked(lm, "rules")) == 1
    assert len([one for one in tuned.tuning.reasons if one.startswith("rule: ")]) <= 5
    assert all(one.instructions["self"].count("\n- ") <= 5 for one in high)


def test_every_reflection_sees_a_wrong_answer_and_its_right_one_and_no_test_question(tmp_path):
    _, lm = compiled(LEAP(samples=3), tmp_path, knowing(STEPS), Predict(Speak))
    reflections = asked(lm, "principles")
    assert reflections
    for messages in reflections:
        given = dict(line.split(": ", 1) for line in str(messages[-1]["content"]).splitlines())
        assert given["solution"] == given["word"].upper()
        assert given["draft"] != given["solution"]
        assert int(given["word"].removeprefix("word")) < 8
        assert not any(f"word{number}" in text(messages).lower() for number in range(8, 48))


def test_an_answer_takes_exactly_one_call(tmp_path):
    tuned, lm = compiled(LEAP(samples=3), tmp_path, knowing(STEPS), Predict(Speak))
    assert tuned.tuning.confirmed
    before = lm.calls
    with dspy.context(lm=lm):
        tuned(word="another")
    assert lm.calls == before + 1


def test_rules_stand_below_the_programs_own_instruction(tmp_path):
    tuned, _ = compiled(LEAP(samples=3), tmp_path, knowing(STEPS), Predict(Speak))
    assert tuned.signature.instructions.startswith(f"{Speak.instructions}\n\n{RULES}\n- ")
    assert RULE in tuned.signature.instructions


def test_levels_are_raced_with_and_without_the_same_demonstrations(tmp_path):
    tuned, _ = compiled(LEAP(samples=3), tmp_path, knowing(STEPS), Predict(Speak))
    found = {one.candidate.origin: one.candidate for one in tuned.tuning.standings}
    levels = {
        "no rules, demonstrations",
        *(f"{level} rules{more}" for level in ("low-level", "high-level") for more in ("", ", demonstrations")),
    }
    assert levels < set(found)
    assert len({str(found[name].tunings["self"].demos) for name in levels if name.endswith("demonstrations")}) == 1


def test_a_small_budget_still_leaves_a_race(tmp_path):
    tuned, lm = compiled(LEAP(samples=15), tmp_path, knowing(STEPS), Predict(Speak), calls=150)
    assert lm.calls <= 150
    assert tuned.tuning.confirmed, tuned.tuning.reason


def test_a_model_that_states_no_usable_rule_leaves_the_few_shot_prompt(tmp_path):
    useless = {
        ("principles",): lambda messages, settings: {"principles": ["", "WORD3", "Say WORD3 then.", *SHOWN_RULES]},
        ("rules",): lambda messages, settings: {"rules": [RULE]},
    }
    tuned, lm = compiled(LEAP(samples=3), tmp_path, knowing(useless), Predict(Speak))
    assert {one.candidate.origin for one in tuned.tuning.standings} == {"baseline", "no rules, demonstrations"}
    assert not asked(lm, "rules")


def test_rules_with_which_the_guards_would_refuse_the_instruction_are_left_out():
    rules = ["Say WORD1 now.", "Say WORD2 now.", "Be loud.", *(f"Mind {'very ' * 60}{number}." for number in range(20))]
    written = ruled(problem(), rules, "rules").instructions["self"]
    assert "WORD2" not in written
    assert "Be loud." in written
    assert len(written) <= 4 * 400


def attempt(example, answer, score=0.0):
    return Attempt(example, {"shouted": answer}, score)


def test_every_example_gives_one_mistake_before_any_gives_a_second():
    one, two = words(2)
    tried = [
        attempt(one, "a"),
        attempt(one, "b"),
        attempt(one, "a"),
        attempt(two, "c"),
        attempt(two, "WORD1", 1.0),
        attempt(two, "d", None),
    ]
    assert [found.answer["shouted"] for found in mistakes_in(tried, Speak, 10)] == ["a", "c", "b"]
    assert [found.answer["shouted"] for found in mistakes_in(tried, Speak, 2)] == ["a", "c"]


def test_a_wrong_answer_without_a_right_one_is_no_mistake():
    assert not mistakes_in([attempt(dspy.Example(word="x").with_inputs("word"), "a")], Speak, 5)


@pytest.mark.parametrize(
    "knobs", [{"samples": 0}, {"examples": 0}, {"mistakes": 0}, {"rules": 0}, {"shots": -1}, {"temperature": 0}]
)
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="at least"):
        LEAP(**knobs)
