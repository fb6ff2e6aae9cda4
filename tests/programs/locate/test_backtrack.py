"""Backtracking: the contract, and locate, cut, ban, write another step, go on, keep."""

import dspy
import pytest

from selftaught import scope
from selftaught.errors import CallError, SettingError, TaskError
from selftaught.ledger import Ledger
from selftaught.programs.judge.base import Judge
from selftaught.programs.locate.backtrack import Backtrack, chained
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging
from tests.programs.locate.chains import Writer, Wrong


class TestBacktrack(ProgramContract):
    method = "backtrack-mistake-location"

    def make(self, task):
        return Backtrack(task)


class TestBacktrackWithEachStepChecked(ProgramContract):
    def make(self, task):
        return Backtrack(task, locator="each", passes=2, blame_earlier=True, show_banned=True)


def wrong(letters):
    return Wrong(chained(Shout), letters)


def backtrack(writer, **settings):
    lm = FakeLM(writer)
    with dspy.context(lm=lm):
        found = Backtrack(Shout, **settings)(word="tree")
    found.calls = lm.calls
    return found


def letters(found):
    return "".join(step[-1] for step in found.path)


def test_no_mistake_leaves_the_chain_as_it_is_without_a_further_call():
    found = backtrack(Writer({"": "abc"}), locator=wrong("z"), passes=5)
    assert (letters(found), found.shouted, found.changed, found.mistake, found.passes, found.calls) == (
        "abc",
        "abc",
        False,
        None,
        0,
        1,
    )


def test_the_steps_before_the_mistake_stay_and_the_step_differs_from_the_wrong_one():
    writer = Writer({"": "abc", "ad": "ef"}, {"a": "bbdb"})
    found = backtrack(writer, locator=wrong("b"), candidates=4)
    assert (letters(found), found.shouted, found.changed) == ("adef", "adef", True)
    assert (found.mistake, found.wrong, found.passes) == (1, "step b", 1)
    assert {path for path, _ in writer.proposed} == {"a"}
    assert writer.completed == ["", "ad"]


def test_the_most_frequent_of_the_other_candidates_is_taken():
    assert letters(backtrack(Writer({"": "ab"}, {"a": "bbbcdd"}), locator=wrong("b"), candidates=6)) == "ad"


def test_where_every_candidate_is_the_wrong_step_the_chain_stays():
    found = backtrack(Writer({"": "abc"}, {"a": ["b", "b"]}), locator=wrong("b"), candidates=2)
    assert (letters(found), found.changed, found.calls) == ("abc", False, 3)


def test_blame_moves_to_the_step_before_where_every_candidate_is_banned():
    writer = Writer({"": "abc", "d": "ef"}, {"a": "b", "": "ad"})
    found = backtrack(writer, locator=wrong("b"), candidates=2, blame_earlier=True)
    assert (letters(found), found.mistake) == ("def", 1)


@pytest.mark.parametrize("at", [-1, 3, 99, None])
def test_an_index_that_is_no_step_is_no_mistake(at):
    found = backtrack(Writer({"": "abc"}), locator=lambda inputs, steps: at)
    assert (found.changed, found.mistake, found.calls) == (False, None, 1)


def test_a_function_sees_the_inputs_and_the_steps():
    seen = []
    backtrack(Writer({"": "ab"}), locator=lambda inputs, steps: seen.append((inputs, steps)))
    assert seen == [({"word": "tree"}, ["step a", "step b"])]


def test_a_new_chain_whose_mistake_comes_no_later_is_not_kept_unless_recheck_is_off():
    rest, options = {"": "abc", "ad": "e"}, {"a": "d"}
    assert letters(backtrack(Writer(rest, options), locator=wrong("bd"))) == "abc"
    assert letters(backtrack(Writer(rest, options), locator=wrong("bd"), recheck=False)) == "ade"
    assert letters(backtrack(Writer(rest, options), locator=wrong("be"))) == "ade", "later is better"


def test_several_passes_mend_several_mistakes_in_order():
    writer = Writer({"": "axyx", "ab": "yx", "aby": "?", "abyc": ""}, {"a": "b", "aby": "c"})
    found = backtrack(writer, locator=wrong("x"), passes=3)
    assert (letters(found), found.passes, found.mistake) == ("abyc", 2, 1)


def test_a_step_that_failed_is_never_taken_again_after_the_same_steps():
    writer = Writer({"": "ab", "ac": "", "ad": ""}, {"a": "ccccdddd"})
    locator = wrong("bc")
    found = backtrack(writer, locator=locator, candidates=4, passes=3)
    assert writer.completed == ["", "ac", "ad"]
    assert letters(found) == "ad"
    assert [number for _, number in writer.proposed] == list(range(1, 9)), "fresh samples in each pass"


def test_without_passes_it_is_a_plain_chain():
    found = backtrack(Writer({"": "abc"}), passes=0)
    assert (found.shouted, found.calls, found.mistake) == ("abc", 1, None)


def test_a_locator_that_guesses_can_only_harm_right_chains_and_recheck_bounds_the_harm():
    right = {"": "abc"}
    for at in range(3):
        found = backtrack(Writer(right, {}), locator=lambda inputs, steps, at=at: at if steps[-1] == "step c" else 0)
        assert letters(found) == "abc"


def test_garbled_candidates_are_missing_and_all_garbled_is_an_error():
    assert letters(backtrack(Writer({"": "ab"}, {"a": "!c"}), locator=wrong("b"), candidates=2)) == "ac"
    with pytest.raises(CallError):
        backtrack(Writer({"": "ab"}, {"a": "!!"}), locator=wrong("b"), candidates=2)


def test_the_model_itself_can_be_asked_for_the_first_wrong_step():
    def says(messages, **settings):
        return {"first_wrong": 2} if "step b" in str(messages[-1]["content"]) else {"first_wrong": 0}

    found = backtrack(Writer({"": "ab", "ac": ""}, {"a": "c"}, other=says))
    assert (letters(found), found.mistake) == ("ac", 1)


def test_or_of_each_step_whether_it_is_right():
    def says(messages, **settings):
        assert answer_fields(messages) == ["correct"]
        return {"correct": "\nstep: step b" not in str(messages[-1]["content"])}

    found = backtrack(Writer({"": "ab", "ac": ""}, {"a": "c"}, other=says), locator="each")
    assert (letters(found), found.mistake) == ("ac", 1)


def test_an_undetermined_verdict_is_no_mistake():
    class Silent(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=None)

    assert not backtrack(Writer({"": "ab"}), locator=Silent(chained(Shout))).changed


def test_banned_steps_are_shown_where_asked():
    writer = Writer({"": "ab"}, {"a": "c"})
    backtrack(writer, locator=wrong("b"), candidates=1, show_banned=True)
    assert writer.shown == ["b"]
    silent = Writer({"": "ab"}, {"a": "c"})
    backtrack(silent, locator=wrong("b"), candidates=1)
    assert silent.shown == [""]


def test_the_worst_case_costs_what_it_says():
    ledger, program = Ledger(), Backtrack(Shout, locator=wrong("abcdefx"), candidates=2, passes=2)
    writer = Writer({"": "ab", "c": "", "d": ""}, {"": "cd"})
    with dspy.context(lm=FakeLM(writer)), scope.scoped(ledgers=(ledger,)):
        program(word="tree")
    assert ledger.usage.calls == 1 + 2 * 3 == program.cost().at_most


def test_structured_outputs_survive():
    with dspy.context(lm=FakeLM(obliging)):
        found = Backtrack(Survey, locator=lambda inputs, steps: 0)(**SURVEY_INPUT)
    assert (found.place.town, found.sure) == ("Ulm", True)


def test_bad_settings_and_fields_are_refused_by_name():
    with pytest.raises(SettingError, match="first"):
        Backtrack(Shout, locator="fist")
    with pytest.raises(SettingError, match="candidates"):
        Backtrack(Shout, candidates=0)
    with pytest.raises(TaskError, match="solution_steps"):
        Backtrack("question -> solution_steps")
    with pytest.raises(TaskError, match="more_steps"):
        Backtrack("question -> more_steps")
