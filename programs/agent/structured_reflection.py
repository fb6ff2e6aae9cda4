"""Structured reflection (167; T. Li et al., 2023): after a failed episode, name the first wrong step and never take it there
again.

For environments that can be reset and say whether the task was solved, when an agent repeats its mistakes. Not where actions
cannot be undone. The weak link is naming the right step: a wrong one throws away what was good.

1. Reset. Take again, unchanged, the steps that stand from earlier trials.
2. Plan in stages: list the actions for what is on offer now, in order, and take them without asking again; when what is on offer
   changes, plan anew. Actions banned at a step are not on offer at it.
3. The trial ends when the environment ends it, after `most_steps`, where a step changed nothing, or where it led back to a state
   seen before. If it is solved, go to 7.
4. Reflect: the earliest wrong step, and an action to take in its place.
5. Keep one slot for each step: what to take there, and what has failed there. A new entry erases the slots after it.
6. Where everything on offer at a step has failed, the blame goes to the step before; where there is none, stop. Go to 1, up to
   `trials`.
7. Write the task's outputs from the last trial.

Departures: (1) the environment words its own observations; there is no extra call to shorten them. (2) An action that is not on
offer cannot be said, so that nothing has to be asked again for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.programs.agent.core import HISTORY, SEEN, Agent
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode, among
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

MOST_PLANNED = 5


@dataclass(slots=True)
class Slot:
    """What is remembered of one step. `action`: to be taken there, None to plan it. `banned`: what failed there."""

    action: str | None = None
    banned: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Trial:
    """One episode, what was on offer at each step, and how it ended."""

    episode: Episode
    offered: list[list[str]] = field(default_factory=list)
    ending: str = ""


@method(167, "structured-reflection-agent", family="agent")
class StructuredReflection(Agent):
    """Try an episode again after a failure, with the first wrong step replaced and banned.

    The prediction also holds `trials`, `endings` (how each went wrong), and `memory`: for each step what to take and what is
    banned.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`; the same actions must lead to the same states.
        most_steps: actions in an episode.
        trials: episodes at most; 1 only plans and executes.
    """

    def __init__(self, task: str | Task, *, environment: Source, most_steps: int = 8, trials: int = 3) -> None:
        super().__init__(task, environment=environment, most_steps=most_steps)
        self.trials = at_least("trials", trials, 1)
        self.plan = Step(planning_of(self.task))
        if trials > 1:
            self.reflect = Step(reflection_of(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Act for one input."""
        slots: list[Slot] = []
        endings: list[str] = []
        for number in range(self.trials):
            trial = await self._tried(inputs, slots)  # 1, 2, 3
            if trial.episode.solved:
                break
            endings.append(trial.ending)
            if number + 1 == self.trials or not await self._learned(inputs, trial, slots):  # 4, 5, 6
                break
        memory = [{"action": slot.action, "banned": sorted(slot.banned)} for slot in slots]
        return await self.told(inputs, trial.episode, trials=number + 1, endings=endings, memory=memory)  # 7

    async def _tried(self, inputs: dict[str, Any], slots: list[Slot]) -> Trial:
        """Run one episode."""
        trial = Trial(await self.begun(inputs))
        episode, planned, seen = trial.episode, list[str](), {trial.episode.now.text}
        on_offer: list[str] | None = None
        while (step := len(episode.transitions)) < self.most_steps:
            slot = slots[step] if step < len(slots) else Slot()
            options = episode.options()
            allowed = [one for one in options if one not in slot.banned]
            if not allowed:
                break
            trial.offered.append(options)
            if slot.action in allowed:
                planned = [str(slot.action)]
            elif options != on_offer or not planned or planned[0] not in allowed:
                planned = await self._planned(inputs, episode, allowed)
            on_offer = options
            before = episode.now.text
            await episode.take(planned.pop(0))
            if not episode.done and episode.now.text in seen:
                trial.ending = NOTHING_CHANGED if episode.now.text == before else WENT_IN_A_CIRCLE
                return trial
            seen.add(episode.now.text)
        trial.ending = WRONG_END if episode.done else NOT_FINISHED
        return trial

    async def _planned(self, inputs: dict[str, Any], episode: Episode, allowed: list[str]) -> list[str]:
        if len(allowed) == 1:
            return list(allowed)
        form = among(self.plan.signature, "next_actions", allowed, several=True)
        found = await self.plan.acall(**inputs, history=episode.text(), observation=episode.now.text, signature=form)
        return list(found.next_actions)

    async def _learned(self, inputs: dict[str, Any], trial: Trial, slots: list[Slot]) -> bool:
        """Reflect on a failed trial and write it into the slots; False where nothing is left to try."""
        done = trial.episode.actions
        if not done:
            return False
        form = among(self.reflect.signature, "better_action", list(dict.fromkeys(one for step in trial.offered for one in step)))
        found = await self.reflect.acall(**inputs, history=trial.episode.text(), ending=trial.ending, signature=form)
        wrong = min(found.wrong_step, len(done)) - 1
        for step, action in enumerate(done):  # what was taken stands, unless it is blamed
            if step == len(slots):
                slots.append(Slot())
            slots[step].action = action
        for step in range(wrong, -1, -1):
            del slots[step + 1 :]
            slots[step].banned.add(done[step])
            slots[step].action = None
            left = [one for one in trial.offered[step] if one not in slots[step].banned]
            if left:
                slots[step].action = found.better_action if step == wrong and found.better_action in left else None
                return True
        return False

    def cost(self) -> Calls:
        """Return the calls of one input: plans, reflections between the trials, and the report."""
        return Calls(1, 1 + self.most_steps * self.trials + self.trials - 1)


def planning_of(task: Task) -> Task:
    """Return the signature of a staged plan: task inputs, history, observation -> `next_actions`, in order."""
    asked = dspy.OutputField(desc="in the order to take them", min_length=1, max_length=MOST_PLANNED)
    return derived(task, "Plan", PLAN_A_STAGE, shown(**SEEN), {"next_actions": (list[str], asked)})


def reflection_of(task: Task) -> Task:
    """Return the signature of a reflection: task inputs, history, `ending` -> `wrong_step`, `better_action`."""
    given = shown(**HISTORY, ending="how it went wrong")
    wrong = dspy.OutputField(desc="number of the earliest step that was wrong", ge=1)
    better = dspy.OutputField(desc="what to do at that step instead")
    return derived(task, "Reflect", REFLECT, given, {"wrong_step": (int, wrong), "better_action": (str, better)})


PLAN_A_STAGE = "You act to reach what is asked. List the actions to take now, in order, as far as they can be seen from here."
REFLECT = "Somebody acted on the task and failed. Find the earliest wrong step, and the action that should have been taken there."
NOTHING_CHANGED = "The last step changed nothing."
WENT_IN_A_CIRCLE = "The last step led back to where it was before."
WRONG_END = "It ended without reaching what was asked."
NOT_FINISHED = "It did not come to an end."
