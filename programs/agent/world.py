"""Rooms: a small deterministic text world, to try agents in. Registered as `rooms`.

    garden --(locked)-- hall -- kitchen -- cellar

A lamp lies in the hall, an apple in the kitchen, a key in the cellar, a coin in the garden. The key opens the garden, and it is
used up. The goals need from 1 to 8 actions. Eating the apple cannot be undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from selftaught.errors import SettingError, nearest
from selftaught.programs.agent.environment import Observation, register_environment

DOORS = {"hall": ("kitchen", "garden"), "kitchen": ("hall", "cellar"), "cellar": ("kitchen",), "garden": ("hall",)}
THINGS = {"lamp": "hall", "apple": "kitchen", "key": "cellar", "coin": "garden"}
GOALS = {
    "take the lamp": 1,
    "eat the apple": 3,
    "go to the cellar": 2,
    "take the key": 3,
    "unlock the garden": 6,
    "go to the garden": 7,
    "take the coin": 8,
}
"""What an episode can be about -> the fewest actions that it takes."""
CARRIED = "you"


class Rooms:
    """A world of four rooms.

    Args:
        goal: one of `GOALS`.

    Raises:
        SettingError: an unknown goal.
    """

    def __init__(self, goal: str = "take the lamp") -> None:
        if goal not in GOALS:
            raise SettingError(f"goal={goal!r}: unknown{nearest(goal, GOALS)}. Known: {list(GOALS)}.")
        self.goal = goal
        self.reset()

    def reset(self) -> Observation:
        """Put everything back; you stand in the hall."""
        self.room, self.places, self.locked, self.did = "hall", dict(THINGS), True, set[str]()
        return self._seen("")

    def actions(self) -> list[str]:
        """Return what can be done here."""
        ways = [f"go to the {room}" for room in DOORS[self.room] if not (self.locked and room == "garden")]
        things = [f"take the {thing}" for thing, place in self.places.items() if place == self.room]
        unlock = ["unlock the garden"] if self.locked and self.room == "hall" and self.places.get("key") == CARRIED else []
        eat = ["eat the apple"] if self.places.get("apple") == CARRIED else []
        return [*ways, *things, *unlock, *eat]

    def step(self, action: str) -> Observation:
        """Do something; what is not possible here changes nothing."""
        if action not in self.actions():
            return self._seen("That is not possible here.")
        verb, _, thing = action.partition(" the ")
        if verb == "go to":
            self.room = thing
        elif verb == "take":
            self.places[thing] = CARRIED
        elif verb == "unlock":
            self.locked = False
            del self.places["key"]
        else:
            del self.places["apple"]
        self.did.add(action)
        return self._seen("", undoable=verb != "eat")

    def copy(self) -> Rooms:
        """Return the same world, independent of this one."""
        return deepcopy(self)

    def facts(self) -> set[str]:
        """Return the goals that have been reached since the reset."""
        return self.did & set(GOALS)

    def _seen(self, remark: str, *, undoable: bool = True) -> Observation:
        here = [thing for thing, place in self.places.items() if place == self.room]
        carried = [thing for thing, place in self.places.items() if place == CARRIED]
        ways = [f"{room} (locked)" if room == "garden" and self.locked else room for room in DOORS[self.room]]
        text = (
            f"You are in the {self.room}. Here: {', '.join(here) or 'nothing'}. Ways: {', '.join(ways)}. "
            f"You carry: {', '.join(carried) or 'nothing'}."
        )
        reached = self.goal in self.did
        return Observation(f"{remark} {text}".strip(), float(reached), reached, undoable)


def rooms_for(inputs: Mapping[str, Any]) -> Rooms:
    """Return the world whose goal the inputs name; `take the lamp` where they name none."""
    said = " ".join(str(value).lower() for value in inputs.values())
    return Rooms(next((goal for goal in GOALS if goal in said), "take the lamp"))


register_environment("rooms", rooms_for)
