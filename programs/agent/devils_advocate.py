"""Devil's Advocate (201; Wang et al., 2024): doubt an action before taking it, check it after, go back where it was wrong.

For environments where a wrong step is cheap to undo and planning anew after every failure wastes trials. Not where states cannot
be restored. A checker that calls good steps bad costs needless backtracking.

1. Plan: subtasks in order, with what earlier plans taught.
2. For the current subtask: choose an action; then assume that it is wrong and name up to `alternatives` others. Put them on a
   stack with the state they belong to. Take the action.
3. Check it: does what is seen agree with the subtask, and is the subtask complete? If it agrees, go on; if complete, next
   subtask. The environment has the last word: an episode that is done without being solved does not agree.
4. If it does not agree: go back to the newest alternative on the stack, restore its own state, take it, go to 3. Empty stack: the
   subtask has failed, and the plan with it.
5. Review a plan that has failed or ended: was the task solved? If not, write a lesson and go to 1, up to `plans` times; then
   tell.

A pair of what is seen and what is done is never tried twice within a subtask, and what cannot be undone empties the stack.

Departures: (1) one call says whether a step agrees and whether its subtask is complete. (2) Where the environment says that the
task is solved, nobody is asked. (3) Every plan starts from a reset. `most_steps` bounds the actions of one plan, the undone ones
too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import dspy

from selftaught.programs.agent.core import HISTORY, Act, choice_of
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode, among
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

MOST_SUBTASKS = 5
LONGEST_SENTENCE = 200


@dataclass(slots=True)
class _Attempt:
    """One plan as it is carried out. `stack`: alternatives with their states, newest last. `tried`: within the subtask."""

    episode: Episode
    steps: int = 0
    backtracks: int = 0
    stack: list[tuple[Episode, str]] = field(default_factory=list)
    tried: set[tuple[str, str]] = field(default_factory=set)


@method(201, "devils-advocate", family="agent")
class DevilsAdvocate(Act):
    """Plan, act with alternatives at hand, check each step, go back where one was wrong, learn from a failed plan.

    The prediction also holds `plans` (each a list of subtasks), `backtracks`, `taken` (how many actions, also the undone ones)
    and `lessons`. `solved` is False where every plan failed.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`; it needs `copy` unless `alternatives` is 0.
        most_steps: actions within one plan.
        alternatives: other actions kept for each step; 0 never goes back.
        plans: how often at most it plans.
    """

    uses: ClassVar[Mapping[str, str]] = {
        "subtask": "the part of the task that is to be done now",
        "lessons": "what earlier attempts taught",
    }

    def __init__(
        self, task: str | Task, *, environment: Source, most_steps: int = 8, alternatives: int = 2, plans: int = 2
    ) -> None:
        super().__init__(task, environment=environment, most_steps=most_steps)
        self.alternatives, self.plans = at_least("alternatives", alternatives, 0), at_least("plans", plans, 1)
        self.plan = Step(_planning(self.task))
        if alternatives:
            risk = {"risk": (str, dspy.OutputField(desc="why the action may be wrong", max_length=LONGEST_SENTENCE))}
            doubted = {**self.uses, "action": "what is about to be done"}
            self.anticipate = Step(choice_of(self.task, "Anticipate", DOUBT, doubted, several=alternatives, **risk))
        self.check = Step(_checking(self.task))
        self.review = Step(_reviewing(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Act for one input."""
        plans, lessons = list[list[str]](), list[str]()
        steps = backtracks = 0
        for _ in range(self.plans):
            attempt = _Attempt(await self.begun(inputs))
            taught = "\n".join(lessons) or NO_LESSONS
            found = await self.plan.acall(**inputs, observation=attempt.episode.now.text, lessons=taught)
            plans.append([one for one in found.subtasks if one.strip()])  # 1
            for subtask in plans[-1]:
                if not await self._subtask(inputs, attempt, {"subtask": subtask, "lessons": taught}) or attempt.episode.done:
                    break
            steps, backtracks = steps + attempt.steps, backtracks + attempt.backtracks
            solved = attempt.episode.solved or await self._reviewed(inputs, attempt.episode, lessons)  # 5
            if solved:
                break
        more = {"plans": plans, "lessons": lessons, "taken": steps, "backtracks": backtracks}
        return await self.told(inputs, attempt.episode, **more, solved=solved)

    async def _subtask(self, inputs: dict[str, Any], attempt: _Attempt, aim: dict[str, str]) -> bool:
        """Carry out one subtask; False where it failed."""
        attempt.stack, attempt.tried = [], set()
        action: str | None = None
        while attempt.steps < self.most_steps:
            action = action or await self._next(inputs, attempt, aim)  # 2
            agrees = False
            if action is not None:
                agrees, complete = await self._taken(inputs, attempt, aim["subtask"], action)  # 3
                if agrees and complete:
                    return True
            action = None if agrees else _gone_back(attempt)  # 4
            if action is None and not agrees:
                return False
        return False

    async def _taken(self, inputs: dict[str, Any], attempt: _Attempt, subtask: str, action: str) -> tuple[bool, bool]:
        """Take an action; returns whether what is seen agrees with the subtask, and whether that is complete."""
        attempt.tried.add((attempt.episode.now.text, action))
        attempt.steps += 1
        last = await attempt.episode.take(action)
        if not attempt.episode.now.undoable:
            attempt.stack.clear()
        if last.done:
            return attempt.episode.solved, True
        found = await self.check.acall(**inputs, before=last.before, action=action, after=last.after, subtask=subtask)
        return bool(found.agrees), bool(found.complete)

    async def _next(self, inputs: dict[str, Any], attempt: _Attempt, aim: dict[str, str]) -> str | None:
        """Choose an action that was not tried here, and keep alternatives to it; None where nothing is left."""
        episode = attempt.episode
        options = [one for one in episode.options() if (episode.now.text, one) not in attempt.tried]
        if not options:
            return None
        action = await self.decide(inputs, episode, options, **aim)
        rest = [one for one in options if one != action]
        if self.alternatives and rest:
            form = among(self.anticipate.signature, "others", rest, several=True)
            seen = {"history": episode.text(), "observation": episode.now.text}
            found = await self.anticipate.acall(**inputs, **seen, **aim, action=action, signature=form)
            others = list(dict.fromkeys(found.others))[: self.alternatives]
            attempt.stack += [(episode.copy(), other) for other in reversed(others)]
        return action

    async def _reviewed(self, inputs: dict[str, Any], episode: Episode, lessons: list[str]) -> bool:
        """Ask whether the task is solved; what a failure teaches is kept."""
        found = await self.review.acall(**inputs, history=episode.text())
        solved = bool(found.task_solved) and not episode.done  # an episode that is done without a reward has failed
        if not solved:
            lessons.append(found.lesson)
        return solved

    def cost(self) -> Calls:
        """Return the calls of one input."""
        step = Calls(0, 3 if self.alternatives else 2) * self.most_steps
        return Calls(1, 1) + Calls(1, 1) + Calls(0, 1) + step + (Calls(1, 2) + step).optional() * (self.plans - 1)


def _gone_back(attempt: _Attempt) -> str | None:
    """Restore the newest state that has an untried alternative and return the alternative; None where there is none."""
    while attempt.stack:
        episode, action = attempt.stack.pop()
        if (episode.now.text, action) not in attempt.tried:
            attempt.episode = episode
            attempt.backtracks += 1
            return action
    return None


def _planning(task: Task) -> Task:
    given = shown(observation="what is seen at the start", lessons="what earlier attempts taught")
    asked = dspy.OutputField(desc="in order, each with what it achieves", min_length=1, max_length=MOST_SUBTASKS)
    return derived(task, "Plan", PLAN, given, {"subtasks": (list[str], asked)})


def _checking(task: Task) -> Task:
    given = shown(before="what was seen before", action="what was done", after="what is seen now", subtask="what it was for")
    agrees = dspy.OutputField(desc="the action helps the subtask, or at least does not lead away from it")
    complete = dspy.OutputField(desc="nothing is left to do for the subtask")
    return derived(task, "Check", CHECK, given, {"agrees": (bool, agrees), "complete": (bool, complete)})


def _reviewing(task: Task) -> Task:
    lesson = dspy.OutputField(desc="what to do differently, in one sentence", max_length=LONGEST_SENTENCE)
    asked = {"task_solved": (bool, dspy.OutputField(desc="all that was asked is done")), "lesson": (str, lesson)}
    return derived(task, "Review", REVIEW, shown(**HISTORY), asked)


PLAN = "Split the task into few subtasks, in order. Each must be something that can be done from what is seen."
DOUBT = "An action is about to be taken. Assume that it is wrong: say why, and name the other actions that should be tried then."
CHECK = "Somebody took an action for a subtask. Compare what was seen before and after it, and say whether it helped."
REVIEW = "Somebody acted on the task. Say whether it is solved, and what to do differently if it is not."
NO_LESSONS = "None yet."
