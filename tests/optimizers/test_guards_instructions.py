"""Guards of instructions: the training answers stay out, and length has an end."""

from typing import Literal

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.optimizers.candidate import Candidate, Tuning
from selftaught.optimizers.guards import AntiCopy, TokenCap
from selftaught.optimizers.guards.instructions import Known, answers_of, is_closed, tokens
from selftaught.signatures import as_task

ANIMALS = ["otter", "heron", "badger", "lynx", "marten", "kestrel", "newt", "adder"]


def known(answers, task="text -> label", own=""):
    signature = as_task(task)
    name = next(iter(signature.output_fields))
    examples = tuple(dspy.Example(text=f"text {i}", **{name: one}).with_inputs("text") for i, one in enumerate(answers))
    return Known(signature, examples, {"self": own})


def saying(text):
    return Candidate({"self": Tuning(text)})


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Name the animal.", False),
        ("If it swims say otter, if it wades say HERON.", True),
        ("One of them is an otter.", False),  # one short answer may be chance
        ("Mind the otters and herons.", False),  # other words
        ("Badger: stripes. Newt: wet. Adder: no legs.", True),
    ],
)
def test_several_short_answers_in_an_instruction_are_a_copy(text, refused):
    assert (AntiCopy().examine(saying(text), known(ANIMALS)) is not None) == refused


def test_one_long_answer_is_enough_and_the_finding_names_it():
    answers = ["The mill stands by the river.", "A barn burns.", *ANIMALS]
    found = AntiCopy().examine(saying("Say: the mill stands by the river."), known(answers))
    assert found.severity == "stop"
    assert "the mill stands by the river" in found.message


@pytest.mark.parametrize("task", ["text -> label", "text -> label: Literal['positive', 'negative']"])
def test_the_labels_of_a_closed_set_are_allowed(task):
    labels = known(["positive", "negative"] * 6, task)
    assert AntiCopy().examine(saying("Say positive or negative."), labels) is None


def test_two_answers_to_three_examples_are_no_closed_set():
    assert AntiCopy().examine(saying("Say positive or negative."), known(["positive", "negative", "neutral"])) is not None


def test_what_the_baseline_says_already_is_no_copy():
    text = "Choose from otter, heron and badger."
    assert AntiCopy().examine(saying(text), known(ANIMALS)) is not None
    assert AntiCopy().examine(saying(text), known(ANIMALS, own=text)) is None


def test_among_many_examples_a_few_common_words_are_chance():
    answers = [f"word{i}" for i in range(200)]
    assert AntiCopy().examine(saying("Use word3 and word5."), known(answers)) is None
    assert AntiCopy().examine(saying(" ".join(answers[:40])), known(answers)) is not None


@given(hyp.lists(hyp.sampled_from(ANIMALS), min_size=6, max_size=8, unique=True))
def test_an_instruction_that_lists_every_answer_is_refused_in_any_order(answers):
    assert AntiCopy().examine(saying(", ".join(answers)), known(answers)) is not None


def test_numbers_choices_and_short_answers_are_not_looked_for():
    assert answers_of(known([1, 2, 3], "text -> label: int")) == []
    assert answers_of(known(["a", "bb"], "text -> label")) == []
    assert is_closed(Literal["a", "b"])
    assert is_closed(bool | None)
    assert not is_closed(str)
    assert not is_closed(list[str])


def test_demonstrations_may_hold_answers():
    demos = Candidate({"self": Tuning(None, ({"text": "x", "label": "otter"},))})
    assert AntiCopy().examine(demos, known(ANIMALS)) is None
    assert TokenCap(1).examine(demos, known(ANIMALS)) is None


@pytest.mark.parametrize(("length", "refused"), [(1600, False), (1601, True)])
def test_the_cap_is_400_tokens_of_four_characters(length, refused):
    assert (TokenCap().examine(saying("x" * length), known(ANIMALS)) is not None) == refused


def test_a_long_baseline_raises_the_cap():
    assert TokenCap(10).examine(saying("x" * 100), known(ANIMALS, own="y" * 100)) is None
    found = TokenCap(10).examine(saying("x" * 101), known(ANIMALS, own="y" * 100))
    assert (found.before, found.after) == (25.0, 26.0)


def test_tokens_and_settings():
    assert [tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
    with pytest.raises(SettingError, match="most"):
        TokenCap(0)
