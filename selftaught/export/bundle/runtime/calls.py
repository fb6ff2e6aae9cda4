"""Calls of the model: which sample is drawn here, one request for what is asked twice at the same time, and retries."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from selftaught.errors import CallError, ConnectionFailed
from selftaught.export.bundle.runtime.server import Server, model

RETRIES = 3
"""How often a passing fault (no connection, rate limit) is tried again."""


@dataclass(frozen=True)
class Scope:
    """Which sample is drawn: its name, and the temperature that replaces one of zero. `ledgers`: who counts the calls."""

    rollout: str = ""
    temperature: float | None = None
    ledgers: tuple[Ledger, ...] = ()


_scope: ContextVar[Scope] = ContextVar("scope", default=Scope())  # noqa: B039 - frozen


def current() -> Scope:
    """Return what holds here."""
    return _scope.get()


@contextlib.contextmanager
def scoped(**changes: Any) -> Iterator[Scope]:
    """Change which sample is drawn inside a `with` block; nothing else has a meaning here."""
    inner = replace(
        current(), **{name: value for name, value in changes.items() if name in ("rollout", "temperature", "ledgers")}
    )
    token = _scope.set(inner)
    try:
        yield inner
    finally:
        _scope.reset(token)


@contextlib.contextmanager
def resampled(name: str, temperature: float | None) -> Iterator[Scope]:
    """Draw another sample of whatever runs in the block; samples nest."""
    outer = current()
    rollout = f"{outer.rollout}/{name}" if outer.rollout else name
    with scoped(rollout=rollout, temperature=temperature if temperature is not None else outer.temperature) as inner:
        yield inner


@contextlib.contextmanager
def context(**changes: Any) -> Iterator[None]:
    """Nothing changes: what programs set in this way is for their ledger."""
    yield


@dataclass(frozen=True)
class Reply:
    """What the model said. `finish`: why it stopped. `logprobs`: OpenAI's form, or None."""

    text: str | None
    finish: str = "stop"
    logprobs: Any = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Ledger:
    """The replies that came."""

    def __init__(self) -> None:
        self.rows: list[Reply] = []


_under_way: dict[tuple[int, str], asyncio.Future[Reply]] = {}
"""Requests that wait for their answer; an identical one waits for the same."""


async def ask(messages: list[dict[str, str]], settings: dict[str, Any]) -> Reply:
    """Answer one request.

    Raises:
        CallError: the model could not be asked, or refused.
    """
    server = model()
    merged = {name: value for name, value in {**server.settings, **settings}.items() if value is not None and name != "cache"}
    here = current()
    if here.rollout:
        merged["rollout_id"] = "/".join(part for part in (str(merged.get("rollout_id") or ""), here.rollout) if part)
        merged["temperature"] = merged.get("temperature") or here.temperature
    key = id(asyncio.get_running_loop()), json.dumps([messages, merged], sort_keys=True, default=repr)
    if (waiting := _under_way.get(key)) is None:
        waiting = _under_way[key] = asyncio.ensure_future(_answered(server, messages, merged))
        waiting.add_done_callback(lambda _: _under_way.pop(key, None))
    reply = await asyncio.shield(waiting)
    for ledger in here.ledgers:
        ledger.rows.append(reply)
    return reply


async def _answered(server: Server, messages: list[dict[str, str]], settings: dict[str, Any]) -> Reply:
    for attempt in range(RETRIES + 1):
        try:
            return reply_of(await server.complete(messages, settings))
        except ConnectionFailed:
            if attempt == RETRIES:
                raise
            await asyncio.sleep(min(0.25 * 2**attempt, 20.0) * (0.75 + 0.5 * random.random()))
    raise AssertionError("unreachable")


def reply_of(answer: dict[str, Any]) -> Reply:
    """Return the reply in a server's answer.

    Raises:
        CallError: there is none.
    """
    try:
        choice = answer["choices"][0]
        text, usage = (choice.get("message") or {}).get("content"), answer.get("usage") or {}
        prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CallError("The server's answer has no choices.", raw=json.dumps(answer)[:2000]) from error
    return Reply(text, choice.get("finish_reason") or "stop", choice.get("logprobs"), prompt, completion)
