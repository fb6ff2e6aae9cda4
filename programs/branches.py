"""Calls that are made together, where one may fail without the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from selftaught.errors import CallError

V = TypeVar("V")


async def survivors(calls: Iterable[Awaitable[V]]) -> list[V | None]:
    """Return the results of calls made together, in order; None for one that failed.

    Raises:
        CallError: all of them failed; it is the first one's.
    """
    found = await asyncio.gather(*calls, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, CallError):
            raise one
    if found and isinstance(found[0], CallError) and all(isinstance(one, CallError) for one in found):
        raise found[0]
    return [None if isinstance(one, BaseException) else one for one in found]
