"""In-context policy iteration: the contract, and acting on imagined values."""

import random

import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.agent import PolicyIteration, Transition
from selftaught.programs.agent.replay import Replay
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import obliging
from tests.programs.agent.worlds import Line, Shout, acting, asked, field_of, scripted


class TestPolicyIteration(ProgramContract):
    method = "icpi"

    def make(self, task):
        return PolicyIteration(task, environment="rooms", episodes=3, most_steps=3, rollout=2, most_actions=2)


def cell(messages):
    return int(field_of(messages, "observation").removeprefix("cell "))


def after(messages):
    return cell(messages) + (1 if field_of(messages, "action") == "right" else -1)


def exact(length):
    """An exact model of the line, whose policy goes right."""
    return {
        "episode_ends": lambda messages: after(messages) == length,
        "reward": lambda messages: float(field_of(messages, "episode_ends") == "True"),
        "next_observation": lambda messages: f"cell {max(0, after(messages))}",
        "action": "right",
    }


def test_with_an_exact_world_model_it_finds_the_best_actions_of_the_chain():
    line = Line(3)
    found = acting(
        PolicyIteration(Shout, environment=line, episodes=12, rollout=4, most_steps=12, discount=0.9), scripted(**exact(3))
    )
    assert found.returns[-1] == pytest.approx(0.9**2)  # the shortest way
    assert found.actions == ["right"] * 3


def test_the_action_taken_has_the_highest_value():
    line = Line(3)
    found = acting(PolicyIteration(Shout, environment=line, episodes=8, rollout=3), scripted(**exact(3)))
    assert found["values"]
    for note in found["values"]:
        position = int(note["observation"].removeprefix("cell "))
        best = max(note["values"], key=note["values"].get)
        assert best == "right" or note["values"]["left"] == note["values"]["right"] or position == 0


def test_nobody_is_asked_before_there_is_a_success():
    lm = scripted()
    found = acting(PolicyIteration(Shout, environment=Line(99), episodes=4), lm)
    assert (lm.calls, found["values"]) == (1, [])


def test_every_example_comes_from_what_really_happened():
    line = Line(3)
    lm = scripted(**exact(3))
    acting(PolicyIteration(Shout, environment=line, episodes=8, rollout=3), lm)
    real = {(f"cell {at}", action) for at, action in (one for one in line.log if one != "reset")}
    shown = [
        (field_of([message], "observation"), field_of([message], "action"))
        for messages in asked(lm, "episode_ends")
        for message in messages[1:-1]
        if message["role"] == "user"
    ]
    assert shown
    assert set(shown) <= real


def test_examples_of_a_prediction_have_the_same_action():
    lm = scripted(**exact(3))
    acting(PolicyIteration(Shout, environment=Line(3), episodes=8, rollout=3), lm)
    for messages in asked(lm, "next_observation"):
        actions = {field_of([message], "action") for message in messages[1:] if message["role"] == "user"}
        assert len(actions) == 1


def test_the_same_seed_acts_the_same_and_another_differs():
    runs = [
        acting(PolicyIteration(Shout, environment=Line(3), seed=seed, episodes=4), scripted(**exact(3))) for seed in (0, 0, 5)
    ]
    assert runs[0].returns == runs[1].returns
    assert runs[0].history == runs[1].history
    assert (runs[0].returns, runs[0].history) != (runs[2].returns, runs[2].history)


def test_an_unreadable_prediction_never_enters_the_buffer_and_all_unreadable_is_an_error():
    def script(messages, **settings):
        if "next_observation" in answer_fields(messages) and field_of(messages, "action") == "left":
            return "garbage"
        said = obliging(messages, **settings)
        for name, answer in exact(3).items():
            if name in said:
                said[name] = answer(messages) if callable(answer) else answer
        return said

    found = acting(PolicyIteration(Shout, environment=Line(3), episodes=8, rollout=3), FakeLM(script))
    assert any(note["values"]["left"] is None for note in found["values"])
    assert "garbage" not in found.history
    with pytest.raises(CallError):
        acting(
            PolicyIteration(Shout, environment=Line(3), episodes=8),
            FakeLM(lambda messages, **settings: obliging(messages, **settings) if "shouted" in answer_fields(messages) else "x"),
        )


def test_settings_and_cost():
    with pytest.raises(SettingError, match="discount"):
        PolicyIteration(Shout, environment="rooms", discount=1.5)
    cost = PolicyIteration(Shout, environment="rooms", episodes=2, most_steps=3, most_actions=2, rollout=2).cost()
    assert (cost.at_least, cost.at_most) == (1, 1 + 2 * 3 * 2 * 7)


def trajectories():
    won = [Transition("0", "right", "1"), Transition("1", "right", "2", 1.0, True)]
    lost = [Transition("0", "right", "1"), Transition("1", "left", "0"), Transition("0", "left", "-1", 0.0, True)]
    replay = Replay(0.5, 0.0, 4)
    replay.trajectories += [won, lost]
    return replay, won, lost


def test_returns_are_discounted_and_successes_are_above_the_threshold():
    replay, won, lost = trajectories()
    assert (replay.value(won), replay.value(lost)) == (0.5, 0.0)
    assert replay.successes() == [won]


def test_the_buffer_is_ready_with_a_success_and_each_action():
    replay, _, lost = trajectories()
    assert replay.ready(["left", "right"])
    assert not replay.ready(["left", "up"])
    replay.trajectories = [lost]
    assert not replay.ready(["left"])


def test_examples_are_balanced_and_of_the_wanted_kind():
    replay, won, _ = trajectories()
    draws = random.Random(0)
    assert {one.done for one in replay.ends(draws, "right")} == {True, False}
    assert all(one.done and one.action == "right" for one in replay.rewards(draws, "right", True))
    assert not any(one.done for one in replay.states(draws, "left"))
    assert set(replay.policy(draws)) == set(won)
    many = [[Transition(str(i), "right", "x")] for i in range(50)]
    replay.trajectories += many
    assert len(replay.ends(draws, "right")) <= 4
    assert any(one.done for one in replay.ends(draws, "right"))
