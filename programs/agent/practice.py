"""The practice core: some episodes without the task, which fill a library of skills; then the task, with the library.

1. `practice` episodes from a reset; what each adds to the library is the method's own (`practised`).
2. The task, from a reset: choose among the actions on offer and the skills whose first action is on offer. A skill runs as long
   as its actions are on offer.
3. Write the task's outputs from this last episode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import dspy

from selftaught import scope
from selftaught.programs.agent.core import Act
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode
from selftaught.programs.agent.library import Library
from selftaught.programs.base import Calls
from selftaught.programs.sampling import at_least
from selftaught.signatures import Task


class Practised(Act):
    """Practise, then act with what was learned.

    The prediction also holds `library`, name -> actions, and `successes`, name -> how often it worked.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`.
        most_steps: actions in an episode.
        practice: episodes before the task.
        temperature: of the calls in practice, so that episodes differ.
        seed: of what is random in practice.
    """

    uses: ClassVar[Mapping[str, str]] = {
        "subgoal": "what is to be reached now",
        "skills": "names that stand for several actions, and these actions",
    }

    def __init__(
        self,
        task: str | Task,
        *,
        environment: Source,
        most_steps: int = 8,
        practice: int = 3,
        temperature: float = 0.7,
        seed: int = 0,
    ) -> None:
        super().__init__(task, environment=environment, most_steps=most_steps)
        self.practice, self.temperature, self.seed = at_least("practice", practice, 0), temperature, seed

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Practise and act for one input."""
        library = Library()
        for number in range(self.practice):  # 1
            with scope.resampled(f"practice{number}", self.temperature):
                await self.practised(inputs, library, number)
        episode = await self.pursued(inputs, await self.begun(inputs), library, THE_TASK)  # 2
        more = {"library": library.told(), "successes": {name: library[name].successes for name in library.names()}}
        return await self.told(inputs, episode, **more)  # 3

    async def practised(self, inputs: dict[str, Any], library: Library, number: int) -> None:
        """Carry out one episode of practice."""
        raise NotImplementedError

    async def pursued(
        self, inputs: dict[str, Any], episode: Episode, library: Library, subgoal: str, until: int | None = None
    ) -> Episode:
        """Act for a subgoal until the episode ends, or has as many steps as given."""
        most = self.most_steps if until is None else min(until, self.most_steps)
        skills = "\n".join(f"{name}: {', '.join(actions)}" for name, actions in library.told().items()) or NO_SKILLS
        while len(episode.transitions) < most and (options := episode.options()):
            names = [*options, *library.offered(options)]
            chosen = await self.decide(inputs, episode, names, subgoal=subgoal, skills=skills)
            await self.ran(episode, [chosen] if chosen in options else list(library[chosen].actions))
        return episode

    async def ran(self, episode: Episode, actions: list[str]) -> bool:
        """Take actions as long as they are on offer and there are steps left; True when all were taken."""
        for action in actions:
            if len(episode.transitions) == self.most_steps or action not in episode.options():
                return False
            await episode.take(action)
        return True

    def cost(self) -> Calls:
        """Return the calls of one input, `practising` for each episode of practice."""
        return sum((self.practising(number) for number in range(self.practice)), super().cost())

    def practising(self, number: int) -> Calls:
        """Return the calls of one episode of practice."""
        raise NotImplementedError


THE_TASK = "The task itself."
NO_SKILLS = "None."
