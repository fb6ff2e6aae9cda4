"""Look-ahead: the contract, and imagine, score, act."""

import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.agent import Act, LookAhead
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import obliging
from tests.programs.agent.worlds import Line, NoCopies, Shout, acting, asked, field_of, scripted


class TestLookAhead(ProgramContract):
    method = "webevolver"

    def make(self, task):
        return LookAhead(task, environment="rooms")


class TestLookAheadInACopy(ProgramContract):
    def make(self, task):
        return LookAhead(task, environment="rooms", world="copy", depth=2)


def cell(text):
    return int(text.rpartition("cell ")[2].split()[0].rstrip("."))


def predicted(messages):
    """An exact model of the line."""
    at = cell(field_of(messages, "observation"))
    return f"cell {at + 1 if field_of(messages, 'action') == 'right' else max(0, at - 1)}"


def outcome_score(messages):
    return cell(field_of(messages, "outcome"))


def test_one_candidate_equals_the_plain_agent():
    plain, ahead = scripted(action="left"), scripted(action="left")
    acting(Act(Shout, environment=Line()), plain)
    acting(LookAhead(Shout, environment=Line(), candidates=1), ahead)
    assert plain.requests == ahead.requests


def test_an_exact_world_model_beats_greedy():
    greedy = scripted(action="left", others=["right"], next_observation=predicted, score=outcome_score)
    assert not acting(Act(Shout, environment=Line()), greedy).solved
    found = acting(LookAhead(Shout, environment=Line()), greedy)
    assert (found.solved, found.actions) == (True, ["right"] * 3)


@pytest.mark.parametrize("world", ["model", "copy"])
def test_with_constant_scores_it_equals_greedy(world):
    lm = scripted(action="left", others=["right"], next_observation="the same", score=5)
    found = acting(LookAhead(Shout, environment=Line(), world=world, most_steps=3), lm)
    assert found.actions == ["left"] * 3


def test_a_copy_of_the_environment_serves_as_an_exact_world_model():
    lm = scripted(action="left", others=["right"], score=outcome_score)
    found = acting(LookAhead(Shout, environment=Line(), world="copy"), lm)
    assert found.actions == ["right"] * 3
    assert not asked(lm, "next_observation")


def test_what_is_imagined_never_enters_the_history():
    lm = scripted(action="left", others=["right"], next_observation="a dream", score=1)
    found = acting(LookAhead(Shout, environment=Line(), most_steps=3, depth=2), lm)
    assert "dream" not in found.history
    assert all("dream" not in str(messages) for messages in [*asked(lm, "others"), *asked(lm, "shouted")])
    assert all("dream" in str(messages) for messages in asked(lm, "score"))
    assert "dream" in found.looked[0]["imagined"][0]


def test_a_stop_action_is_scored_without_simulation():
    class Stopping(Line):
        def actions(self):
            return ["left", "stop"]

    lm = scripted(action="left", others=["stop"], next_observation="x", score=3)
    acting(LookAhead(Shout, environment=lambda inputs: Stopping(), most_steps=1), lm)
    assert len(asked(lm, "score")) == 2
    assert [field_of(messages, "action") for messages in asked(lm, "next_observation")] == ["left"]


def test_depth_is_the_number_of_predictions_for_each_candidate():
    lm = scripted(action="left", others=["right"], next_observation="x", score=3)
    acting(LookAhead(Shout, environment=Line(), most_steps=1, depth=3), lm)
    assert (len(asked(lm, "next_observation")), len(asked(lm, "score"))) == (6, 2)


def garbled(words):
    """A model that answers garbage where its prompt has one of these words, and scores everything 1."""

    def script(messages, **settings):
        if "score" in answer_fields(messages) and any(f"action: {word}" in str(messages[-1]["content"]) for word in words):
            return "garbage"
        known = {"action": "left", "others": ["right"], "score": 1, "next_observation": "x"}
        return {**obliging(messages, **settings), **{name: known[name] for name in answer_fields(messages) if name in known}}

    return FakeLM(script)


def test_an_unreadable_score_is_zero_and_all_unreadable_is_an_error():
    found = acting(LookAhead(Shout, environment=Line(), most_steps=1), garbled(["left"]))
    assert (found.actions, found.looked[0]["scores"]) == (["right"], [0.0, 0.1])
    with pytest.raises(CallError):
        acting(LookAhead(Shout, environment=Line(), most_steps=1), garbled(["left", "right"]))


def test_alternatives_never_repeat_the_action_or_each_other():
    class Wide(Line):
        def actions(self):
            return ["left", "right", "up", "down"]

    lm = scripted(action="left", others=["up", "up"], next_observation="x", score=3)
    found = acting(LookAhead(Shout, environment=lambda inputs: Wide(), most_steps=1), lm)
    assert found.looked[0]["candidates"] == ["left", "up"]


def test_settings_and_an_environment_without_copies():
    with pytest.raises(SettingError, match="world"):
        LookAhead(Shout, environment="rooms", world="dream")
    lm = scripted(action="left", others=["right"], score=3)
    with pytest.raises(SettingError, match="copy"):
        acting(LookAhead(Shout, environment=lambda inputs: NoCopies(Line()), world="copy"), lm)


def test_the_cost_counts_what_is_asked_at_every_step():
    lm = scripted(action="left", others=["right", "up"], next_observation="x", score=3)

    class Wide(Line):
        def actions(self):
            return ["left", "right", "up"]

    program = LookAhead(Shout, environment=lambda inputs: Wide(), most_steps=2, depth=2)
    acting(program, lm)
    assert lm.calls == program.cost().at_most
