"""The program as an MCP tool, asked by the official client: in this process, over HTTP behind the door, and as a process."""

import json
import sys

import httpx
import pytest

import selftaught as st
from selftaught.errors import CallError, SettingError
from selftaught.server import make_app, tool
from selftaught.server.keys import Caller, Keys, digest_of
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey
from tests.cli.stub import serving
from tests.server.hosting import hosted

mcp = pytest.importorskip("mcp", reason="needs the extra `mcp`")

SECRET = "sk-verysecret123456"


async def test_it_is_one_tool_with_the_types_of_the_task():
    service = hosted(st.programs.SelfRefine(Survey))
    async with mcp.Client(tool.tool_server(service)) as client:
        (found,) = (await client.list_tools()).tools
        assert found.name == "Survey"
        assert "Describe the place" in found.description
        assert found.input_schema["properties"]["tags"]["items"] == {"type": "string"}
        assert found.input_schema["required"] == ["text", "tags"]
        assert "mood" in found.output_schema["properties"]
        answer = await client.call_tool("Survey", SURVEY_INPUT)
    assert not answer.is_error
    assert answer.structured_content == SURVEY_ANSWER
    assert json.loads(answer.content[0].text) == SURVEY_ANSWER
    assert service.ledger.usage.calls == 3


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("Survey", {"text": "x"}, "tags"),
        ("Survey", {**SURVEY_INPUT, "more": 1}, "more"),
        ("Survey", {}, "text"),
        ("Survei", SURVEY_INPUT, "Survey"),
    ],
)
async def test_what_does_not_fit_is_a_failed_call_in_words(name, arguments, said):
    service = hosted(st.Predict(Survey))
    async with mcp.Client(tool.tool_server(service)) as client:
        found = await client.call_tool(name, arguments)
    assert found.is_error
    assert said in found.content[0].text
    assert service.lm.calls == 0
    assert service.gate.taken == 0


async def test_a_failure_is_told_without_what_is_behind():
    def script(messages, **settings):
        raise CallError(f"http://10.0.0.7 {SECRET}")

    async with mcp.Client(tool.tool_server(hosted(script=script))) as client:
        found = await client.call_tool("Shout", {"word": "tree"})
    assert found.is_error
    assert "10.0.0.7" not in found.content[0].text
    assert SECRET not in found.content[0].text


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(tool, "Server", None)
    with pytest.raises(SettingError, match=r"selftaught\[mcp\]"):
        tool.tool_server(hosted())


async def test_over_http_it_is_behind_the_door():
    service = hosted(keys=Keys({digest_of("right"): Caller("alice")}))
    app = make_app(service)
    tool.add_http(app, service)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "Shout", "arguments": {"word": "tree"}}}
    headers = {"Accept": "application/json, text/event-stream"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers) as client,
    ):
        assert (await client.post("/mcp", json=body)).status_code == 401
        found = await client.post("/mcp", json=body, headers={"Authorization": "Bearer right"})
        assert found.status_code == 200, found.text
        assert (
            await client.post("/mcp", json=body, headers={"Authorization": "Bearer right", "Host": "evil.example"})
        ).status_code == 400
    assert "TREE" in found.text
    assert [row.label for row in service.ledger.rows] == ["alice"]


async def test_a_process_speaks_it_on_its_standard_streams(tmp_path):
    path = st.save(st.Predict(Shout), tmp_path / "shout.st")

    def script(messages, **settings):
        return {"shouted": str(messages[-1]["content"]).upper()}

    with serving(script) as (url, bodies):
        arguments = [
            "-m",
            "selftaught.cli",
            "serve",
            str(path),
            "--mcp",
            "stdio",
            "--model",
            "stub",
            "--api-base",
            url,
            "--adapter",
            "compact",
        ]
        process = mcp.StdioServerParameters(command=sys.executable, args=arguments)
        async with mcp.Client(mcp.stdio_client(process)) as client:
            (found,) = (await client.list_tools()).tools
            answer = await client.call_tool(found.name, {"word": "tree"})
            wrong = await client.call_tool(found.name, {"wrod": "tree"})
    assert found.name == "shout"
    assert answer.structured_content == {"shouted": "TREE"}
    assert wrong.is_error
    assert len(bodies) == 1
