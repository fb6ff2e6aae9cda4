"""What several test files share: a fresh Python process, and a server on this machine."""

import contextlib
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)  # the same examples on every machine
settings.register_profile("random", deadline=None)  # pytest --hypothesis-profile=random looks for new ones
settings.load_profile("repeatable")
with contextlib.suppress(ImportError, AttributeError):  # else examples hold constants of whatever modules happen to be loaded
    from hypothesis.internal.conjecture import providers

    _nothing_local = type(providers._local_constants)()
    providers._get_local_constants = lambda: _nothing_local

FreshProcess = Callable[..., str]


@pytest.fixture
def fresh_process() -> FreshProcess:
    """Run code in a process of its own and return what it printed; fail when it fails or does not end."""

    def run(code: str, *arguments: Any, seconds: float = 150) -> str:
        command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the process did not end within {seconds} s")
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


class Loopback:
    """A server on this machine. `answer(headers, body) -> (status, content[, headers])`; `requests`: what came in."""

    def __init__(self, answer: Callable[[Any, bytes], tuple[Any, ...]]) -> None:
        outer = self
        self.requests: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((dict(self.headers), body))
                status, content, *more = answer(self.headers, body)
                content = json.dumps(content).encode() if isinstance(content, dict) else content
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **(more[0] if more else {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def loopback() -> Any:
    """Start servers that end with the test."""
    servers: list[Loopback] = []

    def start(answer: Callable[[Any, bytes], tuple[Any, ...]]) -> Loopback:
        servers.append(Loopback(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def chat_answer(text: str, *, prompt: int = 3, completion: int = 2, finish: str = "stop") -> dict[str, Any]:
    """Return the body of an OpenAI chat completion."""
    return {
        "id": "1", "object": "chat.completion", "created": 0, "model": "any",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }  # fmt: skip


@pytest.fixture
def chat() -> Callable[..., dict[str, Any]]:
    """Return the function that writes a chat completion."""
    return chat_answer
