"""Consensus of several models: exact agreement, then word overlap, or none."""

import itertools

import pytest

from selftaught.errors import SettingError
from selftaught.programs.step import Step
from selftaught.programs.vote import Consensus
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout


class TestConsensus(ProgramContract):
    method = "ensemble-instruct"

    def make(self, task):
        return Consensus(task, generate=[Step(task), Step(task), Step(task)])


class TestConsensusOfOneModel(ProgramContract):
    method = "ensemble-instruct"

    def make(self, task):
        return Consensus(task)


def consensus(*answers, **settings):
    """Ask one model for each answer; None answers garbage."""
    steps = []
    for said in answers:
        steps.append(Step(Shout))
        steps[-1].set_lm(FakeLM(lambda messages, said=said, **asked: "garbage" if said is None else {"shouted": said}))
    return Consensus(Shout, generate=steps, **settings)(word="tree")


FAR, NEAR, NEARER = "a cat sat on the mat", "a cat sat on the red mat", "the cat sat on the red mat"


def test_an_answer_given_twice_outranks_any_overlap():
    assert consensus(FAR, "nothing in common", "Nothing in common!").shouted == "nothing in common"
    assert consensus(FAR, NEAR, FAR + ".").shouted == FAR


def test_where_the_first_agrees_with_another_its_words_are_kept():
    assert consensus("Yes", "no", "yes.").shouted == "Yes"


def test_without_agreement_the_answer_with_the_most_in_common_wins():
    found = consensus(FAR, NEAR, NEARER)
    assert found.shouted == NEAR
    assert 0.0 < found.agreement == found.confidence < 1.0


def test_some_two_answers_without_a_common_word_decline():
    found = consensus(FAR, NEAR, "something else entirely")
    assert (found.declined, found.shouted, found.withheld) == (True, None, {"shouted": FAR})


def test_the_least_overlap_decides():
    assert not consensus(FAR, NEAR, NEARER, least_overlap=0.5).declined
    assert consensus(FAR, NEAR, NEARER, least_overlap=0.99).declined


def test_without_exact_ties_the_order_of_models_does_not_matter():
    assert {consensus(*order).shouted for order in itertools.permutations([FAR, NEAR, NEARER])} == {NEAR}


def test_models_that_say_the_same_are_the_consensus():
    found = consensus("same", "same", "same")
    assert (found.shouted, found.agreement, found.declined) == ("same", 1.0, False)


def test_an_empty_consensus_is_declined():
    assert consensus("", "", "tree").declined


def test_an_answer_without_company_is_declined():
    assert consensus("tree", None, None).declined


def test_ties_go_to_the_first_model():
    assert consensus("one two", "two one", "one two three").shouted == "one two"
    assert consensus("a b", "a c").shouted == "a b"


def test_each_model_is_asked_once():
    assert Consensus(Shout, generate=[Step(Shout)] * 4).cost().at_most == 4
    assert Consensus(Shout).cost().at_most == 3
    with pytest.raises(SettingError, match="samples"):
        Consensus(Shout, samples=1)
