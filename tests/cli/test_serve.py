"""`selftaught serve` as a process: it answers, refuses in words, and loses nothing when it is stopped under load."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import selftaught as st
from selftaught.run import Run
from selftaught.server.keys import digest_of
from selftaught.testing.samples import Shout
from tests.cli.stub import serving
from tests.cli.test_commands import selftaught

pytest.importorskip("fastapi", reason="needs the extra `serve`")


def loud(messages, **settings):
    time.sleep(0.03)
    return {"shouted": str(messages[-1]["content"]).upper()}


class Process:
    """A running `selftaught serve`."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "selftaught.cli", "serve", *map(str, arguments), "--port", "0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ})
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line)
            if '"ready"' in line:
                self.url = json.loads(line)["url"]
                return
        raise AssertionError("".join(self.lines))

    def stop(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        out, err = self.process.communicate(timeout=60)
        self.lines += err.splitlines(keepends=True)
        return self.process.returncode, out

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def saved(tmp_path):
    return st.save(st.Predict(Shout), tmp_path / "shout.st")


async def burst(url, key, process, count=60, stop_after=10):
    """Send many requests at once, and stop the server when some are answered."""
    headers, answered, told = {"Authorization": f"Bearer {key}"}, [], []
    async with httpx.AsyncClient(headers=headers, timeout=60, limits=httpx.Limits(max_connections=None)) as client:

        async def one(number):
            try:
                found = await client.post(f"{url}/v1/predict", json={"word": f"word{number}"})
            except httpx.TransportError as error:
                told.append(type(error).__name__)
                return
            told.append(found.status_code)
            if found.status_code == 200:
                answered.append(found.json()["outputs"]["shouted"])
                if len(answered) == stop_after:
                    process.send_signal(signal.SIGTERM)

        await asyncio.gather(*(one(number) for number in range(count)))
    return answered, told


def test_stopped_under_load_it_answers_what_it_took_on_and_the_ledger_has_it_all(saved, tmp_path):
    keys, run = tmp_path / "keys.txt", tmp_path / "run"
    made = json.loads(selftaught("serve", "--new-key", "alice", "--keys", keys, "--calls", "1000", "--json").stdout)
    assert digest_of(made["key"]) in keys.read_text()
    with serving(loud) as (url, bodies):
        options = (
            "--model",
            "stub",
            "--api-base",
            url,
            "--adapter",
            "compact",
            "--keys",
            keys,
            "--run",
            run,
            "--max-concurrency",
            4,
        )
        with Process(saved, *options) as server:
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            assert httpx.post(f"{server.url}/v1/predict", json={"word": "x"}).status_code == 401
            answered, told = asyncio.run(burst(server.url, made["key"], server.process))
            code, out = server.stop()
    assert code == 0, server.lines
    assert out == ""
    assert len(answered) >= 10
    assert all(status in (200, 503) or isinstance(status, str) for status in told), told
    assert len(told) == 60
    with Run(run) as kept:
        calls = kept.calls("alice")
    assert len(answered) == len(set(answered)) == len(calls) == len(bodies)
    assert not any(call.error for call in calls)
    log = "".join(server.lines)
    assert '"stopped"' in log
    assert "Traceback" not in log
    assert made["key"] not in log
    assert "word1" not in log.replace("keyword1", "")
    assert all(json.loads(line) for line in server.lines if line.strip())
    assert not list(run.rglob("*.part"))


def test_an_interrupt_ends_it_quietly(saved):
    with serving(loud) as (url, _), Process(saved, "--model", "stub", "--api-base", url) as server:
        code, _ = server.stop(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in "".join(server.lines)


def test_a_model_that_hangs_does_not_hold_the_process_up_for_longer_than_the_drain(saved):
    asked = threading.Event()

    def hanging(messages, **settings):
        asked.set()
        time.sleep(8)
        return {"shouted": "LATE"}

    options = ("--model", "stub", "--adapter", "compact", "--drain", "1")
    with serving(hanging) as (url, _), Process(saved, "--api-base", url, *options) as server, ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: httpx.post(f"{server.url}/v1/predict", json={"word": "tree"}, timeout=30))
        assert asked.wait(20)
        started = time.monotonic()
        code, _ = server.stop()
        assert time.monotonic() - started < 6
        assert found.exception() is not None or found.result().status_code >= 500
    assert code == 0
    assert "Traceback" not in "".join(server.lines)


async def test_the_tool_is_served_over_http_beside_the_other_routes(saved):
    mcp = pytest.importorskip("mcp", reason="needs the extra `mcp`")
    options = ("--model", "stub", "--adapter", "compact", "--mcp", "http")
    with serving(loud) as (url, bodies), Process(saved, "--api-base", url, *options) as server:
        async with mcp.Client(f"{server.url}/mcp") as client:
            (tool,) = (await client.list_tools()).tools
            found = await client.call_tool(tool.name, {"word": "tree"})
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
        code, _ = server.stop()
    assert (tool.name, found.structured_content, len(bodies), code) == ("shout", {"shouted": "TREE"}, 1, 0)


def test_a_stream_arrives_step_by_step_over_the_wire(tmp_path):
    seen = []

    def slow(messages, **settings):
        seen.append(time.monotonic())
        time.sleep(0.3)
        return {"shouted": "TREE", "problems": ["too quiet"], "acceptable": False}

    saved = st.save(st.programs.SelfRefine(Shout), tmp_path / "refine.st")
    with serving(slow) as (url, _), Process(saved, "--model", "stub", "--api-base", url, "--adapter", "compact") as server:
        arrived = []
        with httpx.stream("POST", f"{server.url}/v1/stream", json={"word": "tree"}, timeout=60) as response:
            for line in response.iter_lines():
                if line.startswith("event:"):
                    arrived.append((line, len(seen)))
    assert [name for name, _ in arrived] == ["event: step"] * 3 + ["event: prediction"]
    assert arrived[0][1] < 3, "the first step arrives before the last one is asked for"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "saved program"), (("missing.st",), "no artifact"), (("shout.st", "--host", "0.0.0.0"), "--open"), (("shout.st", "--keys", "none.txt"), "none.txt"),
     (("shout.st", "--mcp", "smoke"), "stdio"), (("shout.st", "--timeout", "0"), "timeout"), (("shout.st", "--adapter", "x"), "adapter"),
     (("--new-key", "a b"), "name"), (("shout.st", "--port", "99999"), "port")],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_in_words(saved, arguments, said):
    more = ("--model", "stub", "--api-base", "http://127.0.0.1:9/v1")
    found = selftaught("serve", *arguments, *more, cwd=saved.parent)
    assert found.returncode in (1, 2), found.stderr
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_port_that_is_taken_is_refused_in_words(saved):
    with serving(loud) as (url, _), Process(saved, "--model", "stub", "--api-base", url) as server:
        port = server.url.rpartition(":")[2]
        found = selftaught("serve", saved, "--model", "stub", "--api-base", url, "--port", port)
    assert found.returncode == 2
    assert "cannot listen" in found.stderr
