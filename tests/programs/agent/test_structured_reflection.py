"""Structured reflection: the contract, and slots, bans and staged plans."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.agent import Observation, StructuredReflection
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import obliging
from tests.programs.agent.worlds import Line, Shout, acting, asked, field_of, scripted


class TestStructuredReflection(ProgramContract):
    method = "structured-reflection-agent"

    def make(self, task):
        return StructuredReflection(task, environment="rooms")


class Tree:
    """Each state is a path of letters; one path is right. `log` holds (trial, path, action)."""

    def __init__(self, solution, width=3):
        self.solution, self.letters = solution, "abcdef"[:width]
        self.log, self.trial, self.path = [], 0, ""

    def reset(self):
        self.trial, self.path = self.trial + 1, ""
        return Observation("path -")

    def actions(self):
        return list(self.letters)

    def step(self, action):
        self.log.append((self.trial, self.path, action))
        self.path += action
        done = len(self.path) == len(self.solution)
        return Observation(f"path {self.path}", float(self.path == self.solution), done)


def reflecting(tree, script, **settings):
    return acting(StructuredReflection(Shout, environment=lambda inputs: tree, **settings), FakeLM(script))


def player(plan, blame, better):
    """A model: `plan(allowed)` plans one action, `blame(path)` names the step, `better(path, step)` the replacement."""

    def script(messages, **settings):
        said = obliging(messages, **settings)
        forms = settings["response_format"]["json_schema"]["schema"]["properties"]
        if "next_actions" in forms:
            items = forms["next_actions"]["items"]
            said["next_actions"] = [plan(items.get("enum") or [items["const"]])]
        if "wrong_step" in forms:
            path = str(messages[-1]["content"]).rpartition("path ")[2].split()[0]
            said["wrong_step"] = blame(path)
            said["better_action"] = better(path, said["wrong_step"])
        return said

    return script


def oracle(solution):
    def blame(path):
        return next(i for i, (one, right) in enumerate(zip(path, solution, strict=True), 1) if one != right)

    return player(lambda allowed: allowed[0], blame, lambda path, step: solution[step - 1])


@pytest.mark.parametrize("solution", ["cba", "bbbb", "abc", "cccc"])
def test_an_oracle_needs_at_most_one_trial_more_than_there_are_steps(solution):
    found = reflecting(Tree(solution), oracle(solution), trials=len(solution) + 1)
    assert found.solved
    assert found.trials <= len(solution) + 1


@pytest.mark.parametrize("seed", range(8))
def test_a_finite_tree_is_searched_to_its_end_whatever_is_blamed(seed):
    draws, tree = random.Random(seed), Tree("ccc")
    script = player(draws.choice, lambda path: draws.randint(1, 3), lambda path, step: draws.choice("abc"))
    reflecting(tree, script, trials=100)
    taken = [(path, action) for _, path, action in tree.log]
    assert tree.trial <= 27
    for trial in range(2, tree.trial + 1):  # no whole path is acted twice
        paths = {t: "".join(a for n, _, a in tree.log if n == t) for t in range(1, trial + 1)}
        assert len(set(paths.values())) == trial
    assert taken


def test_what_failed_at_a_step_is_never_taken_there_again_and_earlier_steps_are_replayed():
    tree = Tree("bcb")
    blamed = iter([3, 3, 2])
    found = reflecting(tree, player(lambda allowed: allowed[0], lambda path: next(blamed), lambda path, step: "a"), trials=4)
    paths = ["".join(a for n, _, a in tree.log if n == t) for t in range(1, 5)]
    assert paths == ["aaa", "aab", "aac", "aba"]  # the third step is exhausted, so is blamed the second
    assert found.memory[1]["banned"] == ["a"]


def test_slots_after_the_blamed_step_are_empty():
    tree = Tree("zzz")
    found = reflecting(tree, player(lambda allowed: allowed[0], lambda path: 2, lambda path, step: "c"), trials=2)
    assert [slot["action"] for slot in found.memory] == ["a", "c"]
    assert len(found.memory) == 2


def test_exhausted_options_move_the_blame_back_and_at_last_stop():
    tree = Tree("z", width=2)
    found = reflecting(tree, player(lambda allowed: allowed[0], lambda path: 1, lambda path, step: "a"), trials=9)
    assert (found.trials, found.solved) == (2, False)
    assert found.memory == [{"action": None, "banned": ["a", "b"]}]


def test_one_trial_is_plan_and_execute_without_reflection():
    lm = scripted(next_actions=["right", "right"])
    found = acting(StructuredReflection(Shout, environment=Line(2), trials=1), lm)
    assert (found.solved, lm.calls) == (True, 2)  # one staged plan and the report
    assert not asked(lm, "wrong_step")


def test_a_stage_ends_when_what_is_on_offer_changes():
    class Doors(Line):
        def actions(self):
            return ["left", "right"] if self.at < 2 else ["left", "right", "open"]

    lm = scripted(next_actions=["right"] * 5)
    acting(StructuredReflection(Shout, environment=lambda inputs: Doors(4), trials=1), lm)
    assert [field_of(messages, "observation") for messages in asked(lm, "next_actions")] == ["cell 0", "cell 2"]


@pytest.mark.parametrize(
    ("actions", "ending"), [(["left"], "changed nothing"), (["right", "left"], "back"), (["right"] * 5, "without reaching")]
)
def test_a_failure_is_named_to_the_reflection(actions, ending):
    lm = scripted(next_actions=actions, wrong_step=1, better_action="right")
    found = acting(StructuredReflection(Shout, environment=Line(9, pit=3), trials=2), lm)
    assert ending in found.endings[0]
    assert ending in str(asked(lm, "wrong_step")[0])


def test_a_blame_beyond_the_last_step_is_the_last_steps():
    tree = Tree("zz")
    found = reflecting(tree, player(lambda allowed: allowed[0], lambda path: 99, lambda path, step: "c"), trials=2)
    assert found.memory[1] == {"action": "c", "banned": ["a"]}


def test_settings_and_cost():
    with pytest.raises(SettingError, match="trials"):
        StructuredReflection(Shout, environment="rooms", trials=0)
    cost = StructuredReflection(Shout, environment="rooms", trials=3, most_steps=8).cost()
    assert (cost.at_least, cost.at_most) == (1, 1 + 24 + 2)


def test_the_fields_of_a_plan_are_only_what_is_allowed():
    seen = []

    def script(messages, **settings):
        if "next_actions" in answer_fields(messages):
            seen.append(settings["response_format"]["json_schema"]["schema"]["properties"]["next_actions"]["items"]["enum"])
        return player(lambda allowed: allowed[0], lambda path: 1, lambda path, step: "a")(messages, **settings)

    reflecting(Tree("z"), script, trials=2)
    assert seen == [["a", "b", "c"], ["b", "c"]]
