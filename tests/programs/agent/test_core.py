"""The acting core: the contract, and look, choose, act, tell."""

import dspy
import pytest

from selftaught.errors import ArtifactError, CallError, SettingError, TaskError
from selftaught.programs.agent import Act
from selftaught.programs.agent.world import Rooms
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Survey, obliging
from tests.programs.agent.worlds import Line, Shout, acting, field_of, scripted


class TestAct(ProgramContract):
    method = "act"

    def make(self, task):
        return Act(task, environment="rooms")


def test_acts_until_the_environment_ends_the_episode_and_tells_what_happened():
    lm = scripted(action="right")
    found = acting(Act(Shout, environment=Line(3)), lm)
    assert (found.actions, found.solved, found.reward, lm.calls) == (["right"] * 3, True, 1.0, 4)
    assert field_of(lm.requests[-1], "history").startswith("1. right -> cell 1")
    assert [step.step for step in found.steps] == ["choose"] * 3 + ["report"]


def test_stops_after_most_steps_unsolved():
    found = acting(Act(Shout, environment=Line(9), most_steps=4), scripted(action="right"))
    assert (len(found.actions), found.solved) == (4, False)


def test_a_reward_is_needed_to_be_solved():
    assert not acting(Act(Shout, environment=Line(3, pit=1)), scripted(action="right")).solved


def test_the_only_option_is_taken_unasked_and_nowhere_to_go_is_the_end():
    class Corridor(Line):
        def actions(self):
            return ["right"] if self.at < 2 else []

    lm = scripted()
    found = acting(Act(Shout, environment=lambda inputs: Corridor(9)), lm)
    assert (found.actions, lm.calls) == (["right", "right"], 1)


def test_only_what_is_on_offer_can_be_chosen():
    lm = scripted(action="fly")
    with pytest.raises(CallError):
        acting(Act(Shout, environment=Line(3)), lm)
    first = recorded(Act(Shout, environment="rooms"))[0]
    assert first["response_format"]["json_schema"]["schema"]["properties"]["action"]["enum"] == Rooms().actions()


def recorded(program):
    """The settings of every request of a run."""
    kept = []

    def script(messages, **settings):
        kept.append(settings)
        return obliging(messages, **settings)

    acting(program, FakeLM(script))
    return kept


def test_an_instruction_that_was_tuned_is_used():
    program = Act(Shout, environment=Line(1))
    program.choose.signature = program.choose.signature.with_instructions("Always go on.")
    lm = scripted(action="right")
    acting(program, lm)
    assert "Always go on." in str(lm.requests[0][0]["content"])


def test_structured_outputs_and_outputs_named_like_what_is_told():
    lm = scripted(action="right")
    assert acting(Act(Survey, environment=Line(1)), lm, **SURVEY_INPUT).place.town == "Ulm"
    task = dspy.Signature("word -> actions: str, reward: int")
    found = acting(Act(task, environment=Line(1)), scripted(action="right", actions="told", reward=7))
    assert (found.actions, found.reward, found.solved) == ("told", 7, True)


def test_a_task_with_an_input_that_a_step_needs_is_refused():
    with pytest.raises(TaskError, match="observation"):
        Act("observation -> answer", environment="rooms")


def test_a_program_with_an_object_cannot_be_saved(tmp_path):
    from selftaught.artifact import save

    with pytest.raises(ArtifactError, match="Line"):
        save(Act(Shout, environment=Line()), tmp_path / "program.st")


def test_settings():
    with pytest.raises(SettingError, match="most_steps"):
        Act(Shout, environment="rooms", most_steps=0)


def test_inputs_at_the_same_time_do_not_share_an_environment():
    import asyncio

    program = Act(Shout, environment=Line(4))

    async def both():
        return await asyncio.gather(*(program.acall(word=word) for word in ("one", "two")))

    with dspy.context(lm=scripted(action="right")):
        assert [found.actions for found in asyncio.run(both())] == [["right"] * 4] * 2
