"""Nearest demonstrations: the contract; which examples are shown, in which order, and never the input itself."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import ArtifactError, SettingError
from selftaught.programs import Predict, Vote
from selftaught.programs.demonstrate.nearest import NearestDemonstrations
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_ANSWER, Shout, obliging

FRUIT = [
    ("red apple", "RED APPLE"),
    ("green apple", "GREEN APPLE"),
    ("brass trumpet", "BRASS TRUMPET"),
    ("silver trumpet", "SILVER TRUMPET"),
]
LABELLED = [dspy.Example(word=word, shouted=shouted).with_inputs("word") for word, shouted in FRUIT]
SURVEYED = [{"text": f"The town number {i}.", "tags": [f"tag{i}"], **SURVEY_ANSWER} for i in range(4)]


class TestNearestDemonstrations(ProgramContract):
    method = "nearest-demonstrations"

    def make(self, task):
        return NearestDemonstrations(task, LABELLED if task is Shout else SURVEYED, shots=2)


def shown(program, word):
    """Return the inputs of the demonstrations that the model saw, in order."""
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        found = program(word=word)
    return [message["content"] for message in lm.requests[0][1:-1] if message["role"] == "user"], found


def test_the_most_similar_stand_last_and_the_rest_is_not_shown():
    texts, found = shown(NearestDemonstrations(Shout, LABELLED, shots=2), "a red apple pie")
    assert texts == ["green apple", "red apple"]
    assert found.shown == [1, 0]
    assert shown(NearestDemonstrations(Shout, LABELLED, shots=2, order="first"), "a red apple pie")[0] == texts[::-1]


def test_the_very_input_is_never_its_own_demonstration():
    for word, _ in FRUIT:
        texts, _ = shown(NearestDemonstrations(Shout, LABELLED, shots=4), word)
        assert len(texts) == 3
        assert word not in texts


def test_without_shots_it_is_plain_answering():
    lm, plain = FakeLM(obliging), FakeLM(obliging)
    with dspy.context(lm=lm):
        NearestDemonstrations(Shout, LABELLED, shots=0)(word="tree")
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.requests == plain.requests


def test_equally_similar_examples_are_taken_in_the_order_given():
    same = [{"word": "apple one", "shouted": f"{number}"} for number in range(5)]
    assert shown(NearestDemonstrations(Shout, same, shots=3, order="first"), "pear")[1].shown == [0, 1, 2]


def test_demonstrations_of_its_own_come_first():
    program = NearestDemonstrations(Shout, LABELLED, shots=1)
    program.generate.demos = [dspy.Example(word="always", shouted="ALWAYS")]
    assert shown(program, "red apples")[0] == ["always", "red apple"]


def test_an_encoder_of_ones_own_decides_what_is_near():
    by_length = NearestDemonstrations(
        Shout, LABELLED, shots=1, encoder=lambda texts: [[1.0, float("trumpet" in text)] for text in texts]
    )
    assert shown(by_length, "the trumpet of my aunt")[0] == ["brass trumpet"]


def test_it_stands_in_for_the_step_of_another_program():
    with dspy.context(lm=FakeLM(obliging)):
        found = Vote(Shout, samples=2, generate=NearestDemonstrations(Shout, LABELLED))(word="tree")
    assert found.shouted == "TREE"


def test_a_reasoning_step_shows_the_reasoning_of_the_examples():
    step = Predict("word -> reasoning, shouted")
    lm = FakeLM(lambda messages, **settings: {"reasoning": "so", "shouted": "X"})
    with dspy.context(lm=lm):
        NearestDemonstrations("word -> shouted", [{"word": "a", "reasoning": "why", "shouted": "A"}], generate=step)(word="b")
    assert lm.requests[0][2]["content"] == '{"reasoning": "why", "shouted": "A"}'


def test_an_encoder_cannot_be_saved_and_the_examples_can(tmp_path):
    save(NearestDemonstrations(Shout, LABELLED), tmp_path / "near.st")
    assert load(tmp_path / "near.st").neighbours.examples == [dict(one) for one in LABELLED]
    with pytest.raises(ArtifactError, match="function"):
        save(NearestDemonstrations(Shout, LABELLED, encoder=lambda texts: [[1.0]] * len(texts)), tmp_path / "own.st")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"examples": []}, "empty"),
        ({"examples": [{"word": "a"}]}, r"examples\[0\] lacks an answer"),
        ({"examples": [{"shouted": "A"}]}, "lacks the input 'word'"),
        ({"examples": ["tree"]}, r"examples\[0\]"),
        ({"shots": -1}, "shots"),
        ({"order": "middle"}, "order"),
        ({"generate": dspy.ChainOfThought(Shout)}, "generate"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said):
    with pytest.raises(SettingError, match=said):
        NearestDemonstrations(Shout, **{"examples": LABELLED, **arguments})
