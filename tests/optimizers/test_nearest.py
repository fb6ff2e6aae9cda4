"""Nearest demonstrations as a search: the contract, what races, and that it wins where likeness tells the answer."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.strategies.nearest import KNNDemonstrations
from selftaught.programs import Predict, Vote
from selftaught.programs.demonstrate.nearest import NearestDemonstrations
from selftaught.testing import FakeLM, OptimizerContract
from selftaught.testing.samples import Speak, exact, learner, words


class TestKNNDemonstrations(OptimizerContract):
    method = "knn-demonstrations"

    def make(self):
        return KNNDemonstrations(shots=(4, 8), orders=("last",), sets=1)


TONGUES = {"oak": "EICHE", "elm": "ULME", "fir": "TANNE", "yew": "EIBE"}
DATA = [
    dspy.Example(word=f"the {name} tree number {number}", shouted=said).with_inputs("word")
    for number in range(16)
    for name, said in TONGUES.items()
]


def copies_the_last(messages, **settings):
    """A model that repeats the last demonstration whose tree is the one asked for, if it is among the last two."""
    shown = list(zip(messages[1:-1:2], messages[2:-1:2], strict=True))[-2:]
    for question, answer in reversed(shown):
        if question["content"].split()[1] == messages[-1]["content"].split()[1]:
            return answer["content"]
    return {"shouted": "?"}


def tune(optimizer, program, script, tmp_path, data=DATA, calls=1500):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return optimizer.compile(
            program,
            trainset=data[:24],
            valset=data[24:],
            metric=exact,
            budget=Budget(calls=calls),
            run_dir=tmp_path / "run",
            progress=False,
        )


def test_it_wins_where_likeness_tells_the_answer_and_is_a_program_that_can_be_saved(tmp_path):
    tuned = tune(KNNDemonstrations(), Predict(Speak), copies_the_last, tmp_path)
    assert tuned.tuning.confirmed
    assert isinstance(tuned, NearestDemonstrations)
    assert tuned.order == "last"
    save(tuned, tmp_path / "tuned.st")
    with dspy.context(lm=FakeLM(copies_the_last)):
        assert load(tmp_path / "tuned.st")(word="the elm tree number 99").shouted == "ULME"


def test_every_number_and_order_races_against_random_sets(tmp_path):
    tuned = tune(KNNDemonstrations(shots=(1, 3), sets=2), Predict(Speak), learner, tmp_path, words(60))
    origins = {one.candidate.origin for one in tuned.tuning.standings}
    assert origins == {
        "baseline", "random set 1", "random set 2", "the 3 nearest examples, the nearest last", "the 1 nearest examples, the nearest last",
        "the 3 nearest examples, the nearest first", "the 1 nearest examples, the nearest first",
    }  # fmt: skip


def test_a_program_with_a_method_keeps_it(tmp_path):
    tuned = tune(KNNDemonstrations(shots=(2,), orders=("last",)), Vote(Speak, samples=2), copies_the_last, tmp_path, calls=4000)
    assert tuned.tuning.confirmed
    assert isinstance(tuned, Vote)
    assert isinstance(tuned.generate, NearestDemonstrations)


def test_demonstrations_come_from_the_labelled_examples_only(tmp_path):
    tuned = tune(KNNDemonstrations(), Predict(Speak), copies_the_last, tmp_path)
    known = {example.word for example in DATA[:24]}
    assert {example["word"] for example in tuned.neighbours.examples} <= known


def test_without_labels_there_is_nothing_to_try(tmp_path):
    data = [*(dspy.Example(word=f"w{i}").with_inputs("word") for i in range(24)), *words(30)]
    tuned = tune(KNNDemonstrations(), Predict(Speak), learner, tmp_path, data)
    assert tuned.tuning.ended == "the strategy has nothing left to try"


@pytest.mark.parametrize(
    "knobs", [{"shots": ()}, {"shots": (0,)}, {"orders": ("middle",)}, {"orders": ()}, {"block": 0}, {"sets": -1}]
)
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        KNNDemonstrations(**knobs)


def test_the_encoder_is_part_of_the_settings():
    def mine(texts):
        return [[1.0]] * len(texts)

    assert KNNDemonstrations(encoder=mine).search_settings() != KNNDemonstrations().search_settings()
