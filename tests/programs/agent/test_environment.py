"""Environments: the three forms in which a program takes one, and the rooms that ship."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.agent import Act, Environment, Observation, Restorable, Rooms, register_environment
from selftaught.programs.agent.environment import environment_for
from selftaught.programs.agent.world import GOALS, rooms_for
from tests.programs.agent.worlds import Line, NoCopies, Shout, acting, asked, scripted


def fewest(goal):
    """The fewest actions that reach a goal, by breadth-first search."""
    frontier = [Rooms(goal)]
    seen = set()
    for depth in range(1, 20):
        following = []
        for world in frontier:
            for action in world.actions():
                twin = world.copy()
                found = twin.step(action)
                if found.done:
                    return depth
                if found.text not in seen:
                    seen.add(found.text)
                    following.append(twin)
        frontier = following
    raise AssertionError(goal)


def test_every_goal_takes_as_many_actions_as_it_says():
    assert {goal: fewest(goal) for goal in GOALS} == GOALS


def test_a_copy_of_the_rooms_is_independent():
    world = Rooms("take the key")
    twin = world.copy()
    twin.step("take the lamp")
    assert "take the lamp" in world.actions()
    assert twin.facts() == {"take the lamp"} != world.facts()


def test_what_is_not_possible_changes_nothing_and_eating_cannot_be_undone():
    world = Rooms("take the coin")
    before = world.actions()
    assert world.step("go to the garden").text.startswith("That is not possible")
    assert world.actions() == before
    for action in ("go to the kitchen", "take the apple"):
        assert world.step(action).undoable
    assert not world.step("eat the apple").undoable


def test_the_inputs_name_the_goal():
    assert rooms_for({"question": "Please take the coin!"}).goal == "take the coin"
    assert rooms_for({"question": "?"}).goal == "take the lamp"
    with pytest.raises(SettingError, match="take the lamp"):
        Rooms("take the lampp")


def test_the_rooms_are_an_environment_that_can_be_restored():
    assert isinstance(Rooms(), Environment) and isinstance(Rooms(), Restorable)
    assert not isinstance(NoCopies(Line()), Restorable)


@pytest.mark.parametrize(("given", "says"), [("roms", "rooms"), (3, "callable"), (NoCopies(Line()), "copy")])
def test_what_is_no_environment_is_refused_when_the_program_is_built(given, says):
    with pytest.raises(SettingError, match=says):
        Act(Shout, environment=given)


def test_an_object_is_copied_for_each_input_and_a_callable_is_given_the_inputs():
    line = Line()
    assert environment_for(line, {}) is not line
    assert environment_for(lambda inputs: Line(inputs["length"]), {"length": 7}).length == 7
    with pytest.raises(SettingError, match="int"):
        environment_for(lambda inputs: 3, {})


def test_a_registered_name_makes_a_fresh_environment():
    register_environment("a-line", lambda inputs: Line(len(inputs["word"])))
    assert environment_for("a-line", {"word": "abc"}).length == 3


def test_an_environment_may_be_waited_for():
    class Slow(Line):
        async def reset(self):
            return super().reset()

        async def step(self, action):
            return super().step(action)

    found = acting(Act(Shout, environment=lambda inputs: Slow()), scripted(action="right"))
    assert found.solved
    assert found.actions == ["right"] * 3


def test_a_reset_that_is_already_done_is_told_at_once():
    class Over(Line):
        def reset(self):
            return Observation("over", 1.0, True)

    lm = scripted()
    assert acting(Act(Shout, environment=lambda inputs: Over()), lm).solved
    assert len(asked(lm, "shouted")) == lm.calls == 1
