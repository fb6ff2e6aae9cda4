"""CyclePrompt (109) for instructions: what the paper says must hold."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.optimizers.strategies.cycle import HINTS, CyclePrompt
from selftaught.programs import Predict
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, learner
from tests.optimizers.stepwise import StepwiseContract, asked, compiled, knowing, text

HINT = "Use capital letters only."


def disagree(messages, settings):
    """Two kinds of hints, by the word; none is repeated once the instruction has both."""
    number = int(str(messages[-1]["content"]).splitlines()[0].removeprefix("given: word"))
    return {"consistent": False, "hint": HINT if number % 2 else "Be loud."}


STEPS = {
    ("described",): lambda messages, settings: {"described": "Somebody asked for something loud."},
    ("consistent", "hint"): disagree,
}
AGREED = {**STEPS, ("consistent", "hint"): lambda messages, settings: {"consistent": True, "hint": "Never mind."}}


def secretive(messages, **settings):
    """Answers without giving the input away."""
    return {"shouted": "HUSH"}


class TestCyclePrompt(StepwiseContract):
    method = "cycleprompt-instructions"

    def make(self):
        return CyclePrompt()

    def steps(self):
        return STEPS


def proposals(lm):
    """How many calls went backward, and how many discriminated."""
    return len(asked(lm, "described")), len(asked(lm, "consistent", "hint"))


def test_a_first_cycle_that_is_consistent_takes_three_calls_an_input_and_leaves_no_hint(tmp_path):
    tuned, lm = compiled(CyclePrompt(inputs=3, max_cycles=4), tmp_path, knowing(AGREED), Predict(Speak))
    forward = lm.calls - len(asked(lm, "described")) - len(asked(lm, "consistent", "hint")) - 40
    assert (forward, *proposals(lm)) == (3, 3, 3)
    assert {one.candidate.origin for one in tuned.tuning.standings} == {"baseline"}
    assert tuned.tuning.reasons == ["cycle 1: no new hint"]


def test_the_way_back_sees_the_answer_alone(tmp_path):
    _, lm = compiled(CyclePrompt(), tmp_path, knowing(STEPS, secretive), Predict(Speak))
    backward = asked(lm, "described")
    assert backward
    for messages in backward:
        assert "word0" not in text(messages)
        assert not any(f"word{number}" in text(messages) for number in range(48))
        assert HINTS not in text(messages)
        assert HINT not in text(messages)
        assert messages[-1]["content"] == "HUSH"


def test_there_are_never_more_cycles_than_allowed(tmp_path):
    def endless(messages, settings):
        return {
            "consistent": False,
            "hint": f"Mind {len(text(messages))} things, {str(messages[-1]['content'])[:14].split(': word')[-1]}.",
        }

    steps = {**STEPS, ("consistent", "hint"): endless}
    tuned, lm = compiled(CyclePrompt(max_cycles=3, inputs=2), tmp_path, knowing(steps, secretive), Predict(Speak))
    assert proposals(lm) == (6, 6)
    assert {one.split(":")[0] for one in tuned.tuning.reasons} <= {"cycle 1", "cycle 2", "cycle 3"}


def test_without_cycles_the_program_stays_plain(tmp_path):
    tuned, lm = compiled(CyclePrompt(max_cycles=0), tmp_path, knowing(STEPS), Predict(Speak))
    assert proposals(lm) == (0, 0)
    assert lm.calls == 40
    assert tuned.signature.instructions == Speak.instructions
    assert tuned.tuning.ended == "the strategy has nothing left to try"


def test_kept_hints_accumulate_the_newest_last(tmp_path):
    seen = []

    def climbing(messages, **settings):
        said, word = str(messages[0]["content"]), str(messages[-1]["content"])
        steps = sum(f"Mind the {step} thing." in said for step in ("first", "second", "third"))
        seen.append(steps)
        return {"shouted": word.upper() if hash_of(word) < 0.25 + 0.2 * steps else word}

    def next_hint(messages, settings):
        return {"consistent": False, "hint": f"Mind the {('first', 'second', 'third')[min(max(seen, default=0), 2)]} thing."}

    steps = {**STEPS, ("consistent", "hint"): next_hint}
    tuned, _ = compiled(CyclePrompt(max_cycles=3, inputs=2), tmp_path, knowing(steps, climbing), Predict(Speak))
    assert tuned.signature.instructions.endswith(
        f"{HINTS}\n- Mind the first thing.\n- Mind the second thing.\n- Mind the third thing."
    )


def hash_of(word):
    return (int("".join(filter(str.isdigit, word)) or "0") * 37 % 100) / 100


def test_hints_are_raced_alone_and_together(tmp_path):
    tuned, _ = compiled(CyclePrompt(max_cycles=1, inputs=8), tmp_path, knowing(STEPS), Predict(Speak))
    found = [one.candidate.instructions["self"].split(f"{HINTS}\n")[1] for one in tuned.tuning.standings if one.candidate.tunings]
    assert sorted(found) == sorted([f"- {HINT}", "- Be loud.", *(two for two in found if "\n" in two)])
    assert len(found) == 3


def test_a_hint_that_does_not_help_is_not_kept(tmp_path):
    def misled(messages, **settings):
        word = str(messages[-1]["content"])
        return {"shouted": word if HINTS in str(messages[0]["content"]) or word.endswith("7") else word.upper()}

    tuned, _ = compiled(CyclePrompt(max_cycles=2), tmp_path, knowing(STEPS, misled), Predict(Speak))
    assert tuned.signature.instructions == Speak.instructions
    assert all(one.candidate.instructions["self"].count("\n- ") <= 2 for one in tuned.tuning.standings if one.candidate.tunings)


@pytest.mark.parametrize("hint", ["", "word1 becomes WORD1", "Be loud."])
def test_an_empty_or_repeated_hint_ends_the_search(tmp_path, hint):
    steps = {**STEPS, ("consistent", "hint"): lambda messages, settings: {"consistent": False, "hint": hint}}
    tuned, lm = compiled(CyclePrompt(max_cycles=50, inputs=2), tmp_path, knowing(steps, secretive), Predict(Speak))
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    assert len(asked(lm, "described")) <= 4


def test_another_model_can_read_the_answers(tmp_path):
    reader = FakeLM(knowing(STEPS), name="reader")
    _, lm = compiled(CyclePrompt(lm=reader), tmp_path, learner, Predict(Speak))
    assert asked(reader, "described")
    assert asked(reader, "consistent", "hint")
    assert not asked(lm, "described")
    assert not asked(reader, "shouted")


def test_inputs_need_no_labels(tmp_path):
    bare = [dspy.Example(word=f"word{number}").with_inputs("word") for number in range(8)]
    tuned, _ = compiled(CyclePrompt(), tmp_path, knowing(STEPS), Predict(Speak), train=bare)
    assert tuned.tuning.confirmed


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"max_cycles": -1}, "at least 0"),
        ({"inputs": 0}, "at least 1"),
        ({"hints": 0}, "at least 1"),
        ({"lm": 3}, "language model"),
    ],
)
def test_bad_knobs_are_refused(knobs, said):
    with pytest.raises(SettingError, match=said):
        CyclePrompt(**knobs)
