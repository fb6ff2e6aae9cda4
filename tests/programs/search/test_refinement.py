"""Tree-search refinement: the contract, votes, levels, when it stops and what it returns."""

import re

import dspy
import pytest

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.ledger import Ledger
from selftaught.programs.judge.base import Judge
from selftaught.programs.search.refinement import RefinementTree
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestRefinementTree(ProgramContract):
    method = "spar"

    def make(self, task):
        return RefinementTree(task)


class Garden:
    """Drafts `a`; refines a draft into what `tree` says, by draw; `yes[draft]` of three votes accept it."""

    def __init__(self, tree, yes):
        self.tree, self.yes, self.judged, self.refined, self.problems = tree, yes, [], [], []

    def __call__(self, messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        draft = (re.findall(r"^draft: (\w+)", text, re.MULTILINE) or [""])[0]
        number = int((re.findall(r"draw(\d+)", str(settings.get("rollout_id"))) or [0])[-1])
        if "acceptable" in asked:
            self.judged.append(draft)
            fine = number < self.yes.get(draft, 0)
            return {"problems": [] if fine else [f"{draft} is wrong {number}"], "acceptable": fine}
        if not draft:
            return {"shouted": "a"}
        self.refined.append(draft)
        self.problems.append(re.findall(r"problems: (.*)", text)[0])
        said = self.tree[draft][number % len(self.tree[draft])]
        return "garbage" if said == "!" else {"shouted": said}


def refine(garden, **settings):
    lm = FakeLM(garden)
    with dspy.context(lm=lm):
        found = RefinementTree(Shout, **{"branch": 2, **settings})(word="tree")
    found.calls = lm.calls
    return found


def test_a_draft_that_the_majority_accepts_is_never_searched():
    found = refine(Garden({}, {"a": 2}))
    assert (found.shouted, found.accepted, found.depth, found.calls) == ("a", True, 0, 4)


def test_it_stops_at_the_first_level_that_holds_an_accepted_answer():
    garden = Garden({"a": "bc"}, {"c": 3})
    found = refine(garden)
    assert (found.shouted, found.value, found.depth) == ("c", 1.0, 1)
    assert garden.refined == ["a", "a"]


def test_only_the_best_few_of_a_level_are_refined_further():
    garden = Garden({"a": "bcd", "b": "!e", "c": "ef", "d": "gh"}, {"b": 0, "c": 1, "d": 1})
    refine(garden, branch=3, width=2, depth=2)
    assert set(garden.refined) == {"a", "c", "d"}


def test_identical_refinements_are_judged_once_wherever_they_come_from():
    garden = Garden({"a": "bc", "b": "xa", "c": "xb"}, {"b": 1, "c": 1})
    refine(garden, depth=2)
    assert sorted(set(garden.judged)) == ["a", "b", "c", "x"]
    assert len(garden.judged) == 4 * 3


def test_where_nothing_is_accepted_the_best_in_the_tree_is_returned_the_earliest_of_equals():
    found = refine(Garden({"a": "bc", "b": "de", "c": "fg"}, {"b": 1, "d": 1}), depth=2)
    assert (found.shouted, found.accepted, found.depth) == ("b", False, 1)
    assert found.value == max(row["value"] for row in found.tree)
    assert refine(Garden({"a": "bc"}, {"a": 1}), depth=1).shouted == "a", "a refinement that is worse is not returned"


def test_the_refiner_is_given_the_critique_that_the_majority_agrees_with():
    garden = Garden({"a": "bc"}, {"a": 1, "b": 3})
    refine(garden, depth=1)
    assert garden.problems[0] == '["a is wrong 1"]', "vote 0 accepted it; vote 1 is the first of the majority"


def test_one_branch_and_one_level_is_one_step_of_self_refinement():
    garden = Garden({"a": "b"}, {"b": 2})
    found = refine(garden, branch=1, depth=1, votes=1)
    assert (garden.judged, garden.refined, found.shouted, found.calls) == (["a", "b"], ["a"], "b", 4)


def test_depth_0_is_a_draft_and_its_value():
    found = refine(Garden({}, {"a": 1}), depth=0)
    assert (found.shouted, found.value, found.calls) == ("a", pytest.approx(1 / 3), 4)


def test_a_tie_is_not_enough():
    assert not refine(Garden({"a": "bb"}, {"a": 1}), votes=2, depth=1).accepted


def test_garbled_refinements_are_missing_and_a_model_that_only_repeats_ends_the_search():
    assert refine(Garden({"a": "!b"}, {"b": 3})).shouted == "b"
    assert refine(Garden({"a": "aa"}, {}), depth=3).shouted == "a"
    with pytest.raises(CallError):
        refine(Garden({"a": "!!"}, {}))


def test_a_judge_can_take_the_place_of_the_votes():
    class Short(Judge):
        async def verdict(self, inputs, outputs):
            return Verdict(score=float(outputs["shouted"] == "c"), passed=outputs["shouted"] == "c", reasons="not c")

    garden = Garden({"a": "bc"}, {})
    assert refine(garden, critic=Short(Shout)).shouted == "c"
    assert garden.judged == []
    assert garden.problems[0] == '["not c"]'


def test_a_critic_that_is_never_content_costs_what_it_says():
    ledger, program = Ledger(), RefinementTree(Shout, branch=2, width=2, depth=2, votes=1)
    with dspy.context(lm=FakeLM(Garden({"a": "bc", "b": "de", "c": "fg"}, {}))), scope.scoped(ledgers=(ledger,)):
        program(word="tree")
    assert ledger.usage.calls == program.cost().at_most


def test_structured_outputs_survive():
    with dspy.context(lm=FakeLM(obliging)):
        assert RefinementTree(Survey)(**SURVEY_INPUT).place.town == "Ulm"


@pytest.mark.parametrize("setting", [{"branch": 0}, {"width": 0}, {"depth": -1}, {"votes": 0}])
def test_bad_settings_are_refused(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        RefinementTree(Shout, **setting)
