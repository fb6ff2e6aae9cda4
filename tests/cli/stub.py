"""A small OpenAI-compatible server on the loopback interface, answering like a scripted model."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import web

from selftaught.testing.samples import learner


@contextlib.contextmanager
def serving(script: Callable[..., Any] = learner) -> Iterator[tuple[str, list[Any]]]:
    """Serve inside a `with` block; yields the URL and the list of bodies received."""
    bodies: list[Any] = []
    loop, ready, address = asyncio.new_event_loop(), threading.Event(), []

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        bodies.append(body)
        said = script(body["messages"], **{name: value for name, value in body.items() if name not in ("messages", "model")})
        content = said if isinstance(said, str) else json.dumps(said)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        return web.json_response(
            {"id": "1", "model": "stub", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
        )

    async def start() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address.append(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield address[0], bodies
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
