"""What an agent can do by name: sequences of actions that have worked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selftaught.programs.normalise import normalise


@dataclass(slots=True)
class Skill:
    """Actions that have worked, under a name. `successes`: how often."""

    name: str
    actions: tuple[str, ...]
    successes: int = 1


class Library:
    """Skills by name. Names that differ only in case, spaces and punctuation are one."""

    def __init__(self) -> None:
        self._skills: dict[str, Skill] = {}

    def __len__(self) -> int:
        return len(self._skills)

    def __contains__(self, name: str) -> bool:
        return normalise(name) in self._skills

    def __getitem__(self, name: str) -> Skill:
        return self._skills[normalise(name)]

    def add(self, name: str, actions: Sequence[str]) -> None:
        """Add a skill, or count one more success of it; the shorter of two ways is kept."""
        known = self._skills.setdefault(normalise(name), Skill(name.strip(), tuple(actions), 0))
        known.successes += 1
        if len(actions) < len(known.actions):
            known.actions = tuple(actions)

    def names(self) -> list[str]:
        """Return the names, oldest first."""
        return [skill.name for skill in self._skills.values()]

    def named(self, actions: Sequence[str]) -> str | None:
        """Return the name of the skill that consists of these actions, if there is one."""
        return next((skill.name for skill in self._skills.values() if skill.actions == tuple(actions)), None)

    def offered(self, options: Sequence[str]) -> list[str]:
        """Return the names of the skills whose first action is among these, without those that are an action themselves."""
        return [skill.name for skill in self._skills.values() if skill.actions[0] in options and skill.name not in options]

    def told(self) -> dict[str, list[str]]:
        """Return name -> actions."""
        return {skill.name: list(skill.actions) for skill in self._skills.values()}
