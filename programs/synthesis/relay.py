"""Models of this process, asked from others: a worker's stages call a stand-in, which hands each request over and waits.

The stages are sent with `dumped`, which puts a stand-in in the place of every model, so that no key, connection or weight leaves this
process, and every call is stored, bounded and recorded here as if it had been made here.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import dspy

from selftaught import scope
from selftaught.engines import metered
from selftaught.metering import MeteredLM, Reply, last_reply, step_name

SECRETS = ("api_key", "api_base", "base_url")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to one of the models, with what it is counted as here."""

    model: int
    messages: list[dict[str, Any]]
    settings: dict[str, Any]
    purpose: scope.Purpose
    label: str
    step: str


class Models:
    """The models that stages ask, by number, in the order in which they were found."""

    def __init__(self) -> None:
        self.known: list[MeteredLM] = []

    def number_of(self, lm: dspy.BaseLM) -> int:
        """Return the number of a model."""
        own = metered(lm)
        if own not in self.known:
            self.known.append(own)
        return self.known.index(own)

    async def answer(self, asked: Request) -> Reply | Exception:
        """Return the reply to a request, or the error that the one who asked is to raise."""
        try:
            with scope.scoped(purpose=asked.purpose, label=asked.label, step=asked.step):
                return await self.known[asked.model].reply(asked.messages, asked.settings)
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            return error


class StandIn(MeteredLM):
    """A model in another process.

    Args:
        number: of the model there.
        name: of it.
        schemas: whether answers can be constrained to a JSON schema.
        ask: hands a request over.
    """

    def __init__(
        self, number: int, name: str, schemas: bool, adapter: dspy.Adapter | None, settings: dict[str, Any],
        ask: Callable[[Request], Awaitable[Reply | Exception]],
    ) -> None:  # fmt: skip
        super().__init__(_Nowhere(name, schemas), adapter=adapter, **settings)
        self.number, self.ask = number, ask

    async def reply(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        """Hand one request over and return its reply."""
        here = scope.current()
        found = await self.ask(Request(self.number, messages, settings, here.purpose, here.label, step_name()))
        if isinstance(found, Exception):
            raise found
        if (listener := last_reply.get()) is not None:
            listener.append(found)
        return found


class _Nowhere:
    """The backend of a stand-in, which is never asked."""

    def __init__(self, name: str, supports_response_schema: bool) -> None:
        self.name, self.supports_response_schema = name, supports_response_schema

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        raise NotImplementedError

    def most(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
        raise NotImplementedError

    def scrub(self, text: str) -> str:
        return text


def dumped(value: Any, models: Models, ask: Any) -> bytes:
    """Return a value as bytes, with a stand-in that asks by `ask` in the place of each model; the models are added to `models`."""
    cloudpickle: Any = import_module("ray.cloudpickle")

    def stand_in(lm: dspy.BaseLM) -> tuple[Any, ...]:
        own = metered(lm)
        plain = {name: one for name, one in own.kwargs.items() if name not in SECRETS}
        return StandIn, (models.number_of(lm), own.model, own.supports_response_schema, own.adapter, plain, ask)

    class Pickler(cloudpickle.CloudPickler):
        def reducer_override(self, obj: Any) -> Any:
            return stand_in(obj) if isinstance(obj, dspy.BaseLM) else super().reducer_override(obj)

    out = io.BytesIO()
    Pickler(out).dump(value)
    return out.getvalue()
