"""A task is a signature class or DSPy's string form; anything else is refused with what was given."""

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught.errors import TaskError
from selftaught.signatures import as_task, example_lines, input_names, output_names, render
from selftaught.testing.samples import Place, Shout, Survey

TYPOS = [
    "question answer", "question - > answer", "question -> answer -> more", "question -> answer: itn", "question ->", "-> answer",
    "->", "", "question -> answer: list[strr]", "question -> answer: list[", "question: -> answer",
    "my question -> answer", "1question -> answer", "question -> answer: 'a'", "question -> question",
    "question, question -> answer",
]  # fmt: skip


@pytest.mark.parametrize("text", TYPOS)
def test_a_typo_in_a_task_string_is_refused_with_the_string(text):
    with pytest.raises(TaskError) as caught:
        as_task(text)
    assert repr(text) in str(caught.value) or "no input" in str(caught.value) or "no output" in str(caught.value)


words = hyp.sampled_from(
    ["question", "answer", "->", ",", ":", "int", "list[", "]", "str", "Literal['a']", "|", "None", "(", "'", " "]
)


@settings(max_examples=300, deadline=None)
@given(hyp.one_of(hyp.text(max_size=30), hyp.lists(words, max_size=9).map(" ".join)))
def test_any_string_is_a_task_with_inputs_and_outputs_or_a_typed_error(text):
    try:
        task = as_task(text)
    except TaskError:
        return
    assert input_names(task)
    assert output_names(task)


@pytest.mark.parametrize("nonsense", [None, 7, dict, dspy.Predict, Shout.input_fields, ["question -> answer"]])
def test_what_is_no_task_is_refused(nonsense):
    with pytest.raises(TaskError, match="task is"):
        as_task(nonsense)


def test_a_class_without_inputs_or_outputs_is_refused():
    class NoOutput(dspy.Signature):
        """x"""

        question: str = dspy.InputField()

    class NoInput(dspy.Signature):
        """x"""

        answer: str = dspy.OutputField()

    with pytest.raises(TaskError, match="NoOutput has no output field"):
        as_task(NoOutput)
    with pytest.raises(TaskError, match="NoInput has no input field"):
        as_task(NoInput)


def test_a_task_stays_itself_and_a_string_has_its_fields_in_order():
    assert as_task(Survey) is Survey
    task = as_task("b: int, a -> d: list[str], c: bool")
    assert (input_names(task), output_names(task)) == (["b", "a"], ["d", "c"])
    assert task.output_fields["d"].annotation == list[str]


@given(hyp.text(), hyp.text())
def test_values_are_shown_as_text_that_holds_them(one, other):
    assert render(["a"], {"a": one}) == one
    assert render(["a", "b"], {"a": one, "b": other, "c": "unseen"}) == f"a: {one}\nb: {other}"


def test_structured_values_are_shown_as_json():
    assert render(["a"], {"a": Place(town="Ulm", people=7)}) == '{"town": "Ulm", "people": 7}'
    assert render(["a", "b"], {"a": ["ü"]}) == 'a: ["ü"]'
    assert render(["a"], {}) == ""
    assert example_lines(Shout, {"word": "tree", "shouted": "TREE"}) == "Input: tree\nOutput: TREE"
