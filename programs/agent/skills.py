"""Skills from skills (136, BOSS; J. Zhang et al., 2023): chain what can be done already, and keep chains that worked under a new
name.

For an agent with named abilities that must learn longer ones without rewards for them. Errors add up along a chain.

1. Practise: from a reset, the model says which ability to use next, seeing the chain so far; only abilities that exist and can
   begin now can be said. An ability has worked when all its actions could be taken and something has changed.
2. Go on until one has not worked, or the chain has `longest` links.
3. A chain of two or more that worked is a new skill, named by a summary of the chain; the same chain again counts as one more
   success. Go to 1, `practice` times.
4. Act for the task, with the library.

Departures: (1) the next ability is sampled by the model from those that exist, instead of mapping free text to the nearest of
them. (2) There is no value function to draw the first one from; the model says it, too. (3) Of a chain that breaks, the part that
worked is kept. (4) The name of another chain is not taken again; a number is added.
"""

from __future__ import annotations

import random
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.agent.core import choice_of
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode, among
from selftaught.programs.agent.library import Library
from selftaught.programs.agent.practice import Practised
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

SHORTEST_CHAIN = 2
LONGEST_NAME = 60


@method(136, "boss", family="agent", missing="training the language-conditioned policy and its critic")
class Skills(Practised):
    """Chain abilities in practice, keep and name the chains that worked, then act for the task with them.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`; its actions are the first abilities.
        most_steps: actions in an episode.
        practice: episodes before the task.
        longest: links of a chain.
        guide: `"model"` says what comes next; `"uniform"` draws it (the naive baseline).
        temperature: of the calls in practice.
        seed: of the uniform draws.

    Raises:
        SettingError: an unknown environment or guide.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        environment: Source,
        most_steps: int = 8,
        practice: int = 3,
        longest: int = 4,
        guide: Literal["model", "uniform"] = "model",
        temperature: float = 0.7,
        seed: int = 0,
    ) -> None:
        super().__init__(
            task, environment=environment, most_steps=most_steps, practice=practice, temperature=temperature, seed=seed
        )
        if guide not in ("model", "uniform"):
            raise SettingError(f"guide={guide!r}: expected 'model' or 'uniform'.")
        self.longest, self.guide = at_least("longest", longest, SHORTEST_CHAIN), guide
        if practice:
            self.summarise = Step(_naming(self.task))
            if guide == "model":
                self.extend = Step(choice_of(self.task, "Extend", SAY_WHAT_COMES_NEXT, {}))

    async def practised(self, inputs: dict[str, Any], library: Library, number: int) -> None:
        """Carry out one episode of practice."""
        episode, draws = await self.begun(inputs), random.Random(f"{self.seed} {number}")
        chain, worked = list[str](), 0
        while len(chain) < self.longest and (options := episode.options()) and worked < self.most_steps:  # 1, 2
            names = [*options, *library.offered(options)]
            link = draws.choice(names) if self.guide == "uniform" else await self._next(inputs, episode, names)
            before = episode.now.text
            done = await self.ran(episode, [link] if link in options else list(library[link].actions))
            if not done or (episode.now.text == before and not episode.done):
                break
            chain.append(link)
            worked = len(episode.transitions)
        if len(chain) >= SHORTEST_CHAIN:
            actions = episode.actions[:worked]
            library.add(library.named(actions) or await self._name(inputs, library, chain), actions)  # 3

    async def _next(self, inputs: dict[str, Any], episode: Episode, names: list[str]) -> str:
        if len(names) == 1:
            return names[0]
        form = among(self.extend.signature, "action", names)
        found = await self.extend.acall(**inputs, history=episode.text(), observation=episode.now.text, signature=form)
        return str(found.action)

    async def _name(self, inputs: dict[str, Any], library: Library, chain: list[str]) -> str:
        """Return a name for a chain that no other has."""
        said = (await self.summarise.acall(**inputs, chain=", then ".join(chain))).summary.strip() or ", then ".join(chain)
        names = [said, *(f"{said} ({number})" for number in range(2, len(library) + 3))]
        return next(name for name in names if name not in library)

    def practising(self, number: int) -> Calls:
        """Return the calls of one episode of practice."""
        return Calls(0, 1 + (self.longest if self.guide == "model" else 0))


def _naming(task: Task) -> Task:
    asked = dspy.OutputField(desc="a few words, such as `fetch the lamp`", max_length=LONGEST_NAME)
    return derived(task, "Summarise", NAME_THE_CHAIN, shown(chain="what was done, in order"), {"summary": (str, asked)})


SAY_WHAT_COMES_NEXT = "You practise by putting abilities together. Choose what should come next, so that all of it makes sense."
NAME_THE_CHAIN = "Several abilities were used one after the other. Name what they achieve together."
