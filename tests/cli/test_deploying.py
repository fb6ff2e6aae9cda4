"""From tuned to deployed: the four lines of the page, on the program that the quickstart has written, each used as its user would."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import dspy
import httpx
import pytest

import selftaught as st
from selftaught.cli.quickstart import tell
from selftaught.export.messages import rendered
from tests.cli.scripted import solver
from tests.cli.stub import serving
from tests.cli.test_commands import selftaught
from tests.cli.test_serve import Process

PAGE = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8")
LINES = re.search(r"## Four ways out.*?```sh\n(.*?)```", PAGE, re.DOTALL).group(1).splitlines()
MODEL = ("--model", "stub", "--adapter", "compact")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder in which the quickstart has run, with what it was asked last."""
    folder = tmp_path_factory.mktemp("home")
    summary = tell(folder / "runs" / "quickstart", quiet=True, lm=solver())
    return folder, next(part for part in summary.values() if isinstance(part, dict) and {"input", "output"} <= part.keys())


@pytest.fixture(scope="module")
def stub():
    """The scripted model behind a URL, and what it was sent. It answers one at a time: its script draws from one state."""
    script, lock = solver().backend.function, threading.Lock()

    def answered(messages, **settings):
        with lock:
            return script(messages, **settings)

    with serving(answered) as (url, bodies):
        yield url, bodies


def words_of(line):
    """Return the arguments of a line of the page."""
    command, *arguments = shlex.split(line)
    assert command == "selftaught"
    return arguments


def test_there_are_four_lines():
    assert len(LINES) == 4
    assert all(line.startswith("selftaught ") for line in LINES)


def test_a_prompt_file_asks_what_the_program_asks(home, stub):
    folder, asked = home
    done = selftaught(*words_of(LINES[0]), cwd=folder)
    assert done.returncode == 0, done.stderr
    (step,) = json.loads((folder / "prompt.json").read_text())["steps"].values()
    messages = rendered(step, {"input": asked["input"]})
    url, bodies = stub
    body = {"model": "stub", "messages": messages, "response_format": step["response_format"]}
    said = httpx.post(f"{url}/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    assert json.loads(said) == {"output": asked["output"]}
    with dspy.context(lm=st.lm("stub", api_base=url, adapter="compact")):
        assert st.load(folder / "runs" / "quickstart" / "program.st")(input=asked["input"]).output == asked["output"]
    assert bodies[-1]["messages"] == messages


def test_a_python_file_needs_nothing_but_python(home, stub):
    folder, asked = home
    assert selftaught(*words_of(LINES[1]), cwd=folder).returncode == 0
    where = {"OPENAI_BASE_URL": stub[0], "OPENAI_MODEL": "stub", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-I", "-S", "program.py", "--input", f"input={asked['input']}"]
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == asked["output"]


def test_a_server_has_a_page_and_answers(home, stub, monkeypatch):
    pytest.importorskip("fastapi", reason="needs the extra `serve`")
    folder, asked = home
    monkeypatch.chdir(folder)
    command, *arguments = words_of(LINES[2])
    assert command == "serve"
    with Process(*arguments, "--api-base", stub[0], *MODEL) as server:
        page = httpx.get(server.url)
        found = httpx.post(f"{server.url}/v1/predict", json={"input": asked["input"]}, timeout=30)
        code, _ = server.stop()
    assert page.headers["content-type"].startswith("text/html")
    assert "<form" in page.text
    assert found.json()["outputs"] == {"output": asked["output"]}
    assert code == 0


async def test_a_tool_answers_the_official_client(home, stub, monkeypatch):
    mcp = pytest.importorskip("mcp", reason="needs the extra `mcp`")
    folder, asked = home
    arguments = ["-m", "selftaught.cli", *words_of(LINES[3]), "--api-base", stub[0], *MODEL]
    process = mcp.StdioServerParameters(command=sys.executable, args=arguments, cwd=folder)
    async with mcp.Client(mcp.stdio_client(process)) as client:
        (tool,) = (await client.list_tools()).tools
        found = await client.call_tool(tool.name, {"input": asked["input"]})
    assert found.structured_content == {"output": asked["output"]}


def test_the_other_commands_of_the_page_work(home):
    folder, _ = home
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    told = [line for line in lines if line.split()[1] in ("inspect", "sign", "verify", "export") or "--new-key" in line]
    assert len(told) == 7
    for line in told:
        done = selftaught(*words_of(line), cwd=folder)
        assert done.returncode == 0, (line, done.stderr)
    assert (folder / "image" / "README.txt").exists()
