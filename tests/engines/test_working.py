"""Reasoning as plain text on the local model: asked for where an answer begins with it, handed back as the JSON that was asked for."""

import json

import dspy
import pytest

import selftaught as st
from selftaught.adapter import answer_schema
from selftaught.engines.weights import fetch
from selftaught.engines.working import rejoined, worked
from selftaught.errors import OfflineError

pytestmark = pytest.mark.xdist_group("real")  # one process holds the weights

SUM = "question -> reasoning, answer: int"


def body(signature: str = SUM, *turns: dict[str, str]) -> dict:
    schema = answer_schema(dspy.Signature(signature))
    asked = [{"role": "system", "content": "Add."}, *turns, {"role": "user", "content": "1 + 1"}]
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    return {"messages": asked, "max_tokens": 200, "temperature": 0.0, "response_format": form}


def answered(text: str) -> dict:
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def text_of(answer: dict) -> str:
    return answer["choices"][0]["message"]["content"]


def test_an_answer_that_begins_with_reasoning_is_asked_for_as_text_and_json():
    pytest.importorskip("xllamacpp")
    before = body()
    asked = worked(before)
    assert "response_format" not in asked and "response_format" in before
    text, answer = (line for line in asked["grammar"].splitlines() if line.startswith(("TEXT:", "answer:")))
    assert "{1," not in text
    assert json.loads(answer.partition("%json")[2])["required"] == ["answer"]


def bounded(longest, **more):
    asked = body()
    asked["response_format"]["json_schema"]["schema"]["properties"]["reasoning"] |= {"maxLength": longest, **more}
    return asked


def test_the_bound_of_the_reasoning_is_kept_and_no_other_is_set():
    pytest.importorskip("xllamacpp")
    assert "{1,300}/" in worked(bounded(300))["grammar"]


def test_a_reasoning_without_room_or_with_a_pattern_stays_json():
    assert [worked(bounded(longest)) for longest in (0, 1, 39)] == [None] * 3
    assert worked(bounded(300, pattern="^So")) is None
    assert worked(bounded(300, minLength=2)) is None


def test_the_log_probabilities_that_stay_are_those_of_the_answer():
    tokens = [{"token": one} for one in ('A {b "', "c}", ".", "\n", '{"', "answer", '": ', "2", "}")]
    answer = answered("".join(one["token"] for one in tokens))
    answer["choices"][0]["logprobs"] = {"content": tokens}
    kept = rejoined(answer)["choices"][0]["logprobs"]["content"]
    assert "".join(one["token"] for one in kept) == '\n{"answer": 2}'


@pytest.mark.parametrize(
    "signature", ["question -> answer: int", "question -> answer: int, reasoning", "question -> reasoning", "question -> reasoning: list[str], answer"],
    ids=["no reasoning", "reasoning last", "nothing else", "a list"],
)  # fmt: skip
def test_other_answers_stay_json(signature):
    assert worked(body(signature)) is None


def test_a_turn_that_shows_the_form_of_the_answer_is_followed():
    assert (
        worked(body(SUM, {"role": "user", "content": "2"}, {"role": "assistant", "content": '{"reasoning": "", "answer": 2}'}))
        is None
    )


def test_a_request_without_a_schema_is_left_alone():
    assert worked({"messages": []}) is None
    assert worked({"messages": [], "response_format": {"type": "json_object"}}) is None


@pytest.mark.parametrize("fence", ["", "```json\n", "```\n"])
def test_the_answer_is_handed_back_as_one_object(fence):
    text = text_of(rejoined(answered(f'One {{and}} one.\n\n"Two", then.\n{fence}{{"answer": 2}}')))
    assert json.loads(text) == {"reasoning": 'One {and} one.\n\n"Two", then.', "answer": 2}
    assert next(iter(json.loads(text))) == "reasoning"


def test_an_object_inside_the_answer_may_begin_a_line():
    assert json.loads(text_of(rejoined(answered('So.\n{"place":\n{"town": "Ulm"}}')))) == {
        "reasoning": "So.",
        "place": {"town": "Ulm"},
    }


@pytest.mark.parametrize("text", ["One and one ", 'One.\n{"answer"', "", '{"answer": 2'])
def test_an_answer_that_was_cut_off_is_left_as_it_is(text):
    assert text_of(rejoined(answered(text))) == text


def test_an_error_passes():
    assert rejoined({"error": {"message": "too long"}}) == {"error": {"message": "too long"}}


@pytest.mark.real
def test_the_local_model_works_it_out_in_lines_and_answers_in_the_form():
    pytest.importorskip("xllamacpp")
    try:
        fetch()
    except OfflineError as error:
        pytest.skip(str(error))
    program = st.programs.Reasoned("question -> answer: int", longest=200)
    with dspy.context(lm=st.lm("local", slots=4, context=1024, threads=1)):
        found = program(question="Tom has 2 apples and buys 3 more. How many apples has he?")
    assert type(found.answer) is int
    assert 0 < len(found.reasoning) <= 200
    assert not found.reasoning.startswith(("{", "`"))
