"""A stub of an OpenAI-compatible chat server in a process of its own, on the loopback interface, on a free port.

It waits a fixed time, then answers `Yes` in the form that the prompt asks for (DSPy's markers, or JSON), and counts the
calls: `with Stub(seconds=0.2) as stub: stub.url, stub.calls()`. It shares the machine with what is measured, so it does as
little as a server can: no framework, bare HTTP/1.1 with kept connections and `Content-Length`, ready-made answers.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Any, Self

FIELD = "answer"
TEXT = "Yes"
MARKERS = f"[[ ## {FIELD} ## ]]\n{TEXT}\n\n[[ ## completed ## ]]"
JSON_TEXT = json.dumps({FIELD: TEXT})


class Stub:
    """The stub server as a context manager.

    Args:
        seconds: how long every answer takes.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.stub", "--seconds", str(self.seconds)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait()

    def calls(self) -> int:
        """Return how many chat completions were asked for since the last question, and count from zero again."""
        with urllib.request.urlopen(f"{self.url}/calls") as counted:
            return int(counted.read())


def answer(content: str) -> dict[str, Any]:
    """Return a chat completion in OpenAI's form."""
    return {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


def _response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class Connection(asyncio.Protocol):
    """One kept connection: requests come one after the other, each is answered after its time."""

    seconds = 0.0
    counted = 0
    markers = _response(json.dumps(answer(MARKERS)).encode())
    plain = _response(json.dumps(answer(JSON_TEXT)).encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._seen = b""

    def data_received(self, data: bytes) -> None:
        """Collect a request until it is whole."""
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        if not end:
            return
        length = next((int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), 0)
        if len(body) >= length:
            self._seen = body[length:]
            self._answer(head, body[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            Connection.counted, counted = 0, Connection.counted
            self._write(_response(str(counted).encode()))
            return
        Connection.counted += 1
        asyncio.get_running_loop().call_later(
            self.seconds, self._write, self.markers if b"[[ ## completed ## ]]" in body else self.plain
        )

    def _write(self, response: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(response)


async def serve(seconds: float) -> None:
    """Answer until the process is ended; the port is the first line of the standard output."""
    Connection.seconds = seconds
    gc.disable()
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0.2)
    asyncio.run(serve(parser.parse_args().seconds))
