"""Instruct-of-Reflection (022): the contract, one case for each failure mode, and what must hold."""

import pytest

from selftaught import scope
from selftaught.errors import CallError, SettingError, TaskError
from selftaught.ledger import Ledger
from selftaught.programs.reflect import InstructOfReflection
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout
from tests.programs.reflect.scripts import run, telling

MEMORY = {"Shout": [{"word": "trees", "approach": "Press the shift key."}, {"word": "owl", "approach": "Take a deep breath."}],
          "Survey": [{**SURVEY_INPUT, "text": "Bonn.", "approach": "Read."}]}  # fmt: skip


class TestInstructOfReflection(ProgramContract):
    method = "instruct-of-reflection"

    def make(self, task):
        return InstructOfReflection(task)


class TestWithAMemory(ProgramContract):
    def make(self, task):
        return InstructOfReflection(task, rounds=1, memory=MEMORY[task.__name__], reasoning=True)


def instructed(first, *seconds, better="first", sound=True, fresh="FRESH"):
    """A model with a first answer, further looks, and what it says of them."""
    looks = [{"shouted": one} if one is not None else "garbage" for one in seconds]
    said = [{"sound": one} for one in (sound if isinstance(sound, list) else [sound])]
    return telling(better={"better": better}, sound=said, shouted_draft=looks or [{}], shouted_approach={"shouted": fresh},
                   approach={"approach": "Press shift."}, shouted={"shouted": first})  # fmt: skip


def instructions(found):
    return [one["instruction"] for one in found.trace]


@pytest.mark.parametrize(("better", "kept"), [("first", "RIGHT"), ("second", "DRIFT")])
def test_against_drift_two_different_answers_are_selected_from(better, kept):
    found = run(InstructOfReflection(Shout, rounds=1), lm := instructed("RIGHT", "DRIFT", better=better))
    assert (found.shouted, instructions(found)) == (kept, ["select"])
    seen = lm.requests[-1][-1]["content"]
    assert "first_draft: RIGHT" in seen
    assert "second_draft: DRIFT" in seen
    assert "approach: Press shift." in seen


def test_against_waste_a_stable_and_sound_answer_stops_it():
    found = run(InstructOfReflection(Shout, rounds=4), lm := instructed("TREE", "TREE"))
    assert (found.shouted, instructions(found), lm.calls) == ("TREE", ["stop"], 4)


def test_against_stubbornness_a_stable_but_unsound_answer_is_made_anew_without_the_draft():
    found = run(InstructOfReflection(Shout, rounds=1), lm := instructed("STUBBORN", "STUBBORN", sound=False))
    assert (found.shouted, instructions(found), found.revised) == ("FRESH", ["refresh"], True)
    assert "STUBBORN" not in lm.requests[-1][-1]["content"]
    assert "Press shift." in lm.requests[-1][-1]["content"]


def test_the_fresh_answer_is_looked_at_in_turn():
    found = run(InstructOfReflection(Shout, rounds=2), lm := instructed("A", "A", "FRESH", sound=[False, True]))
    assert instructions(found) == ["refresh", "stop"]
    assert [one["basic"] for one in found.trace] == ["A", "FRESH"]
    assert "draft: FRESH" in next(
        m[-1]["content"] for m, step in zip(lm.requests[5:], lm.steps[5:], strict=True) if step == "shouted_draft"
    )


def test_a_second_fresh_answer_is_another_sample():
    draws = []

    def script(messages, **settings):
        asked, seen = answer_fields(messages), messages[-1]["content"]
        if asked != ["shouted"]:
            return {"approach": "Press shift.", "sound": False, "better": "first"}
        if "draft:" in seen:  # the look always agrees
            return {"shouted": seen.partition("draft: ")[2].partition("\n")[0]}
        draws.append(settings.get("rollout_id") if "approach:" in seen else "first")
        return {"shouted": f"DRAW{len(draws)}"}

    found = run(InstructOfReflection(Shout, rounds=3), FakeLM(script))
    assert (found.shouted, instructions(found)) == ("DRAW4", ["refresh"] * 3)
    assert draws == ["first", None, "refresh1", "refresh2"]


@pytest.mark.parametrize("better", ["first", "second"])
@pytest.mark.parametrize("sound", [True, False])
def test_it_never_stops_on_answers_that_differ_nor_looks_more_than_allowed(better, sound):
    looks = [f"LOOK{i}" for i in range(9)]
    found = run(InstructOfReflection(Shout, rounds=4), lm := instructed("FIRST", *looks, better=better, sound=sound))
    assert instructions(found) == ["select"] * 4
    assert lm.steps.count("shouted_draft") == found.rounds == 4
    assert "sound" not in lm.steps
    assert found.shouted in ("FIRST", *looks)


def test_no_rounds_are_plain_generation():
    program = InstructOfReflection(Shout, rounds=0)
    found = run(program, lm := instructed("TREE"))
    assert (found.shouted, found.trace, lm.steps) == ("TREE", [], ["shouted"])
    assert (program.cost().at_least, program.cost().at_most) == (1, 1)


def test_the_first_answer_does_not_see_the_approach():
    run(InstructOfReflection(Shout, rounds=1), lm := instructed("TREE", "TREE"))
    first = lm.requests[lm.steps.index("shouted")]
    assert "Press shift." not in str(first)


def test_the_nearest_approach_of_the_memory_is_shown_to_the_one_who_writes_it():
    lm = instructed("TREE", "TREE")
    run(InstructOfReflection(Shout, rounds=1, memory=MEMORY["Shout"], recalled=1), lm)
    thinking = str(lm.requests[lm.steps.index("approach")])
    assert "Press the shift key." in thinking
    assert "deep breath" not in thinking
    assert "Press the shift key." not in str(lm.requests[lm.steps.index("shouted")])


def test_a_look_that_cannot_be_read_leaves_the_draft_and_asks_nothing_more():
    found = run(InstructOfReflection(Shout, rounds=1), lm := instructed("TREE", None))
    assert (found.shouted, instructions(found), found.decided_by) == ("TREE", ["none"], "first")
    assert set(lm.steps) == {"shouted", "approach", "shouted_draft"}


@pytest.mark.parametrize(("looks", "sound", "used"), [(["A"], True, 4), (["A"], False, 5), (["B"], True, 4)])
def test_the_calls_are_within_the_cost(looks, sound, used):
    program, ledger = InstructOfReflection(Shout, rounds=1), Ledger()
    with scope.scoped(ledgers=(ledger,)):
        run(program, instructed("A", *looks, sound=sound))
    assert ledger.usage.calls == used
    assert program.cost().at_least <= used <= program.cost().at_most == 5


def test_a_failed_approach_is_an_error_of_the_row():
    with pytest.raises(CallError):
        run(
            InstructOfReflection(Shout),
            FakeLM(lambda messages, **s: "x" if "approach" in messages[0]["content"] else {"shouted": "A"}),
        )


def test_broken_settings_are_refused():
    for settings, said in (({"memory": [{"word": "x"}]}, "lacks"), ({"recalled": -1}, "recalled"), ({"rounds": "2"}, "rounds")):
        with pytest.raises(SettingError, match=said):
            InstructOfReflection(Shout, **settings)
    with pytest.raises(TaskError, match="approach"):
        InstructOfReflection("approach -> answer")
