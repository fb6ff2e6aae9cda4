"""Self-Discover, Auto-Evolve and ReGenesis: the contracts, and what the planner sees, keeps and refines."""

import copy

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import CallError, SettingError
from selftaught.programs.plan import Discover, Planner
from selftaught.programs.vote import Vote
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey


class TestSelfDiscover(ProgramContract):
    method = "self-discover"

    def make(self, task):
        example = {"word": "bush"} if task is Shout else {**SURVEY_INPUT, **SURVEY_ANSWER}
        return Discover(task, examples=[example])


class TestAutoEvolve(ProgramContract):
    method = "auto-evolve"

    def make(self, task):
        return Discover(task, ways="generated", refinements=3)


class TestReGenesis(ProgramContract):
    method = "regenesis"

    def make(self, task):
        return Discover(task, per="input", work="reasoning")


def thinking(revisions=(), chosen=(2, 1, 2)):
    """A model that chooses these ways, plans A and B, and revises with these plans in order."""
    left = iter(revisions)

    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["lacks", "plan"]:
            found = next(left)
            return found if isinstance(found, str) else {"lacks": "much", "plan": found}
        said = {"ways": ["Way X.", "Way Y."], "chosen": list(chosen), "adapted": ["Here X.", "Here Y."], "plan": ["A.", "B."],
                "filled": ["a", "b"], "reasoning": "so", "shouted": "TREE"}  # fmt: skip
        return {name: said[name] for name in asked}

    return FakeLM(script, retries=0)


def run(lm, word="tree", program=None, **knobs):
    with dspy.context(lm=lm):
        return (program or Discover(Shout, **knobs))(word=word)


def steps(lm):
    return [answer_fields(m)[0] for m in lm.requests]


def test_ways_are_chosen_put_in_the_words_of_the_task_and_made_a_plan():
    lm = thinking()
    found = run(lm, seeds=["Think.", "Draw.", "Test."])
    assert steps(lm) == ["chosen", "adapted", "plan", "filled"]
    assert '["Draw.", "Think."]' in lm.requests[1][-1]["content"]
    assert "Here X." in lm.requests[2][-1]["content"]
    assert (found.plan, found.filled, found.unfilled) == (["A.", "B."], ["a", "b"], [])


def test_generated_ways_need_no_list():
    lm = thinking()
    run(lm, ways="generated")
    assert steps(lm) == ["ways", "plan", "filled"]


@pytest.mark.parametrize("knobs", [{}, {"ways": "generated"}])
def test_the_plan_of_a_task_is_made_once_and_sees_no_label_and_no_input(knobs):
    lm, program = thinking(), Discover(Shout, examples=[{"word": "bush", "shouted": "LABEL"}], **knobs)
    for word in ("tree", "leaf"):
        run(lm, word, program)
    planning = [m for m in lm.requests if "filled" not in answer_fields(m)]
    assert steps(lm).count("plan") == 1
    assert all("bush" in str(m) for m in planning)
    assert not any(secret in str(m) for m in planning for secret in ("tree", "leaf", "LABEL"))


def test_a_plan_for_each_input_sees_it():
    lm = thinking()
    program = Discover(Shout, per="input", work="reasoning")
    run(lm, "tree", program), run(lm, "leaf", program)
    assert steps(lm) == ["chosen", "adapted", "plan", "reasoning"] * 2
    assert all("tree" in m[-1]["content"] for m in lm.requests[:4])


def test_refining_goes_on_until_nothing_changes():
    lm = thinking([["A.", "C."], ["A.", "C.", "D."], ["A.", "C.", "D."]])
    found = run(lm, ways="none", refinements=5)
    assert found.plan == ["A.", "C.", "D."]
    assert steps(lm).count("lacks") == 3


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_there_are_never_more_than_the_given_refinements(rounds):
    lm = thinking([["A.", str(number)] for number in "xyz"])
    run(lm, ways="none", refinements=rounds)
    assert steps(lm) == ["plan", *["lacks"] * rounds, "filled"]


@pytest.mark.parametrize("broken", ["garbage", [" ", ""]])
def test_a_revision_that_cannot_be_read_is_left_out(broken):
    lm = thinking([["A.", "C."], *[broken] * 2])
    assert run(lm, ways="none", refinements=3).plan == ["A.", "C."]


def test_the_plan_is_saved_with_the_program_and_gives_the_same_prompts(tmp_path):
    lm, again, program = thinking(), thinking(), Discover(Shout)
    run(lm, "tree", program)
    save(program, tmp_path / "plan.st")
    run(lm, "leaf", program)
    run(again, "leaf", load(tmp_path / "plan.st"))
    assert again.requests == [lm.requests[-1]]


def test_a_tuned_planner_makes_another_plan_and_a_copy_keeps_its_own():
    lm, program = thinking(), Discover(Shout, ways="none")
    run(lm, "tree", program)
    twin = copy.deepcopy(program)
    twin.planner.write.signature = twin.planner.write.signature.with_instructions("Plan well.")
    run(lm, "leaf", program), run(lm, "leaf", twin)
    assert steps(lm) == ["plan", "filled", "filled", "plan", "filled"]


def test_samples_that_need_the_plan_at_once_share_it():
    lm = thinking()
    with dspy.context(lm=lm):
        Vote(Shout, generate=Discover(Shout), samples=4)(word="tree")
    assert steps(lm).count("plan") == 1


def test_a_plan_that_failed_is_tried_again():
    said = iter(["garbage", "garbage"])
    lm = thinking()
    broken = FakeLM(lambda messages, **settings: next(said), retries=0)
    program = Discover(Shout, ways="none")
    with pytest.raises(CallError):
        run(broken, "tree", program)
    assert run(lm, "tree", program).plan == ["A.", "B."]


def test_a_planner_serves_alone():
    with dspy.context(lm=thinking([["A.", "C."], ["A.", "C."]])):
        found = Planner(Shout, refinements=2)(word="tree")
    assert (found.plan, found.revisions) == (["A.", "C."], 1)


@pytest.mark.parametrize(
    ("knobs", "cost"),
    [({}, (1, 4)), ({"per": "input"}, (4, 4)), ({"ways": "generated", "refinements": 3}, (1, 6)), ({"per": "input", "ways": "none", "refinements": 3}, (3, 5))],
)  # fmt: skip
def test_the_cost_has_exact_bounds(knobs, cost):
    found = Discover(Shout, **knobs).cost()
    assert (found.at_least, found.at_most) == cost


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"per": "day"}, "per"),
        ({"ways": "magic"}, "ways"),
        ({"refinements": -1}, "refinements"),
        ({"seeds": []}, "seeds"),
        ({"seeds": [" "]}, "seeds"),
        ({"examples": [{"wrod": "x"}]}, "'word'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(knobs, said):
    with pytest.raises(SettingError, match=said):
        Discover(Shout, **knobs)
    with pytest.raises(SettingError, match="least"):
        Planner(Survey, least=3, most=2)


@pytest.mark.parametrize(("knobs", "plan"), [({}, ["Tree"]), ({"ways": "generated"}, ["Tree"]), ({"per": "input"}, [])])
def test_a_step_that_only_repeats_what_was_seen_is_none(knobs, plan):
    def script(messages, **settings):
        said = {
            "ways": ["bush"],
            "adapted": ["bush"],
            "plan": ["1. Write the word in capital letters.", "bush", "Tree"],
            "chosen": [1],
        }
        return {name: said.get(name, "TREE") for name in answer_fields(messages)}

    assert run(FakeLM(script), work="none", examples=[{"word": "bush"}], **knobs).plan == plan
