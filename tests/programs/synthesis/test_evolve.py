"""Evolving in generations: the contract, who is evolved next, and what is eliminated."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs import Step
from selftaught.programs.synthesis import Row
from selftaught.programs.synthesis.evolve import OPERATORS, Evolve
from selftaught.programs.synthesis.evolve_generations import Generations
from selftaught.programs.synthesis.evolve_method import AutoEvolved
from selftaught.programs.synthesis.evolve_rules import says_nothing, unanswered, unchanged
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, requests, run

SEEDS = ["Name three rivers.", "Sort the numbers 3, 1 and 2."]


class TestEvolve(SynthesisContract):
    method = "evol-instruct"

    def make(self):
        return Evolve(SEEDS, batch=1)


class TestAutoEvolved(SynthesisContract):
    method = "auto-evolved"

    def make(self):
        return AutoEvolved(SEEDS, generations=2, batch=2)


def growing(**more):
    thought = {"ways": ["one"], "plan": "p", "rewritten": "r", "problems": ""}
    return answering(
        **{**thought, "evolved": lambda text, number: f"Task {number} with more", "more": True, "output": "An answer.", **more}
    )


def test_each_generation_evolves_the_newest_descendant_of_every_seed():
    found, _ = run(Evolve(SEEDS, generations=3), growing())
    assert len(found.rows) == 6
    known = {Row({"instruction": one}).id: one for one in SEEDS}
    for row in found.rows:
        (parent,) = row.origin.parents
        assert row["parent"] == known[parent]
        known[row.id] = row["instruction"]
    assert [row["generation"] for row in found.rows] == [1, 1, 2, 2, 3, 3]
    assert len({row.origin.parents for row in found.rows}) == 6


@pytest.mark.parametrize("batch", [1, 2, 3, 64])
def test_the_batch_changes_nothing_but_the_rounds(batch):
    texts = [f"Task of kind {number}." for number in range(5)]
    found, _ = run(
        Evolve(texts, generations=2, batch=batch),
        answering(evolved=lambda text, number: text.splitlines()[0] + " And more.", more=True, output="Yes."),
    )
    assert {row["instruction"].count("And more") for row in found.rows} == {1, 2}
    assert len(found.rows) == 10


def test_an_instruction_whose_answer_is_of_no_use_is_not_evolved_further():
    found, lm = run(Evolve(SEEDS, generations=3), growing(output="Sorry, I cannot do that."))
    assert not found.rows
    assert found.rejected["answered", "the answer refuses"] == 6
    assert all(any(seed in prompt for seed in SEEDS) for prompt in requests(lm, "evolved"))


def test_an_evolution_that_adds_nothing_is_dropped_and_costs_no_answer():
    found, lm = run(Evolve(SEEDS, generations=1), growing(more=False))
    assert found.rejected == {("adds nothing", "adds nothing"): 2}
    assert not requests(lm, "output")


def test_the_same_and_what_repeats_the_prompt_is_dropped():
    same = answering(evolved=lambda text, number: text.splitlines()[0].removeprefix("instruction: "), more=True, output="x y")
    found, _ = run(Evolve(SEEDS, generations=1), same)
    assert found.rejected == {("changed", "the same as before"): 2}
    found, _ = run(Evolve(SEEDS, generations=1), growing(evolved="The rewritten task: name four rivers."))
    assert found.rejected == {("changed", "repeats what it was evolved with"): 2}


def test_a_model_that_always_writes_one_task_brings_it_once():
    found, _ = run(Evolve(SEEDS, generations=4), growing(evolved="Always this very task here."))
    assert len(found.rows) == 1


def test_the_changes_are_drawn_from_the_operators_and_shown():
    found, lm = run(Evolve([f"Task {number}." for number in range(40)], generations=1), growing())
    assert {row["operator"] for row in found.rows} == set(OPERATORS)
    shown = requests(lm, "evolved")
    assert all(any(change in prompt for change in OPERATORS.values()) for prompt in shown)
    source = Generations(["a", "b"], OPERATORS)
    assert source.begin(1, [], 0) == source.begin(1, [], 0)
    assert any(source.begin(number, [], 0)[0]["operator"] != source.begin(number, [], 1)[0]["operator"] for number in range(4))


def test_every_seed_has_one_evolved_row_or_a_reason():
    def script(messages, **settings):
        return "garbage" if "Sort" in str(messages[-1]["content"]) else growing()(messages, **settings)

    found, _ = run(AutoEvolved(SEEDS), script)
    assert len(found.rows) + sum(found.rejected.values()) == len(SEEDS)
    assert found.rejected == {("evolve", "failed: AnswerError"): 1}


def test_a_method_of_ones_own_is_followed_and_so_is_a_tuned_program():
    seen = []

    def script(messages, **settings):
        seen.append(str(messages[0]["content"]))
        return growing()(messages, **settings)

    run(AutoEvolved(SEEDS, method="Turn it into a riddle."), script)
    assert any("Turn it into a riddle." in one for one in seen)
    found, _ = run(AutoEvolved(SEEDS, evolve=Step("instruction -> evolved")), growing())
    assert len(found.rows) == 2


def test_equal_seeds_are_evolved_to_different_samples():
    rollouts = []

    def script(messages, **settings):
        rollouts.append((settings.get("rollout_id"), settings.get("temperature")))
        return growing()(messages, **settings)

    run(AutoEvolved(["Same task."] * 3, evolve=Step("instruction -> evolved"), answer=Step("instruction -> output")), script)
    evolved = [one for one in rollouts if one[0]]
    assert len(set(evolved)) == 3
    assert all(warm > 0 for _, warm in evolved)


@pytest.mark.parametrize("answer", ["Sorry, no.", "I cannot do this.", "The of.", "...", "What do you mean by this?", "Please provide the text first.", "It is not possible to tell."])  # fmt: skip
def test_useless_answers_are_told(answer):
    assert unanswered(answer)


@pytest.mark.parametrize(
    "answer", ["42", "no", "Two", "多瑙河", "yes", "Sorry seems to be the hardest word. " * 20, "def f(): return 1"]
)
def test_short_and_foreign_answers_are_of_use(answer):
    assert not unanswered(answer)


def test_an_answer_that_repeats_its_instruction_is_of_no_use():
    assert unanswered("Name a river.", "name a river") == "the answer repeats the instruction"
    assert not unanswered("Rhine", "Name a river")


def test_rules_of_change():
    assert unchanged("Name a river", "name a RIVER.") == "the same as before"
    assert unchanged("a", "  ") == "says nothing"
    assert not unchanged("Explain the given task", "Explain the given task in three lines")
    assert says_nothing("… the a")


@pytest.mark.parametrize("build", [lambda: Evolve([]), lambda: Evolve([""]), lambda: Evolve([3]), lambda: Evolve(SEEDS, operators={}), lambda: Evolve(SEEDS, generations=0), lambda: Evolve([{"input": " "}])])  # fmt: skip
def test_what_cannot_be_evolved_is_refused(build):
    with pytest.raises(SettingError):
        build()


def test_seeds_may_bring_their_input():
    found, lm = run(Evolve([{"instruction": "Translate.", "input": "Guten Tag"}], generations=1), growing())
    assert "Guten Tag" in requests(lm, "evolved")[0]
    assert isinstance(found.examples("instruction -> output")[0], dspy.Example)
