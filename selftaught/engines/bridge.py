"""The bridge to a `dspy.LM` that the user configured: every provider DSPy knows, metered all the same."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

import dspy

from selftaught.budget import Spend
from selftaught.errors import CallError
from selftaught.metering import MeteredLM, Reply, scrub


class DspyBackend:
    """Any DSPy language model as the metered model's backend.

    DSPy's own retries are switched off, so that each attempt is reserved and counted here; its cache stays as the user
    set it, and a hit there costs nothing here.
    """

    def __init__(self, inner: dspy.BaseLM, price: tuple[float, float] | None = None) -> None:
        self.inner = inner.copy(num_retries=0)
        self.name = inner.model
        self.price = price
        keys = [str(value) for name, value in inner.kwargs.items() if "key" in name and value]
        passwords = [urlsplit(str(inner.kwargs[name])).password for name in ("api_base", "base_url") if inner.kwargs.get(name)]
        self._secrets = tuple(secret for one in [*keys, *passwords] if one for secret in (one, unquote(one)))

    @property
    def supports_response_schema(self) -> bool:
        """Whether the inner model takes a JSON schema."""
        return bool(self.inner.supports_response_schema)

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        """Answer once."""
        asked = list(messages)  # the identity of this list finds our entry in a history shared by many calls
        with dspy.context(disable_history=False, usage_tracker=None):
            if type(self.inner).acall is not dspy.BaseLM.acall or type(self.inner).aforward is not dspy.BaseLM.aforward:
                outputs = await self.inner.acall(messages=asked, **settings)
            else:  # a model without an asynchronous side of its own
                import asyncio

                outputs = await asyncio.to_thread(self.inner, messages=asked, **settings)
        entry: dict[str, Any] = next((entry for entry in reversed(self.inner.history) if entry.get("messages") is asked), {})
        return self._reply(outputs, entry)

    def _reply(self, outputs: list[Any], entry: dict[str, Any]) -> Reply:
        if not outputs:
            raise CallError(f"{self.name}: the model returned nothing.")
        output = outputs[0] if isinstance(outputs[0], dict) else {"text": outputs[0]}
        usage = entry.get("usage") or {}
        prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        cached = bool(getattr(entry.get("response"), "cache_hit", False))
        known = entry.get("cost")
        usd = 0.0 if cached else known if known is not None else self._cost(prompt, completion)
        extra = {
            name: json.loads(json.dumps(value, default=_plain))
            for name, value in output.items()
            if name not in ("text", "logprobs")
        }
        logprobs = json.loads(json.dumps(output["logprobs"], default=_plain)) if output.get("logprobs") else None
        return Reply(output.get("text"), prompt, completion, usd, _finish(entry), cached, logprobs, extra)

    def most(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Spend:
        """Bound one call by the bytes of its prompt and its `max_tokens`."""
        prompt = len(json.dumps([messages, settings], ensure_ascii=False, default=str).encode())
        completion = int(settings.get("max_completion_tokens") or settings["max_tokens"])
        return Spend(1, prompt + completion, self._cost(prompt, completion))

    def _cost(self, prompt: int, completion: int) -> float | None:
        return None if self.price is None else (prompt * self.price[0] + completion * self.price[1]) / 1e6

    def scrub(self, text: str) -> str:
        """Take the inner model's keys out of a text."""
        return scrub(text, self._secrets)


_metered: WeakKeyDictionary[dspy.BaseLM, MeteredLM] = WeakKeyDictionary()
"""Not an attribute of the model: its copies, which have settings of their own, would take it along."""


def metered(lm: dspy.BaseLM) -> MeteredLM:
    """Return a metered model for any DSPy model; the same one for the same object."""
    if isinstance(lm, MeteredLM):
        return lm
    known = _metered.get(lm)
    if known is None:
        known = _metered[lm] = MeteredLM(DspyBackend(lm), retries=lm.num_retries)
    known.kwargs = {
        name: value for name, value in lm.kwargs.items() if "key" not in name and name not in ("api_base", "base_url")
    }
    return known


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else getattr(value, "__dict__", None) or repr(value)


def _finish(entry: dict[str, Any]) -> str:
    response = entry.get("response")
    reason = getattr(response, "finish_reason", None)
    if reason is None and (choices := getattr(response, "choices", None)):
        reason = getattr(choices[0], "finish_reason", None)
    return str(reason or "stop")
