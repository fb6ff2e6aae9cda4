"""What surrounds a call: whose purpose it serves, which budgets bound it, where it is recorded.

One immutable value in DSPy's own settings context. It follows tasks, threads, and DSPy's threaded tools (which hand on
nothing else), so a judge's calls are counted as the judge's wherever they run, and nested budgets all apply.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import dspy

from selftaught.errors import BudgetError

if TYPE_CHECKING:
    from selftaught.budget import Budget
    from selftaught.ledger import Ledger
    from selftaught.run import Run

Purpose = Literal["task", "judge", "optimizer"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds for the calls made here.

    `purpose`: what they are counted as. `label`: groups ledger rows, such as one trial of a run. `leave_out`: never show
    a demonstration of the very input that is being answered. `rollout` and `temperature`: draw another sample of whatever
    runs here; the temperature replaces one of zero. `step`: the name of the step that calls, where it runs in another process.
    """

    purpose: Purpose = "task"
    budgets: tuple[Budget, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    run: Run | None = None
    label: str = ""
    leave_out: bool = False
    rollout: str = ""
    temperature: float | None = None
    step: str = ""


_NOTHING = Scope()
_KEY = "selftaught_scope"


def current() -> Scope:
    """Return the scope in force here."""
    return dspy.settings.get(_KEY, _NOTHING)


def in_force(budget: Budget | None) -> tuple[Budget, ...]:
    """Return the budgets that hold here, and one more where it is given.

    Raises:
        BudgetError: it is no budget.
    """
    from selftaught.budget import Budget

    if budget is not None and not isinstance(budget, Budget):
        raise BudgetError(f"budget={budget!r}: expected a budget, such as st.Budget(calls=400).")
    return current().budgets if budget is None else (*current().budgets, budget)


def elsewhere() -> dict[str, Scope]:
    """Return settings for `dspy.context` in another process: what holds here, without what is kept and counted here."""
    return {_KEY: replace(current(), budgets=(), ledgers=(), run=None)}


@contextlib.contextmanager
def scoped(**changes: Any) -> Iterator[Scope]:
    """Change some fields of the scope inside a `with` block."""
    inner = replace(current(), **changes)
    with dspy.context(**{_KEY: inner}):
        yield inner


@contextlib.contextmanager
def resampled(name: str, temperature: float | None) -> Iterator[Scope]:
    """Draw another sample of whatever runs in the block; samples nest, so a sample of a sample is its own."""
    outer = current()
    rollout = f"{outer.rollout}/{name}" if outer.rollout else name
    with scoped(rollout=rollout, temperature=temperature if temperature is not None else outer.temperature) as inner:
        yield inner
