"""Making a value once for each key, however many ask for it at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class Once(Generic[V]):
    """Values that cost calls, kept by key. A copy has the values, and none of what is under way.

    Attributes:
        values: what has been made.
    """

    def __init__(self, values: dict[str, V] | None = None) -> None:
        self.values: dict[str, V] = dict(values or {})
        self._under_way: dict[str, asyncio.Future[V]] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[V]]) -> V:
        """Return the value of a key, made on first use. A failure is raised to all who wait, and not kept."""
        if key not in self.values:
            if key not in self._under_way:
                self._under_way[key] = asyncio.ensure_future(make())
            try:
                self.values[key] = await asyncio.shield(self._under_way[key])
            finally:
                self._under_way.pop(key, None)
        return self.values[key]

    def __getstate__(self) -> dict[str, Any]:
        return {"values": dict(self.values), "_under_way": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
