"""The door: what every HTTP request passes, whichever route it asks for.

1. It gets an id.   2. Its key is looked up.   3. Its body is read, up to a size and within a time.   4. The route answers; whatever it
raises becomes a problem.   5. One log line, one span, the counters.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from selftaught.server import logs
from selftaught.server.problems import Trouble, refused, told
from selftaught.server.service import Service, Visit, spent, to_json
from selftaught.server.tracing import span

OPEN = frozenset({"/", "/page.js", "/page.css", "/healthz", "/readyz"})
"""Routes that need no key. The page asks for one when it needs it."""
OPENAI = "/v1/chat/completions"
BODY_SECONDS = 30.0
GONE = 499
"""The status in the log of a request whose caller went away."""

SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class Door:
    """ASGI middleware; see the top of this file.

    Args:
        app: answers.
        service: whose keys, bounds and counters hold.
        routes: known paths; other ones are counted as one.
    """

    def __init__(self, app: ASGIApp, service: Service, routes: Iterable[str]) -> None:
        self.app = app
        self.service = service
        self.routes = frozenset(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit, started, headers = Visit(), time.perf_counter(), Headers(scope=scope)  # 1
        scope.setdefault("state", {})["visit"] = visit
        route, reply = scope["path"] if scope["path"] in self.routes else "other", Reply(send, visit.id)
        with span(route, headers) as facts:
            try:
                await self._enter(scope, receive, reply, headers, visit)
            except asyncio.CancelledError:
                reply.status = GONE
                raise
            finally:
                self._leave(scope["method"], route, reply.status, time.perf_counter() - started, visit, facts)

    async def _enter(self, scope: Scope, receive: Receive, reply: Reply, headers: Headers, visit: Visit) -> None:
        try:
            if scope["path"] not in OPEN:
                visit.caller = self.service.keys.caller(_key(headers))  # 2
            body = await self._body(receive, headers)  # 3
            if isinstance(body, Trouble):
                await reply.problem(body, scope, receive, visit)
            elif body is None:
                reply.status = GONE
            else:
                await self.app(scope, _replayed(body, receive), reply)  # 4
        except Exception as error:  # noqa: BLE001 - told to the caller as a problem, and to the log
            await reply.problem(told(error, visit.id), scope, receive, visit)

    async def _body(self, receive: Receive, headers: Headers) -> bytes | Trouble | None:
        """Return the whole body, why there is none, or None when the caller has gone."""
        most = self.service.settings.max_body
        too_large = refused(
            413, "too-large", f"The request is larger than {most} bytes, which is the most that this server reads."
        )
        if headers.get("content-length", "0").isdecimal() and int(headers.get("content-length", "0")) > most:
            return too_large
        parts, size = [], 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        return too_large
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            return refused(408, "too-slow", f"The request did not arrive within {BODY_SECONDS:g} seconds.")

    def _leave(self, method: str, route: str, status: int, seconds: float, visit: Visit, facts: dict[str, Any]) -> None:  # 5
        self.service.metrics.answered(route, status, seconds, visit.problem)
        used = spent(visit.ledger.usage)
        facts |= {"http.response.status_code": status, "http.route": route, "selftaught.calls": used["calls"]}
        facts |= {f"selftaught.{name}": used[name] for name in ("prompt_tokens", "completion_tokens")}
        asked = {"key": visit.caller.name, **used} if used["calls"] or used["cached"] else {"key": visit.caller.name}
        why: dict[str, Any] = {"problem": visit.problem} if visit.problem else {}
        logs.tell("request", id=visit.id, method=method, route=route, status=status, ms=round(seconds * 1e3, 1), **asked, **why)


class Reply:
    """Sends a response with the headers that all have, and remembers its status."""

    def __init__(self, send: Send, visit_id: str) -> None:
        self._send = send
        self._headers = [*SAFE, (b"x-request-id", visit_id.encode())]
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send one message of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            there = {name.lower() for name, _ in message.get("headers", ())}
            more = [one for one in self._headers if one[0] not in there]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await self._send(message)

    async def problem(self, trouble: Trouble, scope: Scope, receive: Receive, visit: Visit) -> None:
        """Send a problem, unless a response has begun already."""
        visit.problem = trouble.kind
        if not self.status:
            await problem_response(trouble, scope["path"], visit)(scope, receive, self)


def problem_response(trouble: Trouble, path: str, visit: Visit) -> Response:
    """Return a problem as a response, and write it down for the log line."""
    visit.problem = trouble.kind
    content = to_json(trouble.body(visit.id, openai=path == OPENAI))
    return Response(content, trouble.status, trouble.headers, "application/problem+json")


def _key(headers: Headers) -> str | None:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else headers.get("x-api-key")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read, and then what else comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
