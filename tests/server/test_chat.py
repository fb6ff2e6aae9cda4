"""The facade in OpenAI's form, asked by OpenAI's own client."""

import json

import pytest

import selftaught as st
from selftaught.errors import ConnectionFailed
from selftaught.server.keys import Caller, Keys, digest_of
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Survey
from tests.server.hosting import asking, hosted

openai = pytest.importorskip("openai", reason="needs OpenAI's client")


def client_of(http, key="x"):
    return openai.AsyncOpenAI(base_url="http://127.0.0.1/v1", api_key=key, http_client=http, max_retries=0)


async def asked(client, content, **more):
    return await client.chat.completions.create(model="any", messages=[{"role": "user", "content": content}], **more)


async def test_the_last_user_message_fills_a_single_text_input_and_the_answer_is_text():
    service = hosted()
    async with asking(service) as http:
        found = await client_of(http).chat.completions.create(
            model="any", temperature=0.3, messages=[
                {"role": "system", "content": "You are kind."}, {"role": "user", "content": "first"},
                {"role": "assistant", "content": "FIRST"}, {"role": "user", "content": [{"type": "text", "text": "second"}]},
            ],
        )  # fmt: skip
        as_json = await asked(client_of(http), "tree", response_format={"type": "json_object"})
        names = [one.id async for one in client_of(http).models.list()]
    assert found.choices[0].message.content == "SECOND"
    assert found.choices[0].finish_reason == "stop"
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens > 0
    assert json.loads(as_json.choices[0].message.content) == {"shouted": "TREE"}
    assert names == [found.model] == ["Shout"]


async def test_several_inputs_are_json_and_so_is_the_answer():
    async with asking(hosted(st.Predict(Survey))) as http:
        found = await asked(client_of(http), json.dumps(SURVEY_INPUT))
        assert json.loads(found.choices[0].message.content) == SURVEY_ANSWER
        for wrong in ("Ulm is nice.", "[]", json.dumps({"text": "Ulm"}), "", "[" * 9000):
            with pytest.raises(openai.UnprocessableEntityError, match=r"JSON|Field required"):
                await asked(client_of(http), wrong)


async def test_json_that_is_the_text_of_a_single_input_stays_text():
    async with asking(hosted(script=lambda messages, **settings: {"shouted": str(messages[-1]["content"]).upper()})) as http:
        found = await asked(client_of(http), '{"word": "tree"}')
    assert found.choices[0].message.content == '{"WORD": "TREE"}'


async def test_a_streamed_answer_adds_up_to_the_same():
    async with asking(hosted()) as http:
        parts = [one async for one in await asked(client_of(http), "tree", stream=True, stream_options={"include_usage": True})]
    assert "".join(one.choices[0].delta.content or "" for one in parts if one.choices) == "TREE"
    assert [one.choices[0].finish_reason for one in parts if one.choices][-1] == "stop"
    assert parts[-1].usage.total_tokens > 0


async def test_its_errors_are_those_that_the_client_knows():
    def down(messages, **settings):
        raise ConnectionFailed("http://10.0.0.7 is down")

    async with asking(hosted(script=down, keys=Keys({digest_of("right"): Caller("alice")}))) as http:
        with pytest.raises(openai.AuthenticationError, match="no key"):
            await asked(client_of(http, "wrong"), "tree")
        with pytest.raises(openai.InternalServerError, match="cannot be reached") as found:
            await asked(client_of(http, "right"), "tree")
        with pytest.raises(openai.UnprocessableEntityError, match="role 'user'"):
            await client_of(http, "right").chat.completions.create(model="x", messages=[{"role": "system", "content": "x"}])
        with pytest.raises(openai.UnprocessableEntityError):
            await asked(client_of(http, "right"), "tree", n=2)
    assert found.value.status_code == 503
    assert "10.0.0.7" not in str(found.value)
