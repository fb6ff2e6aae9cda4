"""The compact adapter: a schema with every field and nothing else, demonstrations as turns, and no answer that breaks it."""

import json
from enum import Enum
from typing import Any, Literal, Optional

import dspy
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp
from pydantic import BaseModel, TypeAdapter

import selftaught as st
from selftaught.adapter import CompactAdapter, answer_schema
from selftaught.errors import AnswerError, TruncatedAnswer
from selftaught.metering import MeteredLM, Reply
from selftaught.testing import FakeLM, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Place, Shout, Survey, obliging

ADAPTER = CompactAdapter()


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Town(BaseModel):
    place: Place
    twins: list[Place]
    nickname: str | None = None


VALUES = {
    "string": (str, hyp.text()),
    "literal": (Literal["good", "bad"], hyp.sampled_from(["good", "bad"])),
    "numbers": (Literal[1, 2], hyp.sampled_from([1, 2])),
    "integer": (int, hyp.integers(-(2**40), 2**40)),
    "number": (float, hyp.floats(allow_nan=False, allow_infinity=False)),
    "truth": (bool, hyp.booleans()),
    "texts": (list[str], hyp.lists(hyp.text(), max_size=4)),
    "lists": (list[list[int]], hyp.lists(hyp.lists(hyp.integers(-9, 9), max_size=3), max_size=3)),
    "model": (Place, hyp.builds(Place, town=hyp.text(), people=hyp.integers(0, 10**6))),
    "nested": (
        Town,
        hyp.builds(
            Town,
            place=hyp.builds(Place, town=hyp.text(), people=hyp.integers(0, 9)),
            twins=hyp.lists(hyp.builds(Place, town=hyp.text(), people=hyp.integers(0, 9)), max_size=2),
            nickname=hyp.one_of(hyp.none(), hyp.text()),
        ),
    ),
    "maybe": (Optional[int], hyp.one_of(hyp.none(), hyp.integers(-9, 9))),  # noqa: UP045
    "either": (int | str, hyp.one_of(hyp.integers(-9, 9), hyp.sampled_from(["a", "b"]))),
    "colour": (Colour, hyp.sampled_from(Colour)),
    "table": (dict[str, int], hyp.dictionaries(hyp.text(), hyp.integers(-9, 9), max_size=3)),
}


def task_of(kind):
    return dspy.make_signature({"text": (str, dspy.InputField()), "value": (kind, dspy.OutputField())}, "Answer.", "Task")


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=30, deadline=None)
@given(data=hyp.data())
def test_a_value_of_every_type_survives_the_way_through_an_answer(name, data):
    kind, values = VALUES[name]
    task, value = task_of(kind), data.draw(values)
    written = ADAPTER.format_assistant_message_content(task, {"value": value})
    jsonschema.validate(json.loads(written), answer_schema(task))
    assert ADAPTER.parse(task, written) == {"value": value}


def objects(schema):
    """Yield every object schema inside a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


@pytest.mark.parametrize("name", [name for name in VALUES if name != "table"])
def test_a_schema_asks_for_every_field_and_allows_nothing_else(name):
    schema = answer_schema(task_of(VALUES[name][0]))
    jsonschema.Draft202012Validator.check_schema(schema)
    found = list(objects(schema))
    assert found
    for part in found:
        assert part["required"] == list(part["properties"])
        assert part["additionalProperties"] is False
    text = json.dumps({key: value for key, value in schema.items() if key != "properties"})
    assert '"title"' not in text


def test_a_field_may_be_called_title_or_default():
    class Book(BaseModel):
        title: str
        default: int = 3

    book = answer_schema(task_of(Book))["properties"]["value"]
    assert list(book["properties"]) == ["title", "default"]
    assert book["required"] == ["title", "default"]


def test_the_limits_of_a_field_are_in_the_schema_and_are_checked():
    fields = {
        "text": (str, dspy.InputField()),
        "score": (int, dspy.OutputField(ge=1, le=5)),
        "tags": (list[str], dspy.OutputField(max_length=2)),
    }
    task = dspy.make_signature(fields, "Answer.", "Task")
    schema = answer_schema(task)
    assert (schema["properties"]["score"]["minimum"], schema["properties"]["score"]["maximum"]) == (1, 5)
    assert schema["properties"]["tags"]["maxItems"] == 2
    good = {"score": 5, "tags": ["a"]}
    assert ADAPTER.parse(task, json.dumps(good)) == good
    for bad in ({"score": 6, "tags": []}, {"score": 1, "tags": ["a", "b", "c"]}):
        with pytest.raises(dspy.utils.exceptions.AdapterParseError):
            ADAPTER.parse(task, json.dumps(bad))


def test_a_model_that_takes_a_schema_gets_it_and_the_answer_is_typed():
    asked = []

    def note(messages, **settings):
        asked.append(settings["response_format"])
        return obliging(messages)

    with dspy.context(lm=FakeLM(note)):
        found = st.Predict(Survey)(**SURVEY_INPUT)
    assert asked[0]["json_schema"]["schema"] == answer_schema(Survey)
    assert asked[0]["json_schema"]["strict"] is True
    assert found.place == Place(**SURVEY_ANSWER["place"])
    assert answer_fields([{"content": ADAPTER.format_system_message(Survey)}]) == list(Survey.output_fields)


# --- whatever a model answers


def garbage():
    """Return strategies for what models say instead of an answer: text, bytes, half JSON, JSON of another shape."""
    shapes = hyp.recursive(
        hyp.one_of(hyp.none(), hyp.booleans(), hyp.integers(), hyp.floats(), hyp.text(max_size=10)),
        lambda inner: hyp.one_of(
            hyp.lists(inner, max_size=3),
            hyp.dictionaries(hyp.sampled_from([*Survey.output_fields, "town", "x"]), inner, max_size=5),
        ),
        max_leaves=8,
    )
    written = shapes.map(lambda value: json.dumps(value, default=str))
    cut = hyp.tuples(written, hyp.integers(0, 40)).map(lambda pair: pair[0][: pair[1]])
    fenced = written.map(lambda text: f"Sure!\n```json\n{text}\n``` hope it helps }}")
    deep = hyp.integers(1, 3000).map(lambda depth: '{"mood": ' + "[" * depth)
    deeper = hyp.integers(1, 3000).map(lambda depth: '{"place": ' * depth)
    marks = hyp.text(alphabet='{}[]":,\\ \n\t0123456789.eE+-truefalsn', max_size=40)
    binary = hyp.binary(max_size=40).map(lambda raw: raw.decode("latin-1"))
    return hyp.one_of(hyp.text(max_size=40), binary, marks, written, cut, fenced, deep, deeper)


def ask(text, finish="stop"):
    """Ask a model that says this, once and once more; return the prediction or the error."""

    class Says:
        name, supports_response_schema = "says", True

        async def complete(self, messages, settings):
            return Reply(text, 1, 1, finish=finish)

        def most(self, messages, settings):
            raise AssertionError("no budget here")

        def scrub(self, text):
            return text

    try:
        with dspy.context(lm=MeteredLM(Says(), adapter=CompactAdapter(), max_tokens=5)):
            return st.Predict(Survey)(**SURVEY_INPUT)
    except AnswerError as error:
        return error


@settings(max_examples=1000, deadline=None)
@given(garbage())
def test_whatever_a_model_answers_is_an_answer_or_a_typed_error_with_the_raw_text(text):
    found = ask(text)
    if isinstance(found, AnswerError):
        assert found.raw == text
    else:
        assert found.mood in ("good", "bad")
        assert isinstance(found.score, int)
        assert isinstance(found.sure, bool)
        assert isinstance(found.place, Place)


@settings(max_examples=50, deadline=None)
@given(garbage())
def test_an_answer_cut_off_at_the_limit_is_told_as_that(text):
    found = ask(text, finish="length")
    if isinstance(found, AnswerError):
        assert isinstance(found, TruncatedAnswer)
        assert found.raw == text


@pytest.mark.parametrize("text", [None, ""], ids=["nothing", "empty"])
def test_a_model_that_says_nothing_is_a_typed_error(text):
    assert isinstance(ask(text), AnswerError)


@pytest.mark.parametrize(
    "wrapped",
    ["{}", "```json\n{}\n```", "Here it is: {} Bye.", "[{}]", "<think>so</think>\n{}"],
    ids=["bare", "fenced", "chatty", "in a list", "after thinking"],
)
def test_a_right_answer_is_found_in_its_wrapping(wrapped):
    found = ask(wrapped.replace("{}", json.dumps(SURVEY_ANSWER)))
    assert not isinstance(found, AnswerError), found
    assert {"mood": found.mood, "score": found.score, "sure": found.sure} == {"mood": "good", "score": 3, "sure": True}


# --- demonstrations, history, other adapters


def test_demonstrations_are_turns_of_the_conversation():
    program, lm = st.Predict(Shout), FakeLM(obliging)
    program.demos = [dspy.Example(word="a", shouted="A"), dspy.Example(word="b", shouted="B"), dspy.Example(word="only an input")]
    with dspy.context(lm=lm):
        program(word="tree")
    (messages,) = lm.requests
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message["content"] for message in messages[1:]] == ["a", '{"shouted": "A"}', "b", '{"shouted": "B"}', "tree"]
    assert "word" not in messages[0]["content"].split("\n")[0] or messages[0]["content"].startswith(Shout.instructions)


def test_a_demonstration_parses_as_the_answer_it_shows():
    demo = {**SURVEY_INPUT, **SURVEY_ANSWER, "place": Place(**SURVEY_ANSWER["place"])}
    _, answer = ADAPTER.format_demos(Survey, [demo])
    assert ADAPTER.parse(Survey, answer["content"]) == {name: demo[name] for name in Survey.output_fields}


class Chat(dspy.Signature):
    """Answer."""

    history: dspy.History = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


OTHERS = [dspy.ChatAdapter(), dspy.JSONAdapter()]
CHAT_FORM, JSON_FORM = "[[ ## answer ## ]]\nyes\n\n[[ ## completed ## ]]", '{"answer": "yes"}'


@pytest.mark.parametrize("adapter", [None, CompactAdapter(), *OTHERS], ids=lambda one: type(one).__name__)
def test_a_history_is_told_as_turns_whatever_the_adapter(adapter):
    lm = FakeLM(lambda messages, **settings: CHAT_FORM if type(adapter) is dspy.ChatAdapter else JSON_FORM)
    history = dspy.History(messages=[{"question": "Earlier?", "answer": "Before."}])
    with dspy.context(lm=lm, **({"adapter": adapter} if adapter else {})):
        found = st.Predict(Chat)(history=history, question="And now?")
    assert found.answer == "yes"
    assert [message["role"] for message in lm.requests[0]] == ["system", "user", "assistant", "user"]
    for part, message in zip(("Earlier?", "Before.", "And now?"), lm.requests[0][1:], strict=True):
        assert part in message["content"]


@pytest.mark.parametrize("adapter", OTHERS, ids=lambda one: type(one).__name__)
def test_the_adapter_that_the_user_configured_is_used(adapter):
    lm = FakeLM(lambda messages, **settings: CHAT_FORM if type(adapter) is dspy.ChatAdapter else JSON_FORM)
    with dspy.context(lm=lm, adapter=adapter):
        assert st.Predict("question -> answer")(question="And now?").answer == "yes"
    assert "[[ ## question ## ]]" in lm.requests[0][-1]["content"]


@pytest.mark.parametrize("adapter", [None, CompactAdapter(), *OTHERS], ids=lambda one: type(one).__name__)
def test_the_scripted_model_writes_its_fields_in_the_form_that_the_adapter_reads(adapter):
    lm = FakeLM(lambda messages, **settings: {"answer": "yes", "tags": ["a", "b"]})
    with dspy.context(lm=lm, **({"adapter": adapter} if adapter else {})):
        found = st.Predict("question -> answer, tags: list[str]")(question="And now?")
    assert (found.answer, found.tags, lm.calls) == ("yes", ["a", "b"], 1)


@settings(max_examples=50, deadline=None)
@given(hyp.dictionaries(hyp.sampled_from(["a", "b", "c"]), hyp.text(min_size=1), min_size=3))
def test_every_input_reaches_the_model_as_it_is(values):
    task = dspy.Signature("a, b, c -> answer")
    content = ADAPTER.format_user_message_content(task, values)
    assert all(value in content for value in values.values())


def test_an_open_type_has_a_schema_too():
    schema = answer_schema(task_of(dict[str, Any]))
    assert TypeAdapter(dict[str, Any]).validate_python({"x": 1}) == {"x": 1}
    jsonschema.validate({"value": {"x": 1}}, schema)
