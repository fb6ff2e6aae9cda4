"""Goals of its own: the contract, and what may enter the library."""

import pytest

from selftaught.errors import CallError
from selftaught.programs.agent import OwnGoals
from selftaught.programs.agent.library import Library
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import obliging
from tests.programs.agent.worlds import Line, Shout, acting, asked, field_of, scripted


class TestOwnGoals(ProgramContract):
    method = "lma3"

    def make(self, task):
        return OwnGoals(task, environment="rooms")


def seen_in(messages):
    """An exact check: a goal `reach cell k` is achieved at the first step after which cell k was seen."""
    claimed = field_of(messages, "claimed").removeprefix("reach ")
    lines = str(messages[-1]["content"]).splitlines()
    return next((int(line.split(".")[0]) for line in lines if line.endswith(f"-> {claimed}")), 0)


CHECKS = {"first_step": lambda messages: seen_in(messages) or 1, "new_goal": "reach cell 2", "action": "right"}


class Judge:
    """Answers `achieved` both as descriptions and as a verdict."""

    def __init__(self, described, verdict):
        self.described, self.verdict = described, verdict

    def __call__(self, messages):
        return self.verdict(messages) if "first_step" in answer_fields(messages) else self.described


def practising(
    described=("reach cell 1", "reach cell 0"), verdict=lambda messages: seen_in(messages) > 0, *, line=None, **settings
):
    lm = scripted(achieved=Judge(list(described), verdict), subgoals=lambda messages: ["reach cell 1"], **CHECKS)
    return acting(OwnGoals(Shout, environment=line or Line(4), **settings), lm), lm


def test_only_what_the_check_confirms_enters_the_library():
    found, _ = practising(described=["reach cell 1", "fly to the moon"], practice=2)
    assert "reach cell 1" in found.library
    assert "fly to the moon" not in found.library
    assert practising(verdict=lambda messages: False, practice=2)[0].library == {}


def test_the_stored_way_is_the_shortest_prefix_that_reaches_the_goal():
    found, _ = practising(practice=4)
    assert found.library["reach cell 1"] == ["right"]


def test_subgoals_come_only_from_what_is_mastered_and_only_once_enough_is():
    _, lm = practising(practice=3, least=2)
    proposals = asked(lm, "subgoals")
    assert 0 < len(proposals) < 3  # none in the first episode
    schemas = []

    def script(messages, **settings):
        if "subgoals" in answer_fields(messages):
            schemas.append(settings["response_format"]["json_schema"]["schema"]["properties"]["subgoals"]["items"]["enum"])
        said = obliging(messages, **settings)
        if "first_step" in said:
            return {"achieved": True, "first_step": 1}
        return {**said, "achieved": ["one", "two"]} if "achieved" in said else said

    found = acting(OwnGoals(Shout, environment=Line(4), practice=3), FakeLM(script))
    assert schemas[0] == ["one", "two"]
    assert all(set(schema) <= set(found.library) for schema in schemas)


def test_without_relabelling_no_goals_appear():
    found, lm = practising(relabel=False, practice=5)
    assert (found.library, asked(lm, "achieved")) == ({}, [])


def test_equal_goals_are_merged():
    found, lm = practising(
        described=["Reach cell 1!", "reach  cell 1", "reach cell 1"], verdict=lambda messages: True, practice=1
    )
    assert len(found.library) == 1
    assert len(asked(lm, "first_step")) == 1


def test_a_goal_beyond_the_episode_is_not_taken():
    lm = scripted(achieved=Judge(["reach cell 1"], lambda messages: True), **{**CHECKS, "first_step": 99})
    assert acting(OwnGoals(Shout, environment=Line(4), practice=1), lm).library == {}


def test_an_unreadable_check_is_no_success_and_all_unreadable_is_an_error():
    def script(words):
        def answer(messages, **settings):
            if "first_step" in answer_fields(messages):
                return "garbage" if field_of(messages, "claimed") in words else {"achieved": True, "first_step": 1}
            said = obliging(messages, **settings)
            return {**said, "achieved": ["one", "two"]} if "achieved" in said else said

        return FakeLM(answer)

    assert list(acting(OwnGoals(Shout, environment=Line(4), practice=1), script(["one"])).library) == ["two"]
    with pytest.raises(CallError):
        acting(OwnGoals(Shout, environment=Line(4), practice=1), script(["one", "two"]))


def test_a_mastered_goal_is_an_action_in_the_task():
    lm = scripted(
        achieved=Judge(["walk"], lambda messages: True), first_step=3,
        action=lambda messages: "walk" if "walk:" in str(messages) else "left",
    )  # fmt: skip
    found = acting(OwnGoals(Shout, environment=Line(9), practice=1, most_steps=5, seed=1), lm)
    assert len(found.library["walk"]) == 3
    assert found.actions[:3] == found.library["walk"]
    assert len(found.actions) == 5


def test_the_cost_without_practice_is_the_plain_agents():
    assert OwnGoals(Shout, environment="rooms", practice=0).cost().at_most == 9


def test_a_library_counts_successes_and_keeps_the_shorter_way():
    library = Library()
    library.add("Go home", ["a", "b", "c"])
    library.add("go home.", ["a", "c"])
    library.add("GO HOME", ["a", "b", "c", "d"])
    assert (library.names(), library["go home"].actions, library["go home"].successes) == (["Go home"], ("a", "c"), 3)
    assert library.named(["a", "c"]) == "Go home"
    assert (library.offered(["a"]), library.offered(["c"])) == (["Go home"], [])
