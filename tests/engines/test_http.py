"""An OpenAI-compatible URL: one pooled client, retries only where they help, addresses without their secrets."""

import asyncio
import json

import dspy
import pytest

import selftaught as st
from selftaught.budget import Budget
from selftaught.engines import HttpServer
from selftaught.errors import CallError, ConnectionFailed, ModelError, SettingError
from selftaught.testing import EngineContract
from selftaught.testing.samples import Shout, exact, words


class TestHttpServer(EngineContract):
    @pytest.fixture(autouse=True)
    def serve(self, loopback, chat):
        self.url = loopback(lambda headers, body: (200, chat("word"))).url

    def make(self):
        return HttpServer("any", self.url)


BODY = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}


async def ask(server, body=BODY):
    try:
        return await server.chat(body)
    finally:
        await server.aclose()


async def test_the_key_travels_as_a_bearer_token_and_the_body_as_json(loopback, chat):
    stub = loopback(lambda headers, body: (200, chat("grüß Gott")))
    answer = await ask(HttpServer("any", stub.url + "/", "k3y"))
    assert answer["choices"][0]["message"]["content"] == "grüß Gott"
    ((headers, body),) = stub.requests
    assert headers["Authorization"] == "Bearer k3y"
    assert json.loads(body) == BODY


async def test_many_requests_share_connections(loopback, chat):
    stub = loopback(lambda headers, body: (200, chat("yes")))
    server = HttpServer("any", stub.url)
    try:
        for _ in range(5):
            await server.chat(BODY)
        session = server._session()
        await server.chat(BODY)
        assert server._session() is session
        assert len(stub.requests) == 6
    finally:
        await server.aclose()


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_status_that_asks_to_come_again_may_be_retried(loopback, status):
    stub = loopback(lambda headers, body: (status, b"later"))
    with pytest.raises(ConnectionFailed, match=f"{status}: later"):
        await ask(HttpServer("any", stub.url))


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_a_refusal_is_no_connection_failure(loopback, status):
    stub = loopback(lambda headers, body: (status, b"not like this"))
    with pytest.raises(CallError, match=f"{status}: not like this") as caught:
        await ask(HttpServer("any", stub.url))
    assert not isinstance(caught.value, ConnectionFailed)


async def test_an_answer_that_is_no_json_is_kept_in_the_error(loopback):
    stub = loopback(lambda headers, body: (200, b"<html>a login page</html>"))
    with pytest.raises(CallError, match="no JSON") as caught:
        await ask(HttpServer("any", stub.url))
    assert "login page" in caught.value.raw


async def test_a_server_that_breaks_off_is_a_connection_failure(loopback):
    stub = loopback(lambda headers, body: (200, b"{", {"Content-Length": "1000", "Connection": "close"}))
    with pytest.raises(ConnectionFailed):
        await ask(HttpServer("any", stub.url, timeout=5))


async def test_a_server_that_never_answers_is_a_connection_failure_after_the_timeout(loopback):
    release = asyncio.Event()

    async def silent(reader, writer):
        await release.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectionFailed, match="could not be reached"):
        await ask(HttpServer("any", f"http://127.0.0.1:{port}/v1", timeout=0.2))
    release.set()
    server.close()


async def test_nobody_there_is_a_connection_failure_that_asks_whether_the_server_runs(loopback):
    stub = loopback(lambda headers, body: (200, b""))
    stub.close()
    with pytest.raises(ConnectionFailed, match="Is the server running"):
        await ask(HttpServer("any", stub.url))


def test_too_many_requests_and_then_an_answer_is_an_answer(loopback, chat):
    states = [429]
    stub = loopback(lambda headers, body: (states.pop(), b"slow down") if states else (200, chat("yes")))
    lm = st.lm("openai/any", api_base=stub.url, num_retries=1)
    with Budget(calls=2) as budget:
        assert lm("hi") == ["yes"]
    assert len(stub.requests) == 2 == budget.spent["calls"]


def test_a_bad_request_is_sent_once(loopback):
    stub = loopback(lambda headers, body: (400, b"no such parameter"))
    with pytest.raises(CallError, match="no such parameter"):
        st.lm("openai/any", api_base=stub.url, num_retries=5)("hi")
    assert len(stub.requests) == 1


@pytest.mark.parametrize("strange", [b"{}", b"[]", b'{"choices": []}', b'{"choices": [7]}', b'"text"', b"null", b"7"])
def test_json_that_is_no_completion_is_a_typed_error(loopback, strange):
    stub = loopback(lambda headers, body: (200, strange))
    with pytest.raises(CallError):
        st.lm("openai/any", api_base=stub.url, num_retries=0)("hi")


def test_an_evaluation_against_a_url_counts_its_tokens(loopback, chat):
    stub = loopback(
        lambda headers, body: (200, chat("[[ ## shouted ## ]]\nTREE\n[[ ## completed ## ]]", prompt=11, completion=4))
    )
    lm = st.lm("openai/any", api_base=stub.url, price=(1.0, 2.0))
    with dspy.context(lm=lm):
        found = st.evaluate(st.Predict(Shout), words(5), lambda example, prediction: 1.0, progress=False)
    assert (found.usage.calls, found.usage.prompt_tokens, found.usage.completion_tokens) == (5, 55, 20)
    assert found.usage.usd == pytest.approx((55 * 1.0 + 20 * 2.0) / 1e6)


@pytest.mark.parametrize("count", [3, 15], ids=["few examples", "many examples"])
def test_an_unreachable_url_ends_an_evaluation_with_one_error(loopback, count):
    stub = loopback(lambda headers, body: (503, b"down"))
    lm = st.lm("openai/any", api_base=stub.url, num_retries=0)
    with dspy.context(lm=lm), pytest.raises(ModelError, match="cannot be reached"):
        st.evaluate(st.Predict(Shout), words(count), exact, concurrency=2, progress=False)
    assert len(stub.requests) <= 12


@pytest.mark.parametrize(
    "address",
    ["localhost:8000", "ftp://host/v1", "http://", "", "http://host:port/v1", "http://[half/v1", "http://host:99999/v1"],
)
def test_an_address_that_is_no_url_is_refused(address):
    with pytest.raises(SettingError, match="api_base"):
        st.lm("openai/any", api_base=address)


@pytest.mark.parametrize("name", ["api_base", "base_url"])
def test_an_address_that_is_none_means_the_provider_itself(name):
    assert "openai/any" in st.lm("openai/any", **{name: None}, api_key="x").model


def test_an_address_is_shown_without_user_password_and_query():
    server = HttpServer("any", "https://user:pass@host:8443/v1?key=abc")
    assert server.address == "https://host:8443/v1"
    assert HttpServer("any", "http://[::1]:8000/v1").address == "http://[::1]:8000/v1"


def test_a_model_of_no_provider_is_refused_with_the_nearest_name():
    with pytest.raises(ModelError, match="did you mean 'local'"):
        st.lm("locl")


def test_retries_by_another_name_are_refused_in_words():
    with pytest.raises(SettingError, match="num_retries"):
        st.lm("stub", api_base="http://127.0.0.1:9", retries=0)
