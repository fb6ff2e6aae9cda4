"""A task survives the way to JSON and back, and two tasks that differ are told apart by field and reason."""

import enum
import inspect
import json
from collections.abc import Callable
from typing import Any, Literal, Optional, Union, get_args, get_origin

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp
from pydantic import BaseModel, Field, TypeAdapter

from selftaught.errors import TaskError
from selftaught.signatures import task_from_json, task_to_json
from selftaught.signatures.schema import differences
from selftaught.testing.samples import Shout, Survey

plain = hyp.sampled_from([str, int, float, bool, Any, list, dict])
literals = hyp.lists(
    hyp.one_of(hyp.text(max_size=4), hyp.integers(2, 9), hyp.booleans()), min_size=1, max_size=3, unique=True
).map(lambda choices: Literal[tuple(choices)])
kinds = hyp.recursive(
    hyp.one_of(plain, literals),
    lambda inner: hyp.one_of(
        inner.map(lambda kind: list[kind]),
        inner.map(lambda kind: dict[str, kind]),
        inner.map(lambda kind: Optional[kind]),  # noqa: UP045
        hyp.tuples(inner, inner).map(lambda pair: Union[pair]),  # noqa: UP007
        hyp.tuples(inner, inner).map(lambda pair: tuple[pair]),
    ),
    max_leaves=5,
)
names = hyp.sampled_from(["question", "context", "count", "answer", "reason", "score"])


def task_with(fields, instruction="Do it."):
    made = {
        name: (kind, (dspy.InputField if number == 0 else dspy.OutputField)(**more))
        for number, (name, kind, more) in enumerate(fields)
    }
    return dspy.make_signature(made, instruction, "Task")


def described(task):
    return [(name, field.annotation, field.json_schema_extra["__dspy_field_type"]) for name, field in task.fields.items()]


@settings(max_examples=100, deadline=None)
@given(
    hyp.lists(hyp.tuples(names, kinds), min_size=2, max_size=5, unique_by=lambda pair: pair[0]),
    hyp.text().filter(inspect.cleandoc),
)
def test_a_task_of_plain_types_comes_back_as_it_was(fields, instruction):
    task = task_with([(name, kind, {}) for name, kind in fields], instruction)
    written = json.loads(json.dumps(task_to_json(task)))
    again = task_from_json(written)
    assert described(again) == described(task)
    assert again.instructions == task.instructions
    assert again.__name__ == task.__name__
    assert task_to_json(again) == written
    assert differences(written, task_to_json(task)) == []


def same_type(one, other):
    return get_origin(one) is get_origin(other) and get_args(one) == get_args(other)


@pytest.mark.parametrize(
    "kind", [tuple[int, ...], set[str], tuple, set, Literal[None, "a"], list[dict[str, int] | None]], ids=str
)
def test_other_containers_come_back_as_they_were(kind):
    task = task_with([("question", str, {}), ("answer", kind, {})])
    again = task_from_json(json.loads(json.dumps(task_to_json(task)))).output_fields["answer"].annotation
    assert again == kind or same_type(again, kind)


def test_descriptions_and_limits_come_back():
    more = [("count", int, {"desc": "how many", "ge": 1, "le": 9}), ("tags", list[str], {"min_length": 1, "max_length": 3})]
    task = task_with([("question", str, {"desc": "to answer"}), *more])
    again = task_from_json(task_to_json(task))
    assert task_to_json(again) == task_to_json(task)
    count = TypeAdapter(again).json_schema()["properties"]["count"]
    assert (count["minimum"], count["maximum"], count["desc"]) == (1, 9, "how many")


def test_an_input_that_may_be_left_out_may_still_be_left_out():
    task = task_with([("question", str, {"default": "why?"}), ("answer", str, {})])
    assert not task_from_json(task_to_json(task)).input_fields["question"].is_required()


class Inner(BaseModel):
    """A part."""

    name: str = Field(description="its name")
    sizes: list[int] = []


class Outer(BaseModel):
    """A whole, with a description that is no part of its fields."""

    inner: Inner
    others: list[Inner]
    kind: Literal["a", "b"]
    maybe: int | None = None
    extra: dict[str, int] = {}


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize("kind", [Inner, Outer, list[Outer], Outer | None, Colour], ids=str)
def test_a_structured_type_comes_back_as_one_that_takes_and_refuses_the_same(kind):
    task = task_with([("question", str, {}), ("answer", kind, {})])
    again = TypeAdapter(task_from_json(task_to_json(task)).output_fields["answer"].annotation)
    inner = {"name": "x", "sizes": [1]}
    whole = {"inner": inner, "others": [inner], "kind": "a", "maybe": 3, "extra": {"k": 1}}
    for value in (
        inner,
        {"name": "x"},
        whole,
        {**whole, "kind": "c"},
        {**whole, "inner": 7},
        [whole],
        [],
        None,
        {},
        "red",
        "green",
        7,
    ):
        assert accepts(again, value) == accepts(TypeAdapter(kind), value), value


def accepts(adapter, value):
    try:
        adapter.validate_python(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("task", [Survey, task_with([("question", str, {}), ("answer", Outer, {})])], ids=["survey", "nested"])
def test_a_structured_task_does_not_differ_from_what_was_saved_of_it(task):
    written = task_to_json(task)
    assert differences(written, task_to_json(task_from_json(written))) == []


class Tree(BaseModel):
    name: str
    branches: list["Tree"] = []


def test_a_type_that_contains_itself_comes_back_or_is_refused():
    task = task_with([("question", str, {}), ("answer", Tree, {})])
    try:
        again = task_from_json(task_to_json(task))
    except TaskError:
        return
    value = {"name": "root", "branches": [{"name": "leaf", "branches": []}]}
    assert accepts(TypeAdapter(again.output_fields["answer"].annotation), value)


def test_a_type_without_a_json_form_is_refused():
    with pytest.raises(TaskError, match="JSON form"):
        task_to_json(task_with([("question", str, {}), ("answer", Callable[[int], int], {})]))


json_values = hyp.recursive(
    hyp.one_of(hyp.none(), hyp.booleans(), hyp.integers(), hyp.text(max_size=5)),
    lambda inner: hyp.one_of(
        hyp.lists(inner, max_size=3),
        hyp.dictionaries(
            hyp.sampled_from(["fields", "name", "type", "role", "literal", "union", "list", "schema"]), inner, max_size=4
        ),
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(json_values, hyp.sampled_from(["whole", "fields", "field", "type"]))
def test_whatever_the_saved_data_are_the_error_is_typed(value, place):
    field = {"name": "question", "role": "input", "type": "str"}
    data = {
        "whole": value,
        "fields": {"name": "Task", "instruction": "Do it.", "fields": value},
        "field": {"name": "Task", "instruction": "Do it.", "fields": [field, value]},
        "type": {"name": "Task", "instruction": "Do it.", "fields": [{**field, "type": value}]},
    }[place]
    try:
        task = task_from_json(data)
    except TaskError:
        return
    assert issubclass(task, dspy.Signature)


def test_a_difference_names_the_field_and_what_it_was():
    saved = task_to_json(dspy.Signature("question, context -> answer: int, score: float"))
    now = task_to_json(dspy.Signature("question, hint -> answer: str, context"))
    found = differences(saved, now)
    assert len(found) == 4
    assert "the output field 'score' was saved and is gone" in found
    assert "the input field 'hint' is new" in found
    assert "the role of 'context' was 'input', now 'output'" in found
    assert "the type of 'answer' was 'int', now 'str'" in found


def test_another_instruction_is_no_difference():
    assert differences(task_to_json(Shout), task_to_json(Shout.with_instructions("Whisper."))) == []
