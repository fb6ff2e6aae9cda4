"""A scripted server for a program and for its exported file: the same answers to the same requests, each request written down."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import types
from typing import Any

import dspy

from selftaught import scope
from selftaught.adapter import CompactAdapter
from selftaught.engines.chat import ChatBackend
from selftaught.errors import CallError
from selftaught.ledger import Ledger
from selftaught.metering import MeteredLM
from selftaught.testing.samples import obliging

Request = tuple[str, str]
"""The body of a request, byte for byte, and the name of the sample that it is."""


TICKS = 100
"""Rounds of the event loop after which nothing moves that does not wait for an answer."""


class Script:
    """Answers by what is asked and which sample it is, so that the samples of one question differ.

    Args:
        wild: how many of eight answers are something else than the obliging ones.
        broken: how many of eight are no JSON at the first attempt.
    """

    model, secrets = "scripted", ()

    def __init__(self, *, wild: int = 3, broken: int = 0) -> None:
        self.wild, self.broken = wild, broken
        self.requests: list[Request] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def turn(self) -> None:
        """Wait for one's turn: one answer after the other, each when all the others wait, so that nothing hangs on the clock."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        if len(self._waiting) == 1:
            self._serving = asyncio.ensure_future(self._serve())
        await mine

    async def _serve(self) -> None:
        while self._waiting:
            for _ in range(TICKS):
                await asyncio.sleep(0)
            self._waiting[0].set_result(None)
            for _ in range(TICKS):
                await asyncio.sleep(0)
            self._waiting.pop(0)

    def answer(self, body: dict[str, Any], rollout: Any) -> dict[str, Any]:
        """Answer one body."""
        self.requests.append((json.dumps(body), str(rollout or "")))
        chance = int.from_bytes(hashlib.sha256(f"{json.dumps(body)}{rollout}".encode()).digest()[:4], "big")
        said = obliging(body["messages"], response_format=body["response_format"])
        if chance % 8 < self.wild:
            said = {name: varied(value, chance) for name, value in said.items()}
        text = json.dumps(said, ensure_ascii=False)
        if (chance >> 8) % 8 < self.broken and "retry" not in str(rollout):
            text = "Sorry, no."
        logprobs = tokens(text) if body.get("logprobs") else None
        usage = {"prompt_tokens": chance % 97, "completion_tokens": len(text)}
        return {"choices": [{"message": {"content": text}, "finish_reason": "stop", "logprobs": logprobs}], "usage": usage}


def varied(value: Any, chance: int) -> Any:
    """Return another value of the same form."""
    if isinstance(value, bool):
        return bool(chance & 64) if value else not chance & 64
    if isinstance(value, str) and value not in ("yes", "no", "first", "second", "good", "bad"):
        return f"{value} {chance % 5}"
    return [varied(one, chance) for one in value] if isinstance(value, list) else value


def tokens(text: str) -> dict[str, Any]:
    """Return log-probabilities in OpenAI's form, a character a token."""
    return {"content": [{"token": one, "logprob": -0.1, "top_logprobs": [{"token": one, "logprob": -0.1}]} for one in text]}


class Backend(ChatBackend):
    """The scripted server as the backend of a program."""

    def __init__(self, script: Script) -> None:
        super().__init__(script, name="scripted", price=None)  # type: ignore[arg-type]

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
        """Answer once."""
        body = {"model": self.server.model, "messages": messages, **settings}
        rollout = body.pop("rollout_id", None)
        await self.server.turn()  # type: ignore[attr-defined]
        return self._reply(self.server.answer(body, rollout))  # type: ignore[attr-defined]


def of_program(program: dspy.Module, inputs: dict[str, Any], script: Script, **settings: Any) -> Any:
    """Return what a program answers."""
    lm = MeteredLM(Backend(script), adapter=CompactAdapter(), **{"max_tokens": 1024, **settings})
    with dspy.context(lm=lm), scope.scoped(ledgers=(Ledger(),)):
        return outcome(lambda: asyncio.run(program.acall(**inputs)), CallError)


def loaded(text: str) -> types.ModuleType:
    """Return an exported file as a module."""
    module = types.ModuleType("exported")
    sys.modules["exported"] = module  # dataclasses look there
    exec(compile(text, "exported.py", "exec"), module.__dict__)
    return module


def of_file(text: str, inputs: dict[str, Any], script: Script, **settings: Any) -> Any:
    """Return what an exported file answers."""
    module = loaded(text)
    server = module.Server

    async def complete(self: Any, messages: list[dict[str, Any]], asked: dict[str, Any]) -> Any:
        body = {"model": self.name, "messages": messages, **asked}
        rollout = body.pop("rollout_id", None)
        await script.turn()
        return script.answer(body, rollout)

    server.complete = complete
    module.configure("http://127.0.0.1:1", "scripted", **settings)
    return outcome(lambda: asyncio.run(module.aanswer(**inputs)), module.CallError)


def outcome(run: Any, failure: type[Exception]) -> Any:
    """Return the values of an answer as text, or the kind of failure and the raw answer; steps in no order, as some run at once."""
    try:
        found = run()
    except failure as error:
        return type(error).__name__, error.raw  # type: ignore[attr-defined]
    return {name: str(sorted(map(shown, value))) if name == "steps" else shown(value) for name, value in found.items()}


def shown(value: Any) -> str:
    """Return a value as text, whichever class holds it."""
    if hasattr(value, "model_dump"):
        return shown(value.model_dump())
    if hasattr(value, "_store"):
        return shown(dict(value.items()))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {shown(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(one) for one in value) + "]"
    if hasattr(value, "__dataclass_fields__"):
        return shown({name: getattr(value, name) for name in value.__dataclass_fields__})
    return repr(value)
