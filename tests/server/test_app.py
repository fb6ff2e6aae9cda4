"""The HTTP routes: typed from the task, bounded, and never silent about why there is no answer."""

import asyncio
import json
import time
from typing import Literal

import dspy
import pytest

import selftaught as st
from selftaught.errors import (
    AnswerError,
    BudgetSpent,
    CallError,
    ConnectionFailed,
    InputError,
    ModelError,
    SettingError,
    TaskError,
    TruncatedAnswer,
)
from selftaught.server import ServerSettings, Service, make_app
from selftaught.server.settings import server_settings
from selftaught.testing import FakeLM
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Place, Shout, Survey, obliging
from tests.server.hosting import Held, asking, events, hosted, until

SECRET = "sk-verysecret123456"
PROMPT = "the-prompt-that-nobody-may-see"


async def test_an_answer_is_what_the_program_answers_with_its_steps_and_its_cost():
    service = hosted(st.programs.SelfRefine(Survey))
    with dspy.context(lm=FakeLM(obliging)):
        direct = st.programs.SelfRefine(Survey)(**SURVEY_INPUT)
    async with asking(service) as client:
        found = (await client.post("/v1/predict", json=SURVEY_INPUT)).json()
    assert found["outputs"] == SURVEY_ANSWER
    assert [step["step"] for step in found["steps"]] == [step.step for step in direct.steps]
    assert found["more"]["rounds"] == direct.rounds
    assert found["usage"]["calls"] == service.lm.calls == 3
    assert service.ledger.usage.calls == 3


async def test_openapi_shows_the_types_of_the_task():
    async with asking(hosted(st.Predict(Survey))) as client:
        api = (await client.get("/openapi.json")).json()
    schemas = api["components"]["schemas"]
    inputs, outputs = schemas["SurveyInputs"], schemas["SurveyOutputs"]["properties"]
    assert inputs["properties"]["tags"]["items"] == {"type": "string"}
    assert inputs["required"] == ["text", "tags"]
    assert inputs["additionalProperties"] is False
    assert {"enum": ["good", "bad"], "type": "string"} in outputs["mood"]["anyOf"]
    assert {"$ref": "#/components/schemas/Place"} in outputs["place"]["anyOf"]
    rows = schemas["SurveyRows"]["properties"]["rows"]
    assert rows["items"]["properties"] == inputs["properties"]
    assert (rows["minItems"], rows["maxItems"]) == (1, 64)
    predict = api["paths"]["/v1/predict"]["post"]
    assert predict["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/SurveyInputs"}
    assert predict["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/SurveyAnswer"}


def test_the_instruction_that_tuning_found_is_not_told():
    program = st.Predict(Shout)
    program.signature = program.signature.with_instructions("The tuned secret of the house.")
    assert "tuned secret" not in json.dumps(make_app(hosted(program)).openapi())
    assert "capital letters" in json.dumps(make_app(hosted(program)).openapi())


class Odd(dspy.Signature):
    """Take fields of many kinds."""

    kind: Literal["a", "b"] = dspy.InputField(desc="one of two")
    json: dict[str, list[int]] = dspy.InputField()
    share: float = dspy.InputField(ge=0, le=1)
    note: str | None = dspy.InputField(default=None)
    shouted: str = dspy.OutputField()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "c"}, "kind"),
        ({"share": 1.5}, "share"),
        ({"json": {"a": "x"}}, "json.a"),
        ({"extra": 1}, "extra"),
        ({"note": 7}, "note"),
    ],
)
async def test_inputs_that_do_not_fit_are_refused_by_name_before_any_call(changes, field):
    service = hosted(st.Predict(Odd))
    fitting = {"kind": "a", "json": {"a": [1]}, "share": 0.5}
    async with asking(service) as client:
        assert (await client.post("/v1/predict", json=fitting)).status_code == 200
        calls = service.lm.calls
        found = await client.post("/v1/predict", json={**fitting, **changes})
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["errors"][0]["field"].startswith(field)
    assert service.lm.calls == calls


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"word": "\xff"}', b"null", b"[]", b'"x"', b"7"])
async def test_a_body_that_is_no_input_is_a_problem(body):
    service = hosted()
    async with asking(service, headers={"Content-Type": "application/json"}) as client:
        for path in ("/v1/predict", "/v1/batch", "/v1/stream", "/v1/chat/completions"):
            found = await client.post(path, content=body)
            assert found.status_code in (400, 422), (path, found.text)
            assert found.json()["status"] == found.status_code
    assert service.lm.calls == 0


async def test_a_form_of_another_page_cannot_ask():
    service = hosted()
    async with asking(service) as client:
        simple = await client.post("/v1/predict", content=b'{"word": "tree"}', headers={"Content-Type": "text/plain"})
        rebound = await client.post("/v1/predict", json={"word": "tree"}, headers={"Host": "evil.example"})
        preflight = await client.options("/v1/predict", headers={"Origin": "http://evil.example"})
    assert simple.status_code == 422
    assert rebound.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    assert service.lm.calls == 0


async def test_overload_is_refused_at_once_and_all_room_is_given_back():
    held = Held()
    service = hosted(script=held, max_concurrency=2, queue=3, max_batch=4)
    async with asking(service) as client:
        asked = [asyncio.create_task(client.post("/v1/predict", json={"word": f"w{i}"})) for i in range(5)]
        await until(lambda: service.gate.taken == 5)
        assert service.gate.running == 2
        for path, body in (("/v1/predict", {"word": "x"}), ("/v1/stream", {"word": "x"}), ("/v1/batch", {"rows": [{"word": "x"}]}),
                           ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]})):  # fmt: skip
            started = time.monotonic()
            refused = await client.post(path, json=body)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2"), path
            assert time.monotonic() - started < 5
        held.open.set()
        assert [one.status_code for one in await asyncio.gather(*asked)] == [200] * 5
        assert (service.gate.taken, service.gate.running) == (0, 0)
        assert (await client.post("/v1/predict", json={"word": "again"})).status_code == 200
    assert service.lm.calls == 6


async def test_time_runs_out_with_504_while_answering_and_with_503_while_waiting():
    service = hosted(script=Held(), max_concurrency=1, queue=1, timeout=0.2)
    async with asking(service) as client:
        assert (await client.post("/v1/predict", json={"word": "answered"})).status_code == 504
        async with service.gate.turn():
            assert (await client.post("/v1/predict", json={"word": "waiting"})).status_code == 503
    assert (service.gate.taken, service.gate.running) == (0, 0)


async def test_the_rows_of_a_batch_fail_alone():
    def script(messages, **settings):
        if "bad" in str(messages[-1]["content"]):
            raise CallError("refused")
        return obliging(messages, **settings)

    async with asking(hosted(script=script, max_concurrency=2)) as client:
        rows = [{"word": "tree"}, {"word": "bad"}, {"wrod": "tree"}, 7, {"word": "leaf"}]
        found = (await client.post("/v1/batch", json={"rows": rows})).json()
        assert (await client.post("/v1/batch", json={"rows": []})).status_code == 422
    assert [row["index"] for row in found["rows"]] == [0, 1, 2, 3, 4]
    assert [row["problem"] and row["problem"]["status"] for row in found["rows"]] == [None, 502, 422, 422, None]
    assert [row["answer"] and row["answer"]["outputs"]["shouted"] for row in found["rows"]] == ["TREE", None, None, None, "LEAF"]
    assert found["usage"]["calls"] == 3


async def test_a_batch_is_bounded_and_taken_whole_or_not_at_all():
    held = Held()
    service = hosted(script=held, max_concurrency=2, queue=2, max_batch=3)
    async with asking(service) as client:
        assert (await client.post("/v1/batch", json={"rows": [{"word": "x"}] * 4})).status_code == 422
        asked = asyncio.create_task(client.post("/v1/batch", json={"rows": [{"word": f"w{i}"} for i in range(3)]}))
        await until(lambda: service.gate.taken == 3)
        assert (await client.post("/v1/batch", json={"rows": [{"word": "x"}] * 2})).status_code == 503
        assert service.gate.taken == 3
        held.open.set()
        assert all(row["answer"] for row in (await asked).json()["rows"])
    assert service.gate.taken == 0


async def test_a_large_request_is_refused_whether_it_says_its_size_or_not():
    async def endless():
        while True:
            yield b" " * 1000

    service = hosted(max_body=2000)
    async with asking(service, headers={"Content-Type": "application/json"}) as client:
        said = await client.post("/v1/predict", content=b" " * 2001)
        streamed = await client.post("/v1/predict", content=endless())
        assert (said.status_code, streamed.status_code) == (413, 413)
        assert (await client.post("/v1/predict", json={"word": "w" * 1900})).status_code == 200


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    async def silent():
        yield b"{"
        await asyncio.sleep(30)

    monkeypatch.setattr("selftaught.server.door.BODY_SECONDS", 0.05)
    async with asking(hosted(), headers={"Content-Type": "application/json"}) as client:
        assert (await client.post("/v1/predict", content=silent())).status_code == 408


@pytest.mark.parametrize(
    ("error", "status"),
    [(AnswerError(f"{PROMPT} {SECRET}", raw=PROMPT), 502), (TruncatedAnswer(PROMPT), 502), (CallError(f"{PROMPT} {SECRET}"), 502),
     (ConnectionFailed(f"http://10.0.0.7:8000 said {PROMPT}"), 503), (BudgetSpent("Budget(calls=1) is spent"), 429),
     (InputError("the word is no word"), 422), (ModelError(f"/home/somebody/{SECRET}"), 500), (SettingError(PROMPT), 500),
     (RuntimeError(f"{PROMPT} {SECRET}"), 502), (RuntimeError(PROMPT), 500), (KeyError(PROMPT), 500), (RecursionError(PROMPT), 500)],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else str(one),
)  # fmt: skip
async def test_each_error_has_its_status_and_tells_nothing_of_what_is_behind(error, status, caplog):
    def script(messages, **settings):
        raise error

    caplog.set_level("INFO", logger="selftaught.server")
    service = hosted(script=script)
    async with asking(service) as client:
        for path, body in (
            ("/v1/predict", {"word": "tree"}),
            ("/v1/chat/completions", {"messages": [{"role": "user", "content": "tree"}]}),
        ):
            found = await client.post(path, json=body)
            told = found.json()
            assert (found.status_code, told["status"]) == (status, status)
            assert found.headers["content-type"] == "application/problem+json"
            assert told["id"] == found.headers["x-request-id"]
            assert ("retry-after" in found.headers) == (status == 503)
            for kept in (PROMPT, SECRET, "Traceback", "10.0.0.7", "/home/"):
                assert kept not in found.text
            assert ("error" in told) == path.startswith("/v1/chat")
        name, data = events((await client.post("/v1/stream", json={"word": "tree"})).text)[-1]
        assert (name, data["status"]) == ("problem", status)
    assert service.gate.taken == 0


async def test_half_a_character_comes_back_as_it_was_asked():
    async with asking(hosted(), headers={"Content-Type": "application/json"}) as client:
        assert '"shouted": "\\ud800"' in (await client.post("/v1/predict", content=b'{"word": "\\ud800"}')).text


async def test_a_text_that_the_model_would_write_cannot_break_the_json():
    def script(messages, **settings):
        return {"shouted": 'a"b\u2028\n\\ </script> \x00'}

    async with asking(hosted(script=script)) as client:
        assert (await client.post("/v1/predict", json={"word": "tree"})).json()["outputs"]["shouted"] == script([])["shouted"]


async def test_numbers_that_json_does_not_have_become_null():
    class Measured(dspy.Module):
        async def aforward(self, word):
            return dspy.Prediction(shouted="X", score=float("nan"), most=[float("inf"), 1.0])

    async with asking(hosted(Measured(), task=Shout)) as client:
        found = (await client.post("/v1/predict", json={"word": "tree"})).json()
    assert found["more"] == {"score": None, "most": [None, 1.0]}


async def test_a_synchronous_module_of_somebody_else_is_served_and_does_not_hold_up_the_server():
    class Slow(dspy.Module):
        def __init__(self):
            super().__init__()
            self.step = dspy.Predict(Shout)  # DSPy's own

        def forward(self, word):
            time.sleep(0.2)
            return self.step(word=word)

    async with asking(hosted(Slow(), task=Shout)) as client:
        asked = asyncio.create_task(client.post("/v1/predict", json={"word": "tree"}))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        assert (await client.get("/healthz")).status_code == 200
        assert time.monotonic() - started < 0.15 or not asked.done()
        found = (await asked).json()
    assert found["outputs"] == {"shouted": "TREE"}
    assert [step["step"] for step in found["steps"]] == ["step"]


async def test_an_answer_without_a_declared_field_is_a_problem():
    class Forgetful(dspy.Module):
        async def aforward(self, word):
            return dspy.Prediction(said="X")

    async with asking(hosted(Forgetful(), task=Shout)) as client:
        assert (await client.post("/v1/predict", json={"word": "tree"})).status_code == 502


async def test_a_program_that_declines_gives_null():
    class Declining(dspy.Module):
        async def aforward(self, word):
            return dspy.Prediction(shouted=None, declined=True)

    async with asking(hosted(Declining(), task=Shout)) as client:
        found = (await client.post("/v1/predict", json={"word": "tree"})).json()
    assert found["outputs"] == {"shouted": None}
    assert found["more"] == {"declined": True}


async def test_one_request_leaves_nothing_of_itself_in_the_process():
    service = hosted()
    before, traced = len(service.lm.history), len(dspy.settings.trace or [])
    async with asking(service) as client:
        for number in range(3):
            await client.post("/v1/predict", json={"word": f"w{number}"})
    assert len(service.lm.history) == before
    assert not service.program.history
    assert len(dspy.settings.trace or []) == traced


async def test_a_caller_who_goes_away_ends_the_work():
    held = Held()
    service = hosted(script=held)
    app, sent = make_app(service), []
    body = json.dumps({"word": "tree"}).encode()
    gone = asyncio.Event()
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive():
        if (message := next(messages, None)) is not None:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/v1/predict", "raw_path": b"/v1/predict",
             "root_path": "", "scheme": "http", "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}  # fmt: skip
    asked = asyncio.create_task(app(scope, receive, send))
    await until(lambda: service.gate.running == 1)
    gone.set()
    await asyncio.wait_for(asked, 10)
    assert (service.gate.taken, service.gate.running) == (0, 0)


async def test_while_it_drains_it_takes_nothing_on_and_says_so():
    service = hosted()
    async with asking(service) as client:
        assert (await client.get("/readyz")).status_code == 200
        service.gate.closing = True
        refused = await client.post("/v1/predict", json={"word": "tree"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
    assert service.lm.calls == 0


async def test_steps_can_be_kept_from_callers():
    async with asking(hosted(st.programs.SelfRefine(Shout), steps=False)) as client:
        assert (await client.post("/v1/predict", json={"word": "tree"})).json()["steps"] is None
        assert [name for name, _ in events((await client.post("/v1/stream", json={"word": "tree"})).text)] == ["prediction"]


class Merge(dspy.Signature):
    """Merge the places into one."""

    places: list[Place] = dspy.InputField()
    place: Place = dspy.OutputField()


async def test_nested_models_of_a_saved_program_are_checked_inside_and_arrive_typed(tmp_path):
    seen = []

    def script(messages, **settings):
        seen.append(str(messages[-1]["content"]))
        return {"place": {"town": "Ulm", "people": 7}}

    program = st.load(st.save(st.Predict(Merge), tmp_path / "merge.st"))
    async with asking(hosted(program, script)) as client:
        found = await client.post(
            "/v1/predict", json={"places": [{"town": "Ulm", "people": 3}, {"town": "Neu-Ulm", "people": 4}]}
        )
        wrong = await client.post("/v1/predict", json={"places": [{"town": "Ulm", "people": "many"}]})
    assert found.json()["outputs"] == {"place": {"town": "Ulm", "people": 7}}
    assert wrong.json()["errors"][0]["field"] == "places.0.people"
    assert len(seen) == 1
    assert "Neu-Ulm" in seen[0]


# --- what cannot be served


def test_a_program_that_tells_no_task_is_refused_with_what_to_do():
    with pytest.raises(TaskError, match="task="):
        Service(dspy.Module(), lm=FakeLM(obliging))


def test_a_server_without_a_model_is_refused():
    with dspy.context(lm=None), pytest.raises(SettingError, match=r"st\.lm"):
        Service(st.Predict(Shout))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_concurency": 3}, "max_concurrency"),
        ({"timeout": 0}, "timeout"),
        ({"queue": -1}, "queue"),
        ({"max_batch": 500}, "never be taken"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(given, said):
    with pytest.raises(SettingError, match=said):
        server_settings(**given)
    assert ServerSettings().hosts("0.0.0.0") == ["*"]
    assert "evil.example" not in ServerSettings().hosts("127.0.0.1")


def test_a_small_server_takes_small_batches():
    assert ServerSettings(max_concurrency=8, queue=8).rows == 16
    assert (ServerSettings().rows, ServerSettings(max_batch=3).rows) == (64, 3)
