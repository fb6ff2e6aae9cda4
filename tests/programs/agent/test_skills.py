"""Skills from skills: the contract, and which chains enter the library."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.agent import Rooms, Skills
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import obliging
from tests.programs.agent.worlds import Line, Shout, acting, asked, scripted


class TestSkills(ProgramContract):
    method = "boss"

    def make(self, task):
        return Skills(task, environment="rooms")


def test_a_chain_that_worked_enters_under_its_summary():
    found = acting(Skills(Shout, environment=Line(9), practice=1, longest=3), scripted(action="right", summary="walk on"))
    assert found.library == {"walk on": ["right"] * 3}
    assert found.successes == {"walk on": 1}


def test_a_link_that_changed_nothing_ends_the_chain_and_is_no_part_of_it():
    script = scripted(action=lambda messages: "left" if "cell 2" in str(messages[-1]["content"]) else "right", summary="s")

    class Stuck(Line):
        def step(self, action):
            return super().step(action) if action == "right" else self._seen()

    found = acting(Skills(Shout, environment=lambda inputs: Stuck(9), practice=1, most_steps=4), script)
    assert found.library == {"s": ["right", "right"]}


def test_a_chain_of_one_is_no_new_skill():
    lm = scripted(action="left", summary="nothing")
    assert acting(Skills(Shout, environment=Line(9), practice=2), lm).library == {}
    assert not asked(lm, "summary")


def test_the_model_can_only_say_abilities_that_exist_and_can_begin():
    said = []

    def script(messages, **settings):
        if "action" in answer_fields(messages):
            said.append(settings["response_format"]["json_schema"]["schema"]["properties"]["action"]["enum"])
        return {**obliging(messages, **settings), **({"summary": "walk"} if "summary" in answer_fields(messages) else {})}

    acting(Skills(Shout, environment="rooms", practice=2), FakeLM(script))
    assert said[0] == Rooms().actions()
    assert any("walk" in options for options in said[1:])


def test_every_skill_can_be_acted_again_from_a_reset():
    draws = random.Random(3)

    def script(messages, **settings):
        forms = settings["response_format"]["json_schema"]["schema"]["properties"]
        said = obliging(messages, **settings)
        return {**said, **({"action": draws.choice(forms["action"]["enum"])} if "action" in forms else {})}

    found = acting(Skills(Shout, environment="rooms", practice=8, longest=5), FakeLM(script))
    assert found.library
    for actions in found.library.values():
        world = Rooms()
        assert len(actions) >= 2
        for action in actions:
            assert action in world.actions()
            world.step(action)


def test_the_same_chain_counts_as_one_more_success_without_a_new_name():
    lm = scripted(action="right", summary="walk on")
    found = acting(Skills(Shout, environment=Line(9), practice=3, longest=2), lm)
    assert (found.successes, len(asked(lm, "summary"))) == ({"walk on": 3}, 1)


def test_summaries_that_collide_get_a_number():
    turns = iter(["right", "right", "left", "right", "left", "right"] + ["right"] * 20)
    found = acting(
        Skills(Shout, environment=Line(9), practice=3, longest=2), scripted(action=lambda m: next(turns), summary="walk")
    )
    assert list(found.library) == ["walk", "walk (2)"]


def test_a_uniform_guide_asks_nobody_what_comes_next():
    lm = scripted(summary="s", action="right")
    program = Skills(Shout, environment=Line(3), practice=4, guide="uniform", most_steps=6)
    found = acting(program, lm)
    assert len(asked(lm, "action")) == len(found.actions)  # in the task alone
    assert not hasattr(program, "extend")


def test_practice_is_sampled_and_the_task_is_not():
    kept = []

    def script(messages, **settings):
        kept.append((tuple(answer_fields(messages)), settings.get("temperature"), settings.get("rollout_id")))
        return obliging(messages, **settings)

    acting(Skills(Shout, environment="rooms", practice=2), FakeLM(script))
    assert {rollout for fields, _, rollout in kept if rollout} == {"practice0", "practice1"}
    assert kept[-1][2] is None


def test_settings():
    with pytest.raises(SettingError, match="guide"):
        Skills(Shout, environment="rooms", guide="dice")
    with pytest.raises(SettingError, match="longest"):
        Skills(Shout, environment="rooms", longest=1)
