"""A hard budget: reserved before a call, settled after it, never exceeded whatever the concurrency."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from selftaught import scope
from selftaught.errors import BudgetError, BudgetSpent

LIMITS = ("calls", "tokens", "usd")
ROUNDING = 1e-9
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Spend:
    """An amount of spending. `tokens`: prompt and completion together. `usd`: None where the price is unknown."""

    calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0


class Budget:
    """A ceiling on calls, tokens, US dollars and seconds; any subset of them.

    Each call reserves the most it can cost before it is sent and settles its true cost afterwards, so that the ceiling
    holds with hundreds of calls in flight. When what is left is too little only because calls in flight have reserved
    more than they will use, the next call waits for them. `seconds` counts from the first reservation: no call starts
    after it, and calls in flight are allowed to end (a paid response is never thrown away).

    Budgets nest: inside `with Budget(calls=10):` every call counts against it and against all budgets around it.

    Raises:
        BudgetError: a limit is not a positive number, or none is given.
    """

    def __init__(
        self, calls: int | None = None, tokens: int | None = None, usd: float | None = None, seconds: float | None = None
    ) -> None:
        self.limits: dict[str, float | None] = {"calls": calls, "tokens": tokens, "usd": usd}
        self.seconds = seconds
        given = {**self.limits, "seconds": seconds}
        for name, value in given.items():
            if value is not None and not (_is_number(value) and value > 0):
                raise BudgetError(f"Budget({name}={value!r}): a limit is a positive number. Leave it out for no limit.")
        if all(value is None for value in given.values()):
            raise BudgetError("Budget() sets no limit. Give at least one of calls, tokens, usd, seconds.")
        self.spent: dict[str, float] = dict.fromkeys(LIMITS, 0.0)
        self.reserved: dict[str, float] = dict.fromkeys(LIMITS, 0.0)
        self._outstanding = 0
        self._number = next(_numbers)
        self._started: float | None = None
        self._lock = threading.Lock()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._entered: list[contextlib.AbstractContextManager[Any]] = []

    def __repr__(self) -> str:
        limits = {**self.limits, "seconds": self.seconds}
        given = ", ".join(f"{name}={value}" for name, value in limits.items() if value is not None)
        return f"Budget({given})"

    def __enter__(self) -> Self:
        entered = scope.scoped(budgets=(*scope.current().budgets, self))
        entered.__enter__()
        self._entered.append(entered)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._entered.pop().__exit__(kind, error, trace)

    def left(self, limit: str) -> float:
        """Return what is neither spent nor reserved of one limit; infinity where there is none."""
        ceiling = self.limits[limit]
        return float("inf") if ceiling is None else ceiling - self.spent[limit] - self.reserved[limit]

    @property
    def over(self) -> bool:
        """True when not even the smallest call can be made any more."""
        return self._late() or any(self.limits[limit] is not None and self.spent[limit] >= self.limits[limit] for limit in LIMITS)  # type: ignore[operator]

    def charge(self, spend: Spend) -> None:
        """Count spending of the past, when a run is resumed."""
        with self._lock:
            self._add(self.spent, spend, +1)

    def try_reserve(self, most: Spend) -> bool:
        """Set aside the most a call can cost. False when it does not fit now."""
        with self._lock:
            self._started = self._started or time.monotonic()
            if not self._fits(most):
                return False
            self._add(self.reserved, most, +1)
            self._outstanding += 1
            return True

    def settle(self, most: Spend, actual: Spend) -> None:
        """Give back a reservation and count what the call did cost; `Spend()` when it was never sent."""
        with self._lock:
            self._add(self.reserved, most, -1)
            self._add(self.spent, actual, +1)
            self._outstanding -= 1
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)

    async def reserve(self, most: Spend) -> None:
        """Reserve, waiting for calls in flight to settle where that can help.

        Raises:
            BudgetSpent: it does not fit, and nothing in flight could make room.
        """
        while not self.try_reserve(most):
            future = self._wait_or_refuse(most)
            await future

    def _wait_or_refuse(self, most: Spend) -> asyncio.Future[None]:
        with self._lock:
            if self._late() or not self._fits_after_settling(most):
                raise BudgetSpent(self._refusal(most))
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            if self._fits(most):  # something settled between the try and here
                future.set_result(None)
            else:
                self._waiters.append((loop, future))
            return future

    def _fits(self, most: Spend) -> bool:
        return not self._late() and all(self._amount(most, limit) <= self.left(limit) + ROUNDING for limit in LIMITS)

    def _fits_after_settling(self, most: Spend) -> bool:
        return (
            self._outstanding > 0
            and all(self._amount(most, limit) <= self.left(limit) + self.reserved[limit] + ROUNDING for limit in LIMITS)
        ) or self._fits(most)

    def _refusal(self, most: Spend) -> str:
        if self._late():
            return f"{self!r} is spent: {self.seconds} seconds have passed."
        short = next((limit for limit in LIMITS if self._amount(most, limit) > self.left(limit) + ROUNDING), LIMITS[0])
        return (
            f"{self!r} is spent: the next call may cost {self._amount(most, short):g} {short}, "
            f"{max(self.left(short), 0):g} are left. Results so far are kept; run again with more."
        )

    def _amount(self, spend: Spend, limit: str) -> float:
        amount = getattr(spend, limit)
        if amount is None:
            if self.limits["usd"] is None:
                return 0.0
            raise BudgetError(
                "A budget in usd needs a price, and none is known for this model. "
                "Give st.lm(..., price=(usd per million prompt tokens, usd per million completion tokens))."
            )
        return float(amount)

    def _late(self) -> bool:
        return self.seconds is not None and self._started is not None and time.monotonic() - self._started >= self.seconds

    def _add(self, account: dict[str, float], spend: Spend, sign: int) -> None:
        for limit in LIMITS:
            account[limit] += sign * float(getattr(spend, limit) or 0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@contextlib.asynccontextmanager
async def reserved(budgets: tuple[Budget, ...], most: Spend) -> Any:
    """Hold a reservation in every budget around a call; the block reports what the call cost through `report(spend)`.

    Where one budget refuses, what the others had set aside is given back. All calls take their budgets in one order (of
    making), so that two calls never wait for each other; a budget that is in force twice is taken once.
    """
    held: list[Budget] = []
    actual = [Spend()]
    try:
        for budget in sorted(set(budgets), key=lambda one: one._number):
            await budget.reserve(most)
            held.append(budget)
        yield lambda spend: actual.__setitem__(0, spend)
    finally:
        for budget in held:
            budget.settle(most, actual[0])
