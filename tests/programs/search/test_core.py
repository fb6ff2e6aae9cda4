"""The search over steps: the contract of what is registered on it, and drawing, merging, valuing, finishing, answering."""

import re
from typing import ClassVar

import dspy
import pytest

from selftaught import scope
from selftaught.artifact import load, save
from selftaught.errors import CallError, SettingError, TaskError
from selftaught.ledger import Ledger
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import NEXT, PREFIX, StepPairs, next_step_of
from selftaught.programs.search.core import StepSearch
from selftaught.registry import registrations
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


def registered(slug):
    return registrations()[slug].arguments


class TestSelfEvaluationGuidedDecoding(ProgramContract):
    method = "selfeval-guided-decoding"

    def make(self, task):
        return StepSearch(task, **registered(self.method))


class TestRestMcts(ProgramContract):
    method = "rest-mcts"

    def make(self, task):
        return StepSearch(task, **registered(self.method))


class TestProcessSelfRewardingSearch(ProgramContract):
    method = "process-self-rewarding-search"

    def make(self, task):
        return StepSearch(task, **registered(self.method))


class TestTreeOfThoughts(ProgramContract):
    method = "tree-of-thoughts"

    def make(self, task):
        return StepSearch(task, **registered(self.method))


class TestBestFirstVotes(ProgramContract):
    def make(self, task):
        return StepSearch(task, policy="best-first", value="votes")


def fields_of(messages):
    return dict(re.findall(r"^(\w+): (.*)$", str(messages[-1]["content"]), re.MULTILINE))


class World:
    """A model in a tree of steps: `steps[path]` are the candidates by draw, `good` the values of `check`, `last` what ends a chain."""

    def __init__(self, steps, good=(), last=(), answers=None, odds=False):
        self.steps, self.good, self.last, self.odds = steps, good, set(last), odds
        self.answers, self.checked, self.proposed, self.concluded = answers or {}, [], [], []

    def __call__(self, messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        if asked == ["to_find", NEXT, "more_to_find"]:
            return self.propose(text, settings)
        if asked == ["correct"]:
            return self.check(text)
        if asked == ["shouted"]:
            path = self.path(text)
            self.concluded.append(path)
            return {"shouted": self.answers.get(path, path or "nothing")}
        return obliging(messages, **settings)

    @staticmethod
    def path(text):
        steps = re.search(r"steps_before: (.*?)(?:\n\w+: |\Z)", text, re.DOTALL)
        return "".join(re.findall(r"step (\w)", steps.group(1))) if steps else ""

    def propose(self, text, settings):
        path, number = self.path(text), int((re.findall(r"step(\d+)", str(settings.get("rollout_id"))) or [0])[-1])
        self.proposed.append((path, number))
        options = self.steps.get(path, "xyz")
        said = options[number % len(options)]
        return "garbage" if said == "!" else {"to_find": "it", NEXT: f"step {said}", "more_to_find": path + said not in self.last}

    def check(self, text):
        path = self.path(text) + re.findall(r"^step: step (\w)", text, re.MULTILINE)[0]
        self.checked.append(path)
        good = dict(self.good).get(path, 0.5)
        return {"correct": good > 0.5}, {"correct": {"true": good, "false": 1 - good} if 0 < good < 1 else {"true": 1.0}}


def search(world, **settings):
    with dspy.context(lm=FakeLM(world)):
        return StepSearch(Shout, **{"least": 1, **settings})(word="tree")


GARDEN: dict = {"": "ab", "a": "cd", "b": "ef"}
VALUES: dict = {"a": 0.9, "b": 0.6, "ac": 0.1, "ad": 0.2, "be": 0.8, "bf": 0.3}
ENDS = ("ac", "ad", "be", "bf")


def test_a_beam_finds_the_chain_that_a_greedy_search_misses():
    wide = search(World(GARDEN, VALUES, ENDS), branch=2, policy="beam", width=2)
    assert (wide.path, wide.shouted, wide.value) == (["step b", "step e"], "be", pytest.approx(0.8))
    assert search(World(GARDEN, VALUES, ENDS), branch=2, policy="greedy").shouted == "ad"


def test_a_duplicate_step_is_valued_once():
    world = World({"": "aaab", "a": "c"}, {"a": 0.9}, ("a", "b"))
    search(world, branch=4)
    assert sorted(world.checked) == ["a", "b"]


def test_the_first_sample_is_the_models_own_and_the_chain_so_far_is_shown():
    world = World(GARDEN, VALUES, ENDS)
    search(world, branch=2, policy="beam", width=2)
    assert world.proposed[:2] == [("", 0), ("", 1)]
    assert {path for path, _ in world.proposed} == {"", "a", "b"}


def test_trust_1_goes_by_the_value_alone_and_trust_0_by_the_share_alone():
    world = World({"": "aaab"}, {"a": 0.1, "b": 0.9}, ("a", "b"))
    assert search(world, branch=4, trust=1.0).shouted == "b"
    found = search(world, branch=4, trust=0.0)
    assert (found.shouted, found.value) == ("a", pytest.approx(0.75))


def test_the_likelihood_of_a_step_counts_where_the_model_gives_it():
    class Likely(World):
        def propose(self, text, settings):
            said = super().propose(text, settings)
            token = '"' + said[NEXT] + '"'
            return said, {"more_to_find": {"false": 0.2 if "a" in token else 0.9}}

    world = Likely({"": "aaab"}, last=("a", "b"))
    assert search(world, branch=4, trust=0.0).shouted == "b"


def test_a_chain_ends_after_so_many_steps_and_is_answered_anyway():
    found = search(World({"": "a", "a": "b", "ab": "c"}), branch=1, steps=3, policy="greedy")
    assert (found.path, found.growths, found.shouted) == (["step a", "step b", "step c"], 3, "abc")


def test_a_model_that_calls_everything_finished_is_not_believed_before_so_many_steps():
    world = {"": "a", "a": "b", "ab": "c"}
    for least, path in ((1, "a"), (2, "ab"), (3, "abc"), (9, "abc")):
        assert search(World(world, last=("a", "ab", "abc")), branch=1, steps=3, least=least).shouted == path


def test_a_step_that_only_repeats_the_input_is_none():
    lm = FakeLM(
        lambda messages, **settings: (
            {"to_find": "it", NEXT: "Tree.", "more_to_find": True} if NEXT in answer_fields(messages) else {"shouted": "T"}
        )
    )
    with dspy.context(lm=lm):
        program = StepSearch(Shout)
        found = program(word="tree")
    assert (found.path, found.shouted, lm.calls) == ([], "T", program.cost().at_least)


def test_a_chain_that_only_repeats_itself_is_finished():
    world = World({"": "a", "a": "a"})
    found = search(world, branch=2, steps=6)
    assert (found.path, found.growths) == (["step a"], 2)


def test_growths_are_a_hard_limit_and_what_was_found_is_answered():
    for policy in ("beam", "ucb", "best-first", "look-ahead"):
        found = search(World(GARDEN, VALUES), branch=2, growths=2, policy=policy)
        assert found.growths == 2
        assert found.shouted


def test_a_garbled_sample_or_branch_is_missing_data():
    assert search(World({"": "!ab"}, {"a": 0.2, "b": 0.9}, ("a", "b")), branch=3).shouted == "b"
    assert search(World({"": "ab", "a": "!", "b": "c"}, {"a": 0.9}, ("bc",)), branch=2, width=2).shouted == "bc"
    with pytest.raises(CallError):
        search(World({"": "!!"}), branch=2)


def test_an_undetermined_value_never_beats_a_known_one_and_none_known_is_no_error():
    class Half(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=0.1 if outputs[NEXT] == "step b" and not self.blind else None)

    judge = Half(next_step_of(Shout))
    judge.blind = False
    assert search(World({"": "ab"}, last="ab"), branch=2, value=judge).shouted == "b"
    judge.blind = True
    found = search(World({"": "ab"}, last="ab"), branch=2, value=judge)
    assert (found.shouted, found.value) == ("a", 0.5)


def test_the_values_of_equal_answers_add_up():
    answers = {"a": "one", "b": "two", "c": "TWO."}
    world = World({"": "abc"}, {"a": 0.9, "b": 0.6, "c": 0.5}, "abc", answers)
    assert search(world, branch=3, answers=1).shouted == "one"
    found = search(world, branch=3, answers=3)
    assert found.shouted == "two"
    assert found.votes == {"one": pytest.approx(0.9), "two": pytest.approx(1.1)}


def test_a_final_judge_values_finished_chains_by_their_answers_and_no_answer_is_written_twice():
    class Prefers(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=float(outputs["shouted"] == "b"))

    world = World({"": "ab"}, {"a": 0.9, "b": 0.1}, "ab")
    found = search(world, branch=2, final=Prefers(Shout))
    assert (found.shouted, found.value) == ("b", 1.0)
    assert sorted(world.concluded) == ["a", "b"]


def test_pairs_commit_to_the_step_that_wins_most_and_go_on_from_it():
    class Alphabet(StepPairs):
        asked: ClassVar[list] = []

        async def prefer(self, inputs, first, second):
            self.asked.append((tuple(inputs[PREFIX]), first[NEXT], second[NEXT]))
            return await Judge.prefer(self, inputs, first, second)

        async def acall(self, **fields):
            return dspy.Prediction(score=ord(fields[NEXT][-1]) / 200)

    judge = Alphabet(Shout)
    found = search(World({"": "abc", "c": "de"}, last=("cd", "ce")), branch=3, policy="greedy", value=judge)
    assert (found.path, found.value) == (["step c", "step e"], 1.0)
    assert len([pair for pair in judge.asked if pair[0] == ()]) == 3
    assert {pair[0] for pair in judge.asked} == {(), ("step c",)}, "siblings share their prefix"


def test_votes_count_only_for_candidates_that_are_there():
    def script(messages, **settings):
        if answer_fields(messages) != ["best"]:
            return World({"": "abc"}, last="abc")(messages, **settings)
        number = int((re.findall(r"draw(\d+)", str(settings.get("rollout_id"))) or [0])[-1])
        return {"best": [2, 9, 2, 3][number]}

    found = search(script, branch=3, value="votes", samples=4)
    assert (found.shouted, found.value) == ("b", pytest.approx(2 / 3))


def test_without_probabilities_a_check_is_the_share_of_yes():
    def script(messages, **settings):
        if answer_fields(messages) != ["correct"]:
            return World({"": "a"}, last="a")(messages, **settings)
        number = int((re.findall(r"draw(\d+)", str(settings.get("rollout_id"))) or [-1])[-1]) + 1
        return {"correct": [True, False, True, True][number]}

    assert search(script, branch=1, samples=4).value == pytest.approx(0.75)


@pytest.mark.parametrize("policy", ["greedy", "beam", "stochastic-beam", "best-first", "look-ahead", "ucb"])
def test_a_worst_case_costs_no_more_than_it_says_and_a_best_case_no_less(policy):
    ledger, program = Ledger(), StepSearch(Shout, policy=policy, branch=2, steps=3, samples=2)
    endless = World({"": "ab", "a": "cd", "b": "ef", "ac": "gh", "ad": "ij", "be": "kl", "bf": "mn"})
    with dspy.context(lm=FakeLM(endless)), scope.scoped(ledgers=(ledger,)):
        program(word="tree")
    assert program.cost().at_least < ledger.usage.calls + ledger.usage.cached <= program.cost().at_most


def test_the_tree_is_told_and_holds_the_path():
    found = search(World(GARDEN, VALUES, ENDS), branch=2, width=2)
    row = next(row for row in found.tree if row["text"] == "step e")
    path = []
    while row["parent"] is not None:
        path.insert(0, row["text"])
        row = found.tree[row["parent"]]
    assert path == found.path


def test_a_resampled_search_draws_another_beam_and_the_same_search_the_same():
    def beams(name):
        world = World({"": "abcdef"}, dict.fromkeys("abcdef", 0.5))
        with scope.resampled(name, 0.7):
            search(world, branch=6, policy="stochastic-beam", heat=1.0, width=2, steps=2)
        return sorted({path for path, _ in world.proposed if path})

    assert beams("one") == beams("one")
    assert len({tuple(beams(name)) for name in "abcdefgh"}) > 1


def test_a_task_with_structured_outputs_is_answered_from_its_chain():
    with dspy.context(lm=FakeLM(obliging)):
        found = StepSearch(Survey, policy="ucb")(**SURVEY_INPUT)
    assert (found.place.town, found.sure) == ("Ulm", True)


def test_a_search_with_knobs_and_a_judge_is_saved(tmp_path):
    program = StepSearch(Shout, policy="ucb", exploration=0.3, value=StepPairs(Shout))
    save(program, tmp_path / "search.st")
    loaded = load(tmp_path / "search.st")
    assert (loaded.policy, loaded.knobs, type(loaded.value)) == ("ucb", {"exploration": 0.3}, StepPairs)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"policy": "uct"}, "ucb"),
        ({"widht": 2}, "width"),
        ({"value": "chek"}, "check"),
        ({"value": "votes", "branch": 10}, "branch"),
        ({"trust": 2.0}, "trust"),
        ({"branch": 0}, "branch"),
        ({"steps": 0}, "steps"),
        ({"value": StepPairs("question -> answer").task and Judge("question -> answer")}, "next_step_of"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, said):
    with pytest.raises(SettingError, match=said):
        StepSearch(Shout, **settings)


def test_a_field_of_the_task_that_the_steps_need_is_refused():
    with pytest.raises(TaskError, match="steps_before"):
        StepSearch("steps_before -> answer")
    with pytest.raises(TaskError, match="steps_before"):
        StepSearch("question -> steps_before")
