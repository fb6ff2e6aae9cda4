"""Trust: what is said of a judge follows from labels, with intervals and chance."""

import random

import dspy
import pytest

from selftaught.errors import DataError, SettingError, UntrustedJudge
from selftaught.programs.judge import label_by_construction
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing.samples import Shout, words


class Oracle(Judge):
    """Right with a given probability."""

    def __init__(self, task, right=1.0):
        super().__init__(task)
        self.right = right

    async def verdict(self, inputs, outputs):
        good = outputs["shouted"] == inputs["word"].upper()
        sure = random.Random(str(inputs) + str(outputs)).random() < self.right
        return Verdict(score=float(good == sure), passed=good == sure)


class Silent(Judge):
    async def verdict(self, inputs, outputs):
        return Verdict(score=None)


def labelled(count=20):
    return label_by_construction(Shout, words(count))


def test_an_oracle_is_informative_and_passes_the_gate():
    trust = Oracle(Shout).trust(labelled())
    assert (trust.accuracy, trust.auroc, trust.n, trust.failed) == (1.0, 1.0, 40, 0)
    assert trust.gate() is trust


def test_a_coin_has_no_information_and_is_refused():
    judge = Oracle(Shout, right=0.5)
    trust = judge.trust(labelled())
    assert not trust.informative
    assert "no information" in str(trust)
    with pytest.raises(UntrustedJudge, match="cannot serve as a metric"):
        trust.gate()


def test_a_liar_is_not_informative():
    assert not Oracle(Shout, right=0.0).trust(labelled()).informative


def test_one_class_of_labels_is_undetermined():
    good = [example for example in labelled() if example.good]
    trust = Oracle(Shout).trust(good)
    assert trust.auroc is None
    assert "undetermined" in str(trust)
    assert not trust.informative


def test_undetermined_verdicts_are_missing_not_wrong():
    trust = Silent(Shout).trust(labelled())
    assert (trust.n, trust.accuracy) == (0, None)


def test_the_accuracy_of_a_constant_equals_chance():
    rows = [dspy.Example(word="a", shouted="B", good=i < 15) for i in range(20)]
    trust = Oracle(Shout).trust(rows)
    assert trust.chance == 0.75
    assert trust.accuracy == 0.25


def test_data_without_labels_is_refused():
    with pytest.raises(DataError):
        Oracle(Shout).trust([])
    with pytest.raises(SettingError, match="good"):
        Oracle(Shout).trust(words(3))


def test_labels_by_construction_hold_each_answer_once_right_and_once_wrong():
    rows = labelled(5)
    assert [row.good for row in rows] == [True, False] * 5
    assert all((row.shouted == row.word.upper()) == row.good for row in rows)


def test_equal_answers_make_no_wrong_one():
    same = [dspy.Example(word=f"w{i}", shouted="SAME").with_inputs("word") for i in range(4)]
    with pytest.raises(DataError, match="same answer"):
        label_by_construction(Shout, same)
