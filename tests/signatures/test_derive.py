"""Every derivation takes the task's inputs first, with their types, and refuses a task whose names it needs for itself."""

from typing import Literal

import dspy
import pytest
from pydantic import BaseModel

from selftaught import signatures
from selftaught.errors import TaskError
from selftaught.testing.samples import Shout, Survey


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int | None = None


class Rich(dspy.Signature):
    """Do it for the person."""

    person: Person = dspy.InputField(desc="who it is for")
    count: int = dspy.InputField(ge=1, le=9)
    kinds: list[str] = dspy.InputField()
    tone: Literal["soft", "loud"] = dspy.InputField()
    maybe: float | None = dspy.InputField()
    result: Person = dspy.OutputField(desc="who it became")
    grade: int = dspy.OutputField(ge=1, le=5)
    parts: list[str] = dspy.OutputField(max_length=3)


WORDING = "Follow this wording."
# derivation -> (what it is given besides the task's inputs, what it is asked for; None: the task's outputs)
DERIVED = {
    "critique_of": (["draft"], ["problems", "acceptable"]),
    "refine_of": (["draft", "problems"], None),
    "judge_of": (["draft"], ["reasons", "score"]),
    "verify_of": (["draft"], ["reason", "correct"]),
    "refute_of": (["draft"], ["reason", "wrong"]),
    "compare_of": (["first_draft", "second_draft"], ["better"]),
    "checklist_of": ([], ["requirements"]),
    "check_of": (["draft", "requirement"], ["satisfied"]),
    "reflect_of": (["draft", "feedback"], ["lesson"]),
    "principles_of": (["draft", "solution"], ["principles"]),
    "plan_of": ([], ["plan"]),
    "decompose_of": ([], ["subquestions"]),
}
TASKS = {"one field": Shout, "several": Survey, "rich": Rich, "string": "question, count: int -> answer: list[str]"}


def of(name):
    return getattr(signatures, name)


def fields(some):
    return [(name, field.annotation, field.metadata) for name, field in some.items()]


def test_every_derivation_is_looked_at():
    named = {name for name in signatures.__all__ if name.endswith("_of")}
    assert named == set(DERIVED) | {"instruct_of", "example_of", "proposal_of", "list_of"}


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
@pytest.mark.parametrize("name", DERIVED)
def test_the_tasks_inputs_come_first_in_order_with_their_types_and_limits(name, task):
    given, asked = DERIVED[name]
    source, derived = signatures.as_task(task), of(name)(task)
    count = len(source.input_fields)
    assert fields(derived.input_fields)[:count] == fields(source.input_fields)
    assert list(derived.input_fields)[count:] == given
    if asked is None:
        assert fields(derived.output_fields) == fields(source.output_fields)
    else:
        assert list(derived.output_fields) == asked
    assert source.instructions in derived.instructions


@pytest.mark.parametrize("name", DERIVED)
def test_descriptions_of_the_tasks_fields_are_kept(name):
    derived = of(name)(Rich)
    assert derived.input_fields["person"].json_schema_extra["desc"] == "who it is for"
    if DERIVED[name][1] is None:
        assert derived.output_fields["result"].json_schema_extra["desc"] == "who it became"


@pytest.mark.parametrize("name", DERIVED)
def test_the_wording_can_be_replaced_and_the_task_stays_embedded(name):
    derived = of(name)(Shout, WORDING)
    assert derived.instructions.startswith(WORDING)
    assert Shout.instructions in derived.instructions


@pytest.mark.parametrize("name", DERIVED)
def test_the_task_itself_is_not_changed(name):
    before = signatures.task_to_json(Rich)
    of(name)(Rich)
    assert signatures.task_to_json(Rich) == before


@pytest.mark.parametrize("name", DERIVED)
def test_an_input_that_may_be_left_out_may_be_left_out_of_every_step(name):
    class Optionally(dspy.Signature):
        """Do it."""

        text: str = dspy.InputField()
        hint: str = dspy.InputField(default="none")
        result: str = dspy.OutputField()

    hint = of(name)(Optionally).input_fields["hint"]
    assert not hint.is_required()
    assert hint.default == "none"


CLASHES = [(name, field) for name, (given, asked) in DERIVED.items() for field in [*given, *(asked or [])]]


@pytest.mark.parametrize(("name", "field"), CLASHES)
def test_a_task_whose_input_the_step_needs_for_itself_is_refused_by_that_name(name, field):
    with pytest.raises(TaskError, match=f"'{field}'"):
        of(name)(f"question, {field} -> answer")


@pytest.mark.parametrize("field", ["draft", "problems"])
def test_a_task_whose_output_is_what_the_reviser_is_given_is_refused_by_that_name(field):
    with pytest.raises(TaskError, match=f"'{field}'"):
        signatures.refine_of(f"question -> {field}")


@pytest.mark.parametrize("task", ["question, examples -> answer", "question -> examples"])
def test_a_task_with_a_field_called_examples_is_refused_by_the_example_writer(task):
    with pytest.raises(TaskError, match="'examples'"):
        signatures.example_of(task)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_an_example_writer_is_asked_for_every_field_of_the_task(task):
    source, derived = signatures.as_task(task), signatures.example_of(task)
    assert list(derived.input_fields) == ["examples"]
    assert fields(derived.output_fields) == fields(source.input_fields) + fields(source.output_fields)


def test_an_instruction_writer_does_not_see_the_instruction_that_it_replaces():
    derived = signatures.instruct_of(Shout)
    assert list(derived.input_fields) == ["examples"]
    assert list(derived.output_fields) == ["instruction"]
    assert Shout.instructions not in derived.instructions


@pytest.mark.parametrize("levels", [2, 10, 100])
def test_a_judge_scores_from_1_to_its_levels(levels):
    score = signatures.judge_of(Shout, levels=levels).output_fields["score"]
    limits = {type(item).__name__: item for item in score.metadata}
    assert (limits["Ge"].ge, limits["Le"].le) == (1, levels)
    assert str(levels) in score.json_schema_extra["desc"]


@pytest.mark.parametrize(("lowest", "levels"), [(0, 9), (1, 5), (0, 1)])
def test_a_scale_may_begin_elsewhere_and_says_so(lowest, levels):
    score = signatures.judge_of(Shout, lowest=lowest, levels=levels).output_fields["score"]
    limits = {type(item).__name__: item for item in score.metadata}
    assert (limits["Ge"].ge, limits["Le"].le) == (lowest, levels)
    assert f"from {lowest}" in score.json_schema_extra["desc"]


@pytest.mark.parametrize(("name", "option", "verdict"), [("judge_of", "reasons", "score"), ("verify_of", "reason", "correct"), ("refute_of", "reason", "wrong"), ("compare_of", "reason", "better")])  # fmt: skip
def test_reasons_are_asked_for_before_the_verdict_or_not_at_all(name, option, verdict):
    assert list(of(name)(Shout, **{option: True}).output_fields) == [option, verdict]
    assert list(of(name)(Shout, **{option: False}).output_fields) == [verdict]


@pytest.mark.parametrize("name", ["judge_of", "verify_of", "refute_of"])
def test_a_reference_is_given_after_the_draft_or_has_no_place_at_all(name):
    assert list(of(name)(Shout, reference=True).input_fields) == ["word", "draft", "reference"]
    assert "reference" not in of(name)(Shout).fields
    with pytest.raises(TaskError, match="'reference'"):
        of(name)("question, reference -> answer", reference=True)
    assert list(of(name)("question, reference -> answer").input_fields) == ["question", "reference", "draft"]


def test_a_criterion_is_given_last_or_has_no_place_at_all():
    assert list(signatures.judge_of(Shout, criterion=True, reference=True).input_fields) == [
        "word",
        "draft",
        "reference",
        "criterion",
    ]
    assert "criterion" not in signatures.judge_of(Shout).fields
    with pytest.raises(TaskError, match="'criterion'"):
        signatures.judge_of("question, criterion -> answer", criterion=True)


def test_the_other_question_is_the_opposite_one_about_the_same_things():
    one, other = signatures.verify_of(Shout), signatures.refute_of(Shout)
    assert fields(one.input_fields) == fields(other.input_fields)
    assert one.instructions != other.instructions
    assert (one.output_fields["correct"].annotation, other.output_fields["wrong"].annotation) == (bool, bool)


def test_a_tie_can_be_named_only_where_there_are_ties():
    assert signatures.compare_of(Shout, ties=True).output_fields["better"].annotation == Literal["first", "second", "tie"]
    assert signatures.compare_of(Shout, ties=False).output_fields["better"].annotation == Literal["first", "second"]


@pytest.mark.parametrize("name", [*DERIVED, "instruct_of", "example_of"])
@pytest.mark.parametrize("nonsense", ["no arrow", 7, None, dict])
def test_what_is_no_task_is_refused_by_every_derivation(name, nonsense):
    with pytest.raises(TaskError):
        of(name)(nonsense)
