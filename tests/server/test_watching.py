"""Counters, logs and spans tell what happened, and nothing of what was said."""

import io
import json
import logging
import re

import pytest

import selftaught as st
from selftaught.errors import CallError
from selftaught.server import logs, tracing
from selftaught.server.keys import Caller, Keys, digest_of
from selftaught.testing.samples import Shout, obliging
from tests.server.hosting import asking, hosted

SAID = "the-word-that-nobody-may-see"
KEY = "st-a-key-that-nobody-may-see"


def numbers(text):
    """Read the text format."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})?', name), line
            assert name not in found
            found[name] = float(value)
    return found


async def test_the_counters_add_up():
    def script(messages, **settings):
        if "bad" in str(messages[-1]["content"]):
            raise CallError("refused")
        return obliging(messages, **settings)

    service = hosted(st.programs.SelfRefine(Shout), script)
    async with asking(service) as client:
        for word in ("tree", "leaf", "bad"):
            await client.post("/v1/predict", json={"word": word})
        await client.get("/wp-login.php")
        await client.get("/%22quoted%22%0A")
        before = await client.get("/metrics")
    assert before.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = numbers(before.text)
    assert found['selftaught_requests_total{route="/v1/predict",status="200"}'] == 2
    assert found['selftaught_requests_total{route="/v1/predict",status="502"}'] == 1
    assert found['selftaught_requests_total{route="other",status="404"}'] == 2
    assert found['selftaught_request_failures_total{route="/v1/predict",reason="call-error"}'] == 1
    assert found['selftaught_request_seconds_count{route="/v1/predict"}'] == 3
    assert found['selftaught_request_seconds_bucket{route="/v1/predict",le="+Inf"}'] == 3
    buckets = [value for name, value in found.items() if name.startswith('selftaught_request_seconds_bucket{route="/v1/predict"')]
    assert buckets == sorted(buckets)
    usage = service.ledger.usage
    assert found["selftaught_model_calls_total"] == usage.calls == 7
    assert found["selftaught_model_calls_failed_total"] == 1
    assert found['selftaught_tokens_total{kind="prompt"}'] == usage.prompt_tokens
    assert found['selftaught_inputs{state="running"}'] == 0


@pytest.fixture
def log():
    """Collect what would be written to the standard error."""
    loggers = [logging.getLogger(name) for name in (logs.LOG.name, *logs.OTHERS)]
    before = [(one, one.handlers, one.propagate, one.level) for one in loggers]
    written = io.StringIO()
    logs.configure(stream=written)
    yield written
    for one, handlers, propagate, level in before:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


def script_of_errors(messages, **settings):
    text = str(messages[-1]["content"])
    if "crash" in text:
        raise RuntimeError(f"it crashed on {text} with {KEY}")
    if "refuse" in text:
        raise CallError(f"refused {text}", raw=text)
    return {"shouted": "no " * 3 if "garble" in text else text.upper()}


async def test_every_request_is_one_json_line_without_content(log):
    service = hosted(script=script_of_errors, keys=Keys({digest_of(KEY): Caller("alice")}))
    async with asking(service, headers={"Authorization": f"Bearer {KEY}"}) as client:
        for word in ("fine", "crash", "refuse", "garble"):
            await client.post("/v1/predict", json={"word": f"{word} {SAID}"})
        await client.post("/v1/batch", json={"rows": [{"word": f"crash {SAID}"}]})
        await client.post("/v1/predict", json={"wrod": SAID})
        await client.post("/v1/predict", json={"word": SAID}, headers={"Authorization": "Bearer st-wrong-one"})
    text = log.getvalue()
    for kept in (SAID, KEY, "st-wrong-one", SAID.upper()):
        assert kept not in text
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 500, 502, 200, 200, 422, 401]
    assert all({"id", "route", "ms", "key", "at", "level"} <= line.keys() for line in requests)
    assert requests[0]["calls"] == 1
    assert requests[0]["key"] == "alice"
    crashes = [line for line in lines if line["event"] == "failure"]
    assert crashes[0]["error"].startswith("RuntimeError")
    assert any("script_of_errors" in place for place in crashes[0]["places"])
    assert crashes[0]["id"] == requests[1]["id"]


async def test_contents_are_logged_when_asked_for_and_secrets_never_are(log):
    logs.configure(content=True, stream=log)
    service = hosted(script=lambda messages, **settings: (_ for _ in ()).throw(RuntimeError(f"{SAID} sk-verysecret123")))
    async with asking(service) as client:
        await client.post("/v1/predict", json={"word": "tree"})
        assert SAID in log.getvalue()
    service = hosted(log_content=True)
    async with asking(service) as client:
        await client.post("/v1/predict", json={"word": "tree"})
    (answer,) = [one for one in map(json.loads, log.getvalue().splitlines()) if one["event"] == "answer"]
    assert (answer["inputs"], answer["outputs"]) == ({"word": "tree"}, {"shouted": "TREE"})
    assert "sk-verysecret123" not in log.getvalue()


async def test_a_request_is_a_span_with_its_cost_and_without_content(monkeypatch):
    spans = []

    class Span:
        def __init__(self, name, **options):
            spans.append(self)
            self.name, self.options, self.attributes = name, options, {}

        def set_attributes(self, attributes):
            self.attributes |= attributes

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return False

    if tracing.trace is None:
        pytest.skip("needs opentelemetry-api")
    tracer = type("Tracer", (), {"start_as_current_span": lambda self, name, **options: Span(name, **options)})()
    monkeypatch.setattr(tracing.trace, "get_tracer", lambda *_: tracer)
    async with asking(hosted()) as client:
        await client.post("/v1/predict", json={"word": SAID})
    (span,) = spans
    assert span.name == "selftaught /v1/predict"
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["selftaught.calls"] == 1
    assert SAID not in str(span.attributes)


async def test_without_opentelemetry_it_serves_all_the_same(monkeypatch):
    monkeypatch.setattr(tracing, "trace", None)
    async with asking(hosted()) as client:
        assert (await client.post("/v1/predict", json={"word": "tree"})).status_code == 200
