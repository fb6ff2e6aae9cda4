"""Goals of its own (157, LMA3; Colas et al., 2023): the agent sets itself goals, practises them, and names what it did by
accident.

For text worlds without a list of goals and without rewards. A model that is too generous as a judge of success fills the library
with goals that were never reached: look at `library` before trusting it.

1. Propose a goal, and the subgoals among the mastered ones that lead to it; at first, while fewer than `least` are mastered,
   none.
2. Pursue the subgoals one after the other, then the goal, then take `explore` random actions; only random ones where nothing is
   wanted.
3. Relabel: say what was achieved in the episode, whether it was wanted or not.
4. Check each of these, and what was wanted, against the episode: was it achieved, and at which step? What was enters the library,
   with the actions up to that step; the shorter of two ways is kept. Go to 1, `practice` times.
5. Act for the task, with the library.

Departures: (1) what is practised is a policy in the prompt with stored action sequences. (2) A check that cannot be read counts
as not achieved; when all fail, the first error is raised. (3) A mastered subgoal that cannot begin where the agent is gets one
decision.
"""

from __future__ import annotations

import random
from typing import Any

import dspy

from selftaught.programs.agent.core import HISTORY
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode, among
from selftaught.programs.agent.library import Library
from selftaught.programs.agent.practice import Practised
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

MOST_GOALS = 3
"""Subgoals of a goal, and descriptions of an episode."""
LONGEST_GOAL = 100


@method(157, "lma3", family="agent", missing="training the goal-conditioned policy on the goals reached")
class OwnGoals(Practised):
    """Practise goals of its own making, keep those that a check confirms, then act for the task with them.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`.
        most_steps: actions in an episode.
        practice: episodes before the task.
        explore: random actions at the end of an episode of practice.
        least: mastered goals from which on goals are proposed.
        relabel: name what was achieved; without it no new goals appear (an ablation).
        temperature: of the calls in practice.
        seed: of the random actions.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        environment: Source,
        most_steps: int = 8,
        practice: int = 3,
        explore: int = 2,
        least: int = 2,
        relabel: bool = True,
        temperature: float = 0.7,
        seed: int = 0,
    ) -> None:
        super().__init__(
            task, environment=environment, most_steps=most_steps, practice=practice, temperature=temperature, seed=seed
        )
        self.explore, self.least = at_least("explore", explore, 0), at_least("least", least, 1)
        self.relabel = relabel
        if practice and relabel:
            self.propose = Step(_proposing(self.task))
            self.describe = Step(_describing(self.task))
            self.confirm = Step(_confirming(self.task))

    async def practised(self, inputs: dict[str, Any], library: Library, number: int) -> None:
        """Carry out one episode of practice."""
        episode, wanted = await self.begun(inputs), list[str]()
        if self.relabel and len(library) >= self.least:  # 1
            form = among(self.propose.signature, "subgoals", library.names(), several=True)
            found = await self.propose.acall(**inputs, observation=episode.now.text, signature=form)
            wanted = [*dict.fromkeys(found.subgoals), found.new_goal]
        for goal in wanted[:-1]:  # 2
            await self._reached(inputs, episode, library, goal)
        if wanted:
            await self.pursued(inputs, episode, library, wanted[-1], self.most_steps - self.explore)
        draws = random.Random(f"{self.seed} {number}")
        explored = len(episode.transitions) + (self.explore if wanted else self.most_steps)
        while len(episode.transitions) < min(self.most_steps, explored) and (options := episode.options()):
            await episode.take(draws.choice(options))
        if self.relabel and episode.transitions:
            described = (await self.describe.acall(**inputs, history=episode.text())).achieved  # 3
            await self._confirmed(inputs, episode, library, [*wanted, *described])  # 4

    async def _reached(self, inputs: dict[str, Any], episode: Episode, library: Library, subgoal: str) -> None:
        """Act for a mastered subgoal: as it is stored where that can begin here, else by one decision."""
        options = episode.options()
        if library[subgoal].actions[0] in options:
            await self.ran(episode, list(library[subgoal].actions))
        else:
            await self.pursued(inputs, episode, library, subgoal, len(episode.transitions) + 1)

    async def _confirmed(self, inputs: dict[str, Any], episode: Episode, library: Library, goals: list[str]) -> None:
        """Add to the library what an episode has achieved."""
        different = list({normalise(one): one for one in reversed(goals) if one.strip()}.values())[::-1]
        found = await survivors(self.confirm.acall(**inputs, history=episode.text(), claimed=one) for one in different)
        for goal, said in zip(different, found, strict=True):
            if said is not None and said.achieved and said.first_step <= len(episode.transitions):
                library.add(goal, episode.actions[: said.first_step])

    def practising(self, number: int) -> Calls:
        """Return the calls of one episode of practice: nothing is wanted in the first, as nothing is mastered."""
        if not self.relabel:
            return Calls(0, 0)
        return Calls(0, 1 + MOST_GOALS) + Calls(0, 1 + self.most_steps + MOST_GOALS + 1 if number else 0)


def _proposing(task: Task) -> Task:
    subgoals = dspy.OutputField(desc="in the order to reach them", max_length=MOST_GOALS)
    goal = dspy.OutputField(desc="something new that they lead to", max_length=LONGEST_GOAL)
    return derived(
        task, "Propose", PROPOSE_A_GOAL, shown(observation="what is seen at the start"),
        {"subgoals": (list[str], subgoals), "new_goal": (str, goal)},
    )  # fmt: skip


def _describing(task: Task) -> Task:
    asked = dspy.OutputField(desc="each in a few words", min_length=1, max_length=MOST_GOALS)
    return derived(task, "Describe", DESCRIBE_WHAT_WAS_ACHIEVED, shown(**HISTORY), {"achieved": (list[str], asked)})


def _confirming(task: Task) -> Task:
    given = shown(**HISTORY, claimed="what is said to have been achieved")
    step = dspy.OutputField(desc="number of the step after which it was so", ge=1)
    return derived(task, "Confirm", CONFIRM, given, {"achieved": (bool, dspy.OutputField()), "first_step": (int, step)})


PROPOSE_A_GOAL = "Set a new goal to practise for the task, and name the known goals that lead to it."
DESCRIBE_WHAT_WAS_ACHIEVED = "Somebody acted in a world. Name what was achieved, as goals that can be set: `find the lamp`."
CONFIRM = "Somebody acted in a world. Say whether what is claimed was really achieved. Believe only what was seen."
