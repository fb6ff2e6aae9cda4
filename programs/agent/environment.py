"""Environments: what an agent acts in. Three methods, a fourth where going back is possible.

`reset` starts an episode, `actions` lists what can be done now, `step` does it. An environment that can be copied can also be
tried out before acting and restored after a wrong move. Any of `reset` and `step` may be a coroutine, for environments that wait.
An episode is solved when it is done with a reward above 0.

A program takes an environment in one of three forms: the name it is registered under (such a program can be saved), an object
with `copy` (each input gets a copy of its own), or a callable from the task's inputs to a fresh environment.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from selftaught.errors import SettingError, nearest

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Observation:
    """What is seen after a reset or an action.

    `text`: in words. `reward`: for this step. `done`: the episode is over. `undoable`: the world as it was before can be restored
    from a copy; False for what cannot be taken back, such as a sent form.
    """

    text: str
    reward: float = 0.0
    done: bool = False
    undoable: bool = True


@runtime_checkable
class Environment(Protocol):
    """What an agent acts in."""

    def reset(self) -> Observation | Awaitable[Observation]:
        """Start an episode."""

    def actions(self) -> list[str]:
        """Return what can be done now, in a fixed order; nothing where the agent is stuck."""

    def step(self, action: str) -> Observation | Awaitable[Observation]:
        """Do one of `actions`."""


@runtime_checkable
class Restorable(Environment, Protocol):
    """An environment whose state can be kept and tried out."""

    def copy(self) -> Environment:
        """Return an independent environment in the same state."""


Make: TypeAlias = Callable[[dict[str, Any]], Environment]
Source: TypeAlias = str | Environment | Make

_registered: dict[str, Make] = {}


def register_environment(name: str, make: Make) -> Make:
    """Register an environment under a name.

    Args:
        name: what programs are given.
        make: from a task's inputs to a fresh environment. A later one of the same name replaces it.
    """
    _registered[name] = make
    return make


def checked(source: Any) -> Any:
    """Return a source of environments that can be used.

    Raises:
        SettingError: an unknown name, an object that cannot be copied, or something else.
    """
    if isinstance(source, str):
        if source not in _registered:
            raise SettingError(
                f"environment={source!r}: not registered{nearest(source, _registered)}. Known: {sorted(_registered)}. "
                "Use register_environment(name, make) before the program is built or loaded."
            )
    elif isinstance(source, Environment) and not isinstance(source, type):
        if not isinstance(source, Restorable):
            raise SettingError(
                f"environment: a {type(source).__name__} has no copy(), so inputs would share it. Give a callable that makes one."
            )
    elif not callable(source):
        raise SettingError(f"environment={source!r}: expected a registered name, an environment, or a callable that makes one.")
    return source


def environment_for(source: Any, inputs: Mapping[str, Any]) -> Environment:
    """Return a fresh environment for one input.

    Raises:
        SettingError: the callable made something else.
    """
    if isinstance(source, Restorable) and not isinstance(source, type):
        return source.copy()
    made = (_registered[source] if isinstance(source, str) else source)(dict(inputs))
    if not isinstance(made, Environment):
        raise SettingError(f"environment: {source!r} made a {type(made).__name__}, which has no reset, actions and step.")
    return made


async def settled(value: V | Awaitable[V]) -> V:
    """Return a value, waited for where it is still to come."""
    return await value if inspect.isawaitable(value) else value
