"""Chat servers, and the two ways to use one: as the metered model's backend, and as a DSPy engine.

A chat server takes the body of an OpenAI chat completion and returns its answer, both plain dictionaries. The local model
(`local.py`) and an OpenAI-compatible URL (`http.py`) are chat servers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

from dspy import lm15
from dspy.lm15 import Request, Response

from selftaught.budget import Spend
from selftaught.errors import CallError
from selftaught.loop import run_sync
from selftaught.metering import Reply, scrub

Price = tuple[float, float]
"""US dollars per million prompt tokens, and per million completion tokens."""

_ANSWER_FIELDS = ("tool_calls", "reasoning_content")


class ChatServer(Protocol):
    """Answers chat completions in OpenAI's form."""

    model: str
    secrets: tuple[str, ...]

    async def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one body. Raise ConnectionFailed where a retry may help, CallError otherwise."""

    async def aclose(self) -> None:
        """Let go of connections or memory."""


class ChatBackend:
    """A chat server as the metered model's backend.

    Args:
        server: answers.
        name: the model's name in the ledger and in keys.
        price: for the ledger; (0, 0) for a model in this process; None where unknown.
        seeded: give each rollout its own seed, so that a sampled answer can be drawn again.
    """

    supports_response_schema = True

    def __init__(self, server: ChatServer, *, name: str, price: Price | None, seeded: bool = False) -> None:
        self.server = server
        self.name = name
        self.price = price
        self.seeded = seeded

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        """Answer once."""
        body = {"model": self.server.model, "messages": messages, **settings}
        rollout = body.pop("rollout_id", None)
        if self.seeded and "seed" not in body and body.get("temperature"):
            body["seed"] = _seed(messages, rollout)
        return self._reply(await self.server.chat(body))

    def _reply(self, answer: dict[str, Any]) -> Reply:
        try:
            choice, usage = answer["choices"][0], answer.get("usage") or {}
            message = choice.get("message") or {}
            prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
            reused = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
            extra = {name: message[name] for name in _ANSWER_FIELDS if message.get(name)}
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise CallError(f"{self.name}: the server's answer has no choices.", raw=json.dumps(answer)[:2000]) from error
        return Reply(
            text=message.get("content"),
            prompt_tokens=prompt,
            completion_tokens=completion,
            usd=self._cost(prompt, completion),
            finish=choice.get("finish_reason") or "stop",
            logprobs=choice.get("logprobs"),
            extra=extra,
            reused_tokens=reused,
        )

    def most(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Spend:
        """Bound one call: a token is at least one byte, and the answer ends at `max_tokens`."""
        prompt = len(json.dumps([messages, settings], ensure_ascii=False, default=str).encode())
        completion = int(settings.get("max_completion_tokens") or settings["max_tokens"])
        return Spend(1, prompt + completion, self._cost(prompt, completion))

    def _cost(self, prompt: int, completion: int) -> float | None:
        return None if self.price is None else (prompt * self.price[0] + completion * self.price[1]) / 1e6

    def scrub(self, text: str) -> str:
        """Take the server's secrets out of a text."""
        return scrub(text, self.server.secrets)


class ChatEngine:
    """A chat server as DSPy's synchronous `Engine`: `dspy.LM("x", engine=ChatEngine(server), async_engine=...)`."""

    supports_response_schema = True
    supported_params = frozenset({"temperature", "max_tokens", "top_p", "stop", "seed", "logprobs", "response_format"})

    def __init__(self, server: ChatServer) -> None:
        self.server = server

    def complete(self, request: Request) -> Response:
        """Answer one canonical request."""
        return run_sync(lambda: _complete(self.server, request))

    def stream(self, request: Request) -> Iterator[Any]:
        """Yield the events of one answer, once it is complete."""
        yield from lm15.response_to_events(self.complete(request))

    def close(self) -> None:
        """Let go of connections or memory."""
        run_sync(self.server.aclose)


class AsyncChatEngine:
    """A chat server as DSPy's `AsyncEngine`."""

    supports_response_schema = True
    supported_params = ChatEngine.supported_params

    def __init__(self, server: ChatServer) -> None:
        self.server = server

    async def complete(self, request: Request) -> Response:
        """Answer one canonical request."""
        return await _complete(self.server, request)

    async def stream(self, request: Request) -> AsyncIterator[Any]:
        """Yield the events of one answer, once it is complete."""
        for event in lm15.response_to_events(await _complete(self.server, request)):
            yield event

    async def aclose(self) -> None:
        """Let go of connections or memory."""
        await self.server.aclose()


async def _complete(server: ChatServer, request: Request) -> Response:
    try:
        answer = await server.chat(chat_body(request) | {"model": server.model})
    except CallError as error:  # an engine speaks lm15's errors
        raise lm15.TransportError(scrub(str(error), server.secrets)) from error
    return lm15.response_from_openai_chat(answer, model=request.model)


def chat_body(request: Request) -> dict[str, Any]:
    """Return a canonical request as the body of an OpenAI chat completion. Text only.

    Raises:
        UnsupportedFeatureError: an image, audio or tool part.
    """
    messages = [] if request.system is None else [{"role": "system", "content": _text(request.system)}]
    messages += [{"role": message.role, "content": _text(message.parts)} for message in request.messages]
    config = request.config
    body: dict[str, Any] = {"model": request.model, "messages": messages}
    for name in ("max_tokens", "temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty"):
        if (value := getattr(config, name)) is not None:
            body[name] = value
    if config.stop:
        body["stop"] = list(config.stop)
    if config.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": config.logprobs}
    if (form := config.response_format) is not None:
        body["response_format"] = form if form["type"] == "json_object" else {
            "type": "json_schema", "json_schema": {name: value for name, value in form.items() if name != "type"}}  # fmt: skip
    return body


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    for part in content:
        if part.type != "text":
            raise lm15.UnsupportedFeatureError(f"this engine takes text only, not a part of type {part.type!r}")
    return "".join(part.text for part in content)


def _seed(messages: list[dict[str, Any]], rollout: Any) -> int:
    text = json.dumps([messages, rollout], ensure_ascii=False, default=repr)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
