"""The runtime of exported files asks for and reads values as pydantic and the compact adapter do."""

from __future__ import annotations

import ast
import json
from enum import Enum
from typing import Annotated, Any, Literal

import dspy
import pytest
from dspy.utils.exceptions import AdapterParseError
from hypothesis import given
from hypothesis import strategies as hyp
from pydantic import BaseModel, Field

from selftaught.adapter import CompactAdapter, answer_schema
from selftaught.export.bundle.layout import Group, atom, written
from selftaught.export.bundle.runtime import kinds, reading, schema, values
from selftaught.export.bundle.runtime.voting import clusters
from selftaught.programs.vote.aggregate import clusters as clusters_with_scipy


class Town(BaseModel):
    """A town."""

    name: str
    people: int | None = None


class OurTown(kinds.Model):
    """A town."""

    name: str
    people: int | None = None


OurTown.__name__ = "Town"


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


KINDS: list[tuple[Any, Any, dict[str, Any]]] = [
    (str, str, {}), (str, str, {"max_length": 4}), (int, int, {"ge": 0, "le": 9}), (float, float, {"gt": 0.5}), (bool, bool, {}),
    (Any, Any, {}), (list, list, {}), (dict, dict, {}), (list[str], list[str], {"min_length": 1, "max_length": 2}),
    (Literal["a", "b"], Literal["a", "b"], {}), (Literal[1, 2], Literal[1, 2], {}), (Literal["x"], Literal["x"], {}),
    (str | None, str | None, {}), (int | str, int | str, {}), (dict[str, int], dict[str, int], {}),
    (tuple[str, int], tuple[str, int], {}), (tuple[int, ...], tuple[int, ...], {}), (set[int], set[int], {}),
    (list[Annotated[str, Field(max_length=2)]], list[Annotated[str, kinds.Field(max_length=2)]], {}),
    (Town, OurTown, {}), (list[Town], list[OurTown], {}), (Town | None, OurTown | None, {}), (Mood, Mood, {}), (list[Mood], list[Mood], {}),
]  # fmt: skip
VALUES = [
    "a", "b", "x", "", "abcdef", "3", "3.0", "3.5", "-1", "true", "Yes", "null", "[1, 2]", '["a"]', "good", "GOOD", " a ", '"a"',
    0, 1, 2, 3, 9, 10, -1, 1.0, 2.5, True, False, None, [], [1], ["a"], ["a", "b", "c"], ["abc"], [1, "2"], ["x", 1], ["x", "1"], [None],
    {}, {"a": 1}, {"a": "1"}, {"a": "x"}, {"name": "Ulm"}, {"name": "Ulm", "people": "7"}, {"name": 7}, {"people": 7},
    [{"name": "Ulm"}], ["good"], ["fine"],
]  # fmt: skip


def theirs(kind, limits):
    """A signature with one output of a type."""
    return dspy.make_signature({"a": (str, dspy.InputField()), "found": (kind, dspy.OutputField(**limits))}, "x", "T")


def ours(kind, limits):
    """The same as fields of the runtime."""
    field = kinds.Field(**limits)
    field.annotation, more = kinds.unwrapped(kind)
    field.metadata = [*more, *field.metadata]
    return {"found": field}


@pytest.mark.parametrize(("kind", "own", "limits"), KINDS, ids=lambda one: str(one)[:40])
def test_the_form_of_an_answer_is_the_same(kind, own, limits):
    signature = theirs(kind, limits)
    assert json.dumps(schema.answer_schema(ours(own, limits))) == json.dumps(answer_schema(signature))
    shape = schema.shape_of(own).replace(OurTown.__qualname__, "Town")
    assert f'"found": {shape}' in CompactAdapter().format_system_message(signature)


@pytest.mark.parametrize(("kind", "own", "limits"), KINDS, ids=lambda one: str(one)[:40])
def test_values_are_read_and_refused_alike(kind, own, limits):
    signature, fields, wrong = theirs(kind, limits), ours(own, limits), []
    for value in VALUES:
        said = json.dumps({"found": value})
        try:
            expected = repr(CompactAdapter().parse(signature, said)["found"])
        except AdapterParseError:
            expected = "refused"
        try:
            found = repr(reading.answer_values(fields, said)["found"])
        except ValueError:
            found = "refused"
        if found != expected:
            wrong.append((value, expected, found))
    assert not wrong


@pytest.mark.parametrize(
    "text",
    [
        '{"found": "a"}', '```json\n{"found": "a"}\n```', 'Here it is: {"found": "a"} I hope it helps.', '{"found": "a",}', '[{"found": "a"}]',
        "{'found': 'a'}", '{"found": "a\nb"}', "no json", "", "{", "[1]", '"found"', '{"other": 1}', "{" * 9000,
    ],
)  # fmt: skip
def test_json_is_found_in_what_surrounds_it(text):
    signature, fields = theirs(str, {}), ours(str, {})
    try:
        expected = CompactAdapter().parse(signature, text) if text else None
    except AdapterParseError:
        expected = None
    try:
        found = reading.answer_values(fields, text)
    except ValueError:
        found = None
    assert found == expected


DATA = hyp.recursive(
    hyp.none() | hyp.booleans() | hyp.integers() | hyp.floats(allow_nan=False, allow_infinity=False) | hyp.text(),
    lambda inner: hyp.lists(inner, max_size=4) | hyp.dictionaries(hyp.text(), inner, max_size=4),
    max_leaves=12,
)


@given(DATA, hyp.integers(0, 20))
def test_any_value_as_source_is_that_value(value, indent):
    text = written(Group(["("], ")", [("", atom(value)), ("", "0")]), str, indent)
    text.encode()
    assert ast.literal_eval(text)[0] == value


@given(DATA)
def test_plain_data_stays_what_it_is(value):
    assert values.as_data(value) == value


@given(hyp.lists(hyp.lists(hyp.sampled_from([0.1, 0.35, 0.62, 0.81, 0.97]), min_size=5, max_size=5), min_size=5, max_size=5))
def test_every_two_of_a_cluster_are_alike_as_with_scipy(rows):
    import numpy as np

    distinct = np.array(
        [[1.0 if i == j else rows[min(i, j)][max(i, j)] + 1e-4 * (min(i, j) * 5 + max(i, j)) for j in range(5)] for i in range(5)]
    )
    assert clusters(distinct.tolist(), 0.6) == clusters_with_scipy(distinct, 0.6)


def test_a_value_type_cannot_be_changed_where_it_says_so_and_refuses_unknown_parts():
    class Frozen(kinds.Model):
        model_config = kinds.ConfigDict(frozen=True, extra="forbid")
        name: str

    kinds_of = kinds.create_model("Kept", __config__={"frozen": True, "extra": "forbid"}, name=(str, ...))
    one = kinds_of(name="x")
    with pytest.raises(AttributeError):
        one.name = "y"
    with pytest.raises(ValueError, match="nmae"):
        kinds_of(nmae="x")
    assert one == kinds_of(name="x") and one.model_copy(update={"name": "y"}) != one
