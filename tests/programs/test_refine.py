"""The refine core: the contract for each method on it, and what the papers say must hold (145, 142)."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs import Refine, SelfRefine, Stick
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestSelfRefine(ProgramContract):
    method = "self-refine"

    def make(self, task):
        return SelfRefine(task)


class TestStick(ProgramContract):
    method = "stick"

    def make(self, task):
        return Stick(task)


class TestRefineInThreeRounds(ProgramContract):
    def make(self, task):
        return Refine(task, rounds=3)


def story(drafts, critiques):
    """A model that hands out these drafts and critiques in order; a critique is a list of problems, empty for acceptable."""
    drafts, critiques = iter(drafts), iter(critiques)

    def script(messages, **settings):
        if "acceptable" in answer_fields(messages):
            problems = next(critiques)
            return {"problems": problems, "acceptable": not problems}
        return {"shouted": next(drafts)}

    return FakeLM(script)


def run(program, lm):
    with dspy.context(lm=lm):
        return program(word="tree")


def test_an_acceptable_first_draft_is_returned_as_it_is_after_two_calls():
    lm = story(["tree!"], [[]])
    assert run(SelfRefine(Shout, rounds=3), lm).shouted == "tree!"
    assert lm.calls == 2


@pytest.mark.parametrize("rounds", [0, 1, 2, 4])
def test_there_are_never_more_than_the_given_rounds(rounds):
    lm = story([f"draft{i}" for i in range(9)], [["bad"]] * 9)
    assert run(SelfRefine(Shout, rounds=rounds), lm).rounds == rounds


def test_no_rounds_equal_plain_generation():
    lm = story(["draft"], [])
    assert run(SelfRefine(Shout, rounds=0), lm).shouted == "draft"
    assert lm.calls == 1


def test_the_reviser_sees_every_earlier_attempt_with_its_problems_in_order():
    lm = story(["one", "two", "three", "four"], [["first problem"], ["second problem"], ["third problem"], []])
    run(SelfRefine(Shout, rounds=3), lm)
    last_revision = [m for m in lm.requests if "attempts" in str(m[0]["content"])][-1][-1]["content"]
    positions = [
        last_revision.index(piece) for piece in ("one", "first problem", "two", "second problem", "three", "third problem")
    ]
    assert positions == sorted(positions)


def test_the_best_reviewed_draft_is_returned_and_the_earliest_of_equals():
    lm = story(["one", "two", "three"], [["a", "b"], ["a"], ["a"]])
    assert run(SelfRefine(Shout, rounds=2), lm).shouted == "two"


def test_a_revision_that_is_reviewed_as_worse_is_not_returned():
    lm = story(["fine", "worse"], [["small thing"], ["a", "b", "c"]])
    assert run(SelfRefine(Shout), lm).shouted == "fine"


def test_the_last_draft_is_available_as_the_paper_has_it():
    lm = story(["fine", "worse"], [["small thing"]])
    assert run(SelfRefine(Shout, select="last"), lm).shouted == "worse"
    assert lm.calls == 3


@pytest.mark.parametrize(("feedback", "shown"), [("generic", "It can be better."), ("none", "problems: []")])
def test_the_ablations_ask_no_critic(feedback, shown):
    lm = story(["one", "two"], [])
    assert run(SelfRefine(Shout, feedback=feedback), lm).shouted == "two"
    assert lm.calls == 2
    assert shown in lm.requests[1][-1]["content"]


def test_the_draft_is_shown_as_somebody_elses():
    lm = story(["one"], [[]])
    run(SelfRefine(Shout), lm)
    assert "somebody else" in lm.requests[1][0]["content"]


def test_unknown_settings_are_refused():
    with pytest.raises(SettingError, match="select"):
        SelfRefine(Shout, select="first")
    with pytest.raises(SettingError, match="rounds"):
        SelfRefine(Shout, rounds=-1)


def checklist_story(drafts, passes):
    """A model that writes two questions and whose checks of draft i pass `passes[i]` of them."""
    left = iter(drafts)

    def script(messages, **settings):
        asked, text = answer_fields(messages), messages[-1]["content"]
        if asked == ["requirements"]:
            return {"requirements": ["Is it loud enough?", "Is it the same word?"]}
        if asked == ["satisfied"]:
            draft = next(d for d in drafts if f"draft: {d}\n" in text)
            good = passes[drafts.index(draft)] > (1 if "same" in text else 0)
            return {"satisfied": "yes" if good != ("breaks the requirement" in messages[0]["content"]) else "no"}
        return {"shouted": next(left)}

    return FakeLM(script)


def test_stick_stops_at_once_when_every_question_passes():
    lm = checklist_story(["one"], [2])
    found = run(Stick(Shout), lm)
    assert (found.shouted, found.stopped_by, lm.calls) == ("one", "acceptable", 1 + 1 + 4)


def test_stick_shows_the_failed_questions_to_the_reviser():
    lm = checklist_story(["one", "two"], [1, 2])
    assert run(Stick(Shout), lm).shouted == "two"
    revision = next(m for m in lm.requests if "problems" in m[0]["content"])[-1]["content"]
    assert "Is it the same word?" in revision
    assert "loud enough" not in revision


def test_stick_never_returns_a_draft_with_a_lower_pass_rate():
    assert run(Stick(Shout), checklist_story(["one", "two"], [1, 0])).shouted == "one"


def test_stick_writes_one_checklist_for_all_drafts_of_an_input():
    lm = checklist_story(["one", "two"], [1, 1])
    run(Stick(Shout), lm)
    assert sum(answer_fields(m) == ["requirements"] for m in lm.requests) == 1
