"""The gate: so many inputs are answered at a time, so many wait, and the next is refused at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from selftaught.errors import Overloaded


class Gate:
    """Bounds what a server has taken on.

    Args:
        running: inputs answered at the same time.
        waiting: how many more may wait.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self.capacity = running + waiting
        self.taken = 0
        self.running = 0
        self.closing = False
        self._turns = asyncio.Semaphore(running)

    def take(self, count: int = 1) -> list[Place]:
        """Take on some inputs, all or none.

        Raises:
            Overloaded: there is no room for all of them, or the server is being stopped.
        """
        if self.closing:
            raise Overloaded("The server is being stopped and takes nothing on. Ask again in a moment.")
        if self.taken + count > self.capacity:
            raise Overloaded(
                f"The server has {self.taken} inputs to answer and takes on at most {self.capacity}. Ask again in a moment."
            )
        self.taken += count
        return [Place(self) for _ in range(count)]

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it inside the block."""
        async with self._turns:
            self.running += 1
            try:
                yield
            finally:
                self.running -= 1


class Place:
    """Room for one input, given back once."""

    def __init__(self, gate: Gate) -> None:
        self._gate: Gate | None = gate

    def leave(self) -> None:
        """Give the room back."""
        if self._gate is not None:
            self._gate.taken -= 1
            self._gate = None
