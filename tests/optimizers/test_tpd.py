"""TPD (088): what the paper says must hold."""

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.optimizers.strategies.tpd import TPD, cover
from selftaught.programs import Predict
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, learner
from tests.optimizers.stepwise import StepwiseContract, asked, compiled, knowing

RULES = ["Use capital letters only.", "Mind the weather.", "Be loud."]


def violated(messages, settings):
    """Even words violate the first rule, every fourth the third too; nobody violates the second."""
    number = int(str(messages[-1]["content"]).splitlines()[0].removeprefix("word: word"))
    return {"violated": [1] * (number % 2 == 0) + [3] * (number % 4 == 0) + [99]}


STEPS = {
    ("instruction",): lambda messages, settings: {"instruction": "Say the word as the teacher does."},
    ("principles",): lambda messages, settings: {"principles": RULES},
    ("rules",): lambda messages, settings: {"rules": RULES},
    ("violated",): violated,
}
SHOWS_HOW = {**STEPS, ("instruction",): lambda messages, settings: {"instruction": "Write capital letters."}}


class TestTPD(StepwiseContract):
    method = "tpd"

    def make(self):
        return TPD(mistakes=6)

    def steps(self):
        return STEPS


def origins(tuned):
    return {one.candidate.origin: one.candidate for one in tuned.tuning.standings}


def silent(messages, **settings):
    return {"shouted": str(messages[-1]["content"])}


def test_no_answer_of_the_tuned_program_calls_the_teacher(tmp_path):
    teacher = FakeLM(knowing(STEPS), name="teacher")
    tuned, student = compiled(TPD(lm=teacher), tmp_path, learner, Predict(Speak))
    assert tuned.tuning.confirmed
    assert teacher.calls
    taught, answered = teacher.calls, student.calls
    with dspy.context(lm=student):
        tuned(word="another")
    assert (teacher.calls, student.calls) == (taught, answered + 1)


def test_the_teacher_writes_and_the_student_answers(tmp_path):
    teacher = FakeLM(knowing(STEPS), name="teacher")
    _, student = compiled(TPD(lm=teacher), tmp_path, learner, Predict(Speak))
    for step in STEPS:
        assert asked(teacher, *step)
        assert not asked(student, *step)
    assert not asked(teacher, "shouted")


def test_demonstrations_are_errors_with_their_right_answers(tmp_path):
    def knows_some(messages, **settings):
        word = str(messages[-1]["content"])
        return {"shouted": word.upper() if word in ("word0", "word3", "word4") else word}

    tuned, _ = compiled(TPD(), tmp_path, knowing(STEPS, knows_some), Predict(Speak))
    shown = origins(tuned)["select"].tunings["self"].demos
    assert {one["word"] for one in shown} <= {"word1", "word2", "word5", "word6", "word7"}
    assert all(one["shouted"] == one["word"].upper() for one in shown)


def test_every_kept_principle_is_violated_by_an_error(tmp_path):
    tuned, _ = compiled(TPD(), tmp_path, knowing(STEPS, silent), Predict(Speak))
    text = origins(tuned)["inject"].instructions["self"]
    assert RULES[0] in text
    assert RULES[2] in text
    assert RULES[1] not in text
    assert [one.split(": ", 1)[1] for one in tuned.tuning.reasons] == [RULES[0], RULES[2]]


def test_a_student_without_errors_is_left_as_it_is(tmp_path):
    def right_on_the_trainset(messages, **settings):
        word = str(messages[-1]["content"])
        return {"shouted": word.upper() if int(word.removeprefix("word")) < 8 else word}

    tuned, lm = compiled(TPD(), tmp_path, knowing(STEPS, right_on_the_trainset), Predict(Speak))
    assert set(origins(tuned)) == {"baseline"}
    assert tuned.signature.instructions == Speak.instructions
    assert not any(asked(lm, *step) for step in STEPS)


def test_an_instruction_with_which_the_student_gets_fewer_right_is_not_kept(tmp_path):
    def confused(messages, **settings):
        word = str(messages[-1]["content"])
        right = word in ("word0", "word3") and "as the teacher does" not in str(messages[0]["content"])
        return {"shouted": word.upper() if right else word}

    tuned, _ = compiled(TPD(), tmp_path, knowing(STEPS, confused), Predict(Speak))
    assert set(origins(tuned)) == {"baseline", "inject", "select", "both"}
    assert not any("teacher" in text for one in tuned.tuning.standings for text in one.candidate.instructions.values())


def test_all_uses_of_the_principles_are_raced(tmp_path):
    tuned, _ = compiled(TPD(), tmp_path, knowing(STEPS, silent), Predict(Speak))
    found = origins(tuned)
    assert set(found) == {"baseline", "taught", "inject", "select", "both"}
    assert found["both"].tunings["self"].demos == found["select"].tunings["self"].demos
    assert found["both"].instructions == found["inject"].instructions


def test_an_instruction_that_mends_everything_is_raced_alone(tmp_path):
    def follows(messages, **settings):
        word = str(messages[-1]["content"])
        return {"shouted": word.upper() if "capital" in str(messages[0]["content"]) else word}

    tuned, lm = compiled(TPD(), tmp_path, knowing(SHOWS_HOW, follows), Predict(Speak))
    assert set(origins(tuned)) == {"baseline", "taught"}
    assert tuned.tuning.confirmed
    assert not asked(lm, "principles")


def test_a_teacher_that_says_nothing_usable_ends_the_search(tmp_path):
    mute = {step: lambda messages, settings: "no json" for step in STEPS}
    tuned, _ = compiled(TPD(), tmp_path, knowing(mute), Predict(Speak))
    assert set(origins(tuned)) == {"baseline"}
    assert tuned.tuning.ended == "the strategy has nothing left to try"


sets = hyp.lists(hyp.sets(hyp.integers(0, 5)), max_size=8)


@given(sets, hyp.integers(1, 9))
def test_a_greedy_cover_is_complete_as_soon_as_it_has_room(violations, most):
    chosen = cover(violations, most)
    assert len(chosen) == len(set(chosen)) <= most
    assert all(violations[item] for item in chosen)
    assert not violations or len(chosen) < len(violations) or most >= len(violations)
    everything = set().union(*violations) if violations else set()
    if most >= len(everything):
        assert set().union(*(violations[item] for item in chosen)) == everything


def test_the_item_that_violates_most_comes_first_and_the_earlier_of_equals():
    assert cover([{1}, {1, 2}, {3}, {1, 2}], 2) == [1, 2]
    assert cover([{1}, {1}], 2) == [0, 1]
    assert cover([set(), set()], 2) == []


@pytest.mark.parametrize("knobs", [{"rules": 0}, {"shots": 0}, {"examples": 0}, {"mistakes": 0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="at least 1"):
        TPD(**knobs)


def test_a_teacher_that_is_no_model_is_refused():
    with pytest.raises(SettingError, match="expected a language model"):
        TPD(lm="gpt")
