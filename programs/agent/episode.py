"""An episode: one run through an environment, with the trace of what was done and seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from selftaught.errors import SettingError
from selftaught.programs.agent.environment import Environment, Observation, Restorable, settled
from selftaught.signatures import Task

LONGEST_SEEN = 300
"""Characters of an earlier observation that are shown; the present one is shown whole."""
NOTHING_YET = "Nothing yet."


@dataclass(frozen=True, slots=True)
class Transition:
    """One step: what was seen, what was done, what was seen then."""

    before: str
    action: str
    after: str
    reward: float = 0.0
    done: bool = False


class Episode:
    """One run through an environment. `notes`: what a method wants to tell of the steps."""

    def __init__(self, environment: Environment, now: Observation) -> None:
        self.environment, self.now = environment, now
        self.transitions: list[Transition] = []
        self.notes: list[dict[str, Any]] = []

    @classmethod
    async def started(cls, environment: Environment) -> Episode:
        """Reset the environment and begin."""
        return cls(environment, await settled(environment.reset()))

    @property
    def done(self) -> bool:
        """True when the environment has ended the episode."""
        return self.now.done

    @property
    def solved(self) -> bool:
        """True when it has ended with a reward."""
        return self.now.done and self.now.reward > 0

    @property
    def actions(self) -> list[str]:
        """What was done, in order."""
        return [one.action for one in self.transitions]

    @property
    def reward(self) -> float:
        """The sum of the rewards."""
        return sum(one.reward for one in self.transitions)

    def options(self, without: Collection[str] = ()) -> list[str]:
        """Return what can be done now, each once; nothing when the episode is over."""
        return [] if self.done else [one for one in dict.fromkeys(self.environment.actions()) if one not in without]

    async def take(self, action: str) -> Transition:
        """Do something and write it down."""
        before, self.now = self.now.text, await settled(self.environment.step(action))
        self.transitions.append(Transition(before, action, self.now.text, self.now.reward, self.now.done))
        return self.transitions[-1]

    def copy(self) -> Episode:
        """Return the same episode, to be continued apart from this one.

        Raises:
            SettingError: the environment cannot be copied.
        """
        if not isinstance(self.environment, Restorable):
            raise SettingError(
                f"A {type(self.environment).__name__} has no copy(), so its states cannot be restored or tried out."
            )
        twin = Episode(self.environment.copy(), self.now)
        twin.transitions, twin.notes = list(self.transitions), list(self.notes)
        return twin

    def text(self) -> str:
        """Return the trace as numbered lines."""
        return history_of(self.transitions)


def history_of(transitions: Sequence[Transition]) -> str:
    """Return steps as numbered lines: what was done, what was seen then."""
    lines = [f"{number}. {one.action} -> {one.after[:LONGEST_SEEN]}" for number, one in enumerate(transitions, 1)]
    return "\n".join(lines) or NOTHING_YET


def among(signature: Task, field: str, options: Sequence[str], *, several: bool = False) -> Task:
    """Return a signature whose answer field is one of these texts, or a list of them, so that nothing else can be said."""
    choice = Literal[tuple(options)]  # type: ignore[valid-type]
    return signature.with_updated_fields(field, type_=list[choice] if several else choice)  # type: ignore[valid-type]
