"""A language model that is a function from a request to an answer."""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import re
from collections.abc import Callable
from typing import Any

import dspy

from selftaught.adapter import OUTPUT_HEADING, CompactAdapter
from selftaught.budget import Spend
from selftaught.metering import MeteredLM, Reply, scrub

Script = Callable[..., Any]
Odds = dict[str, dict[str, float]]
FIELD = re.compile(r'[{}]|"(\w+)": ')


class FakeLM(MeteredLM):
    """A metered model whose answers come from a function.

    Args:
        function: `function(messages: list[dict], **settings) -> str | dict`; a dict holds the answer's fields. It may be
            async, and may raise: ConnectionFailed is retried as from a real server. To test what reads log-probabilities, it
            returns a pair, the answer and its odds: `({"score": 7}, {"score": {"7": 0.6, "3": 0.4}})`. They are given to
            those who ask for log-probabilities; for an answer without odds there are none.
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
        said, odds = said if isinstance(said, tuple) else (said, {})
        text = said if isinstance(said, str) else _written(said, messages)
        logprobs = logprobs_of(text, odds) if odds and settings.get("logprobs") else None
        words = sum(len(str(message["content"]).split()) for message in messages)
        return Reply(text, prompt_tokens=words, completion_tokens=len(text.split()), usd=0.0, logprobs=logprobs)

    def most(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Spend:
        return Spend(1, sum(len(str(message["content"])) for message in messages) + int(settings["max_tokens"]), 0.0)

    def scrub(self, text: str) -> str:
        return scrub(text)


def _written(fields: dict[str, Any], messages: list[dict[str, Any]]) -> str:
    """Write an answer in the form that the prompt asks for: DSPy's markers, or JSON."""
    if any("[[ ## completed ## ]]" in str(message["content"]) for message in messages):  # DSPy's JSON adapter has no such mark
        return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items()) + "\n\n[[ ## completed ## ]]"
    return json.dumps(fields, ensure_ascii=False)


def logprobs_of(text: str, odds: Odds) -> dict[str, Any]:
    """Return the log-probabilities of an answer in OpenAI's form, with each field's value as one token.

    Args:
        text: the answer, as JSON or with DSPy's markers.
        odds: field -> what the model could have said there -> its probability. Those that add up to less than 1 leave the rest
            to what is not shown.

    Raises:
        ValueError: the answer has no such field, or a probability is not above 0.
    """
    tokens, end = [], 0
    for field, candidates in sorted(odds.items(), key=lambda one: _value_of(text, one[0]).start()):
        value = _value_of(text, field)
        tokens += [_token(text[end : value.start()]), _token(value.group(), candidates)]
        end = value.end()
    return {"content": [*tokens, _token(text[end:])]}


def _value_of(text: str, field: str) -> re.Match[str]:
    found = re.search(rf'(?<="{field}": )[^\s",}}]+|(?<="{field}": ")[^"]+|(?<=## {field} ## \]\]\n).+', text)
    if found is None:
        raise ValueError(f"The answer {text!r} has no field {field!r}, for which odds are given.")
    return found


def _token(text: str, candidates: dict[str, float] | None = None) -> dict[str, Any]:
    shown = {text: 1.0} if candidates is None else candidates
    top = [{"token": token, "logprob": math.log(chance)} for token, chance in shown.items()]
    return {"token": text, "logprob": math.log(shown.get(text, 1.0)), "top_logprobs": top}


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
