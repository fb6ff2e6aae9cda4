"""A language model that is a function from a request to an answer."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import dspy

from selftaught.adapter import OUTPUT_HEADING, CompactAdapter
from selftaught.budget import Spend
from selftaught.metering import MeteredLM, Reply, scrub

Script = Callable[..., Any]
FIELD = re.compile(r'[{}]|"(\w+)": ')


class FakeLM(MeteredLM):
    """A metered model whose answers come from a function.

    Args:
        function: `function(messages: list[dict], **settings) -> str | dict`; a dict holds the answer's fields. It may be
            async, and may raise: ConnectionFailed is retried as from a real server.
        latency: seconds that each answer takes.
        settings: see `MeteredLM`.

    Attributes:
        requests: the messages of every call that reached the function, in order.
    """

    def __init__(
        self, function: Script, *, latency: float = 0.0, name: str = "fake", adapter: dspy.Adapter | None = None, **settings: Any
    ) -> None:
        backend = _ScriptedBackend(function, latency, name)
        super().__init__(backend, adapter=adapter or CompactAdapter(), **{"max_tokens": 1000, **settings})
        self.requests: list[list[dict[str, Any]]] = backend.requests

    @property
    def calls(self) -> int:
        """How many requests reached the function."""
        return len(self.requests)


class _ScriptedBackend:
    supports_response_schema = True

    def __init__(self, function: Script, latency: float, name: str) -> None:
        self.function = function
        self.latency = latency
        self.name = name
        self.requests: list[list[dict[str, Any]]] = []

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        self.requests.append(messages)
        if self.latency:
            await asyncio.sleep(self.latency)
        said = self.function(messages, **settings)
        if inspect.isawaitable(said):
            said = await said
        text = said if isinstance(said, str) else _written(said, messages)
        words = sum(len(str(message["content"]).split()) for message in messages)
        return Reply(text, prompt_tokens=words, completion_tokens=len(text.split()), usd=0.0)

    def most(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Spend:
        return Spend(1, sum(len(str(message["content"])) for message in messages) + int(settings["max_tokens"]), 0.0)

    def scrub(self, text: str) -> str:
        return scrub(text)


def _written(fields: dict[str, Any], messages: list[dict[str, Any]]) -> str:
    """Write an answer in the form that the prompt asks for: DSPy's markers, or JSON."""
    if any("[[ ## completed ## ]]" in str(message["content"]) for message in messages):  # DSPy's JSON adapter has no such mark
        return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items()) + "\n\n[[ ## completed ## ]]"
    return json.dumps(fields, ensure_ascii=False)


def answer_fields(messages: list[dict[str, Any]]) -> list[str]:
    """Return the names of the output fields that a compact prompt asks for: how a script knows which step is asking."""
    shape = str(messages[0]["content"]).rpartition(OUTPUT_HEADING)[2]
    names, depth = [], 0
    for token in FIELD.finditer(shape):
        if token.group() in "{}":
            depth += 1 if token.group() == "{" else -1
        elif depth == 1:
            names.append(token.group(1))
    return names
