"""The mixture of prompts: the contract; one expert and one call for each input, always the same one."""

import copy

import dspy
import numpy as np
import pytest

from selftaught.artifact import load, save
from selftaught.embedding import embed
from selftaught.errors import SettingError
from selftaught.programs import Predict
from selftaught.programs.route.mixture import MixtureOfPrompts
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_INPUT, Shout, obliging

CENTRES = embed(["red apple", "brass trumpet"])


class TestMixtureOfPrompts(ProgramContract):
    method = "mixture-of-prompts"

    def make(self, task):
        return MixtureOfPrompts(task, CENTRES)


class TestMixtureWithAGeneralExpert(ProgramContract):
    def make(self, task):
        return MixtureOfPrompts(task, CENTRES.tolist(), reach=0.5)


def mixture(**settings):
    """A mixture whose experts tell which of them answers."""
    program = MixtureOfPrompts(Shout, CENTRES, **settings)
    for number, expert in enumerate(program.experts):
        expert.signature = expert.signature.with_instructions(f"You are expert {number}.")
    return program


def told(messages, **settings):
    return {"shouted": messages[0]["content"].partition("\n")[0]}


@pytest.mark.parametrize(("word", "expert"), [("a red apple", 0), ("apples", 0), ("my trumpet", 1)])
def test_each_input_is_answered_by_the_expert_of_its_region_in_one_call(word, expert):
    lm = FakeLM(told)
    with dspy.context(lm=lm):
        found = mixture()(word=word)
    assert (found.shouted, found.expert, lm.calls) == (f"You are expert {expert}.", expert, 1)


def test_what_lies_beyond_reach_goes_to_the_general_expert():
    with dspy.context(lm=FakeLM(told)):
        assert [mixture(reach=0.9)(word=word).expert for word in ("red apple", "zebra")] == [0, 2]
        assert mixture()(word="zebra").expert in (0, 1)


def test_routing_is_deterministic_and_survives_copies_and_files(tmp_path):
    program = mixture(reach=1.2)
    save(program, tmp_path / "mixture.st")
    words = ["apple", "trumpet", "zebra", "brass apple", ""]
    routes = [program.route({"word": word}) for word in words]
    for other in (program, copy.deepcopy(program), load(tmp_path / "mixture.st")):
        assert [other.route({"word": word}) for word in words] == routes


def test_equally_near_centroids_give_the_first():
    assert MixtureOfPrompts(Shout, np.vstack([CENTRES[0], CENTRES[0]])).route({"word": "pear"})[0] == 0


def test_one_centroid_is_the_plain_program():
    lm, plain = FakeLM(obliging), FakeLM(obliging)
    with dspy.context(lm=lm):
        MixtureOfPrompts(Shout, CENTRES[:1])(word="tree")
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.requests == plain.requests


def test_experts_are_copies_of_the_given_predictor():
    step = Predict(Shout.with_instructions("Be loud."))
    program = MixtureOfPrompts(Shout, CENTRES, generate=step)
    assert [one.signature.instructions for one in program.experts] == ["Be loud."] * 2
    assert len({id(one) for one in [step, *program.experts]}) == 3
    assert [name for name, _ in program.named_predictors()] == ["experts[0]", "experts[1]"]


def test_several_inputs_are_routed_by_all_of_them():
    program = MixtureOfPrompts("text, tags: list[str] -> mood", embed(['text: Ulm is nice.\ntags: ["town", "south"]', "else"]))
    assert program.route(SURVEY_INPUT) == (0, pytest.approx(0.0, abs=1e-6))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"centroids": []}, "centroids"),
        ({"centroids": [[1.0, 2.0], [1.0]]}, "centroids"),
        ({"centroids": [[1.0, 2.0]]}, "1024"),
        ({"centroids": CENTRES * np.nan}, "centroids"),
        ({"reach": 0.0}, "reach"),
        ({"generate": dspy.ChainOfThought(Shout)}, "generate"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said):
    with pytest.raises(SettingError, match=said):
        MixtureOfPrompts(Shout, **{"centroids": CENTRES, **arguments})


def test_an_encoder_of_another_width_is_refused_by_name():
    program = MixtureOfPrompts(Shout, [[1.0, 0.0]], encoder=lambda texts: [[1.0]] * len(texts))
    with pytest.raises(SettingError, match="2 numbers each, the encoder gives 1"):
        program.route({"word": "tree"})
