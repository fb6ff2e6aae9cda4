"""The acting core: look, choose, act, until the environment ends the episode; then tell.

1. Reset the environment that belongs to the input.
2. Look at what can be done now. Where nothing can, or the episode is done, or after `most_steps`: go to 5.
3. Choose one of these actions, seeing the task's inputs, the history and the present observation. A single option is taken
   unasked.
4. Do it; go to 2.
5. Write the task's outputs from the history.

An action can only be chosen from what the environment offers: the answer's form allows nothing else, so that no action has to be
understood from free text. Papers that act with foresight, memory or goals change how an action is decided (`decide`), or what
surrounds the episode (`aforward`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import dspy

from selftaught.programs.agent.environment import Source, checked, environment_for
from selftaught.programs.agent.episode import Episode, among
from selftaught.programs.answering import answering, shown
from selftaught.programs.base import Calls, Program
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

HISTORY = {"history": "what was done so far, and what was seen after it"}
SEEN = {**HISTORY, "observation": "what is seen now"}


class Agent(Program):
    """Base of what acts in an environment: begins episodes, and writes the task's outputs from one.

    The prediction also holds `solved` (the environment ended the episode with a reward), `actions`, `reward` and `history`.

    Args:
        task: its inputs say what is wanted.
        environment: a registered name, such as `"rooms"`; an environment with `copy`; or a callable from the inputs to a fresh
            one. A program with one of the last two cannot be saved.
        most_steps: actions in an episode.

    Raises:
        SettingError: an unknown environment.
    """

    def __init__(self, task: str | Task, *, environment: Source, most_steps: int = 8) -> None:
        super().__init__(task)
        self.environment = checked(environment)
        self.most_steps = at_least("most_steps", most_steps, 1)
        self.report = Step(answering(self.task, "Report", REPORT, HISTORY))

    async def begun(self, inputs: dict[str, Any]) -> Episode:
        """Return a new episode in the environment of an input."""
        return await Episode.started(environment_for(self.environment, inputs))

    async def told(self, inputs: dict[str, Any], episode: Episode, **more: Any) -> dspy.Prediction:
        """Return the task's outputs, written from an episode, and what else there is to tell that is no output of the task."""
        found = await self.report.acall(**inputs, history=episode.text())
        known = {
            "solved": episode.solved,
            "actions": episode.actions,
            "reward": episode.reward,
            "history": episode.text(),
            **more,
        }
        return self.answer(found, **{name: value for name, value in known.items() if name not in self.task.output_fields})


@method(None, "act", family="agent")
class Act(Agent):
    """Act in an environment step by step, then fill the task's outputs from what happened.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`.
        most_steps: actions in an episode.
    """

    uses: ClassVar[Mapping[str, str]] = {}
    """What else the actor is shown: name -> description. Subclasses set it."""

    def __init__(self, task: str | Task, *, environment: Source, most_steps: int = 8) -> None:
        super().__init__(task, environment=environment, most_steps=most_steps)
        self.choose = Step(choice_of(self.task, "Choose", CHOOSE, self.uses))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Act for one input."""
        episode = await self.begun(inputs)  # 1
        while len(episode.transitions) < self.most_steps and (options := episode.options()):  # 2
            await episode.take(await self.decide(inputs, episode, options))  # 3, 4
        return await self.told(inputs, episode)  # 5

    async def decide(self, inputs: dict[str, Any], episode: Episode, options: list[str], **more: str) -> str:
        """Return the action to take next."""
        return await self.chosen(inputs, episode.text(), episode.now.text, options, **more)

    async def chosen(self, inputs: dict[str, Any], history: str, seen: str, options: list[str], **more: str) -> str:
        """Ask the actor, unless there is but one option."""
        if len(options) == 1:
            return options[0]
        form = among(self.choose.signature, "action", options)
        found = await self.choose.acall(**inputs, history=history, observation=seen, **more, signature=form)
        return str(found.action)

    def cost(self) -> Calls:
        """Return the calls of one input: the report, and one for each step that leaves a choice."""
        return Calls(1, 1 + self.most_steps)


def choice_of(task: Task, role: str, instruction: str, more: Mapping[str, str], *, several: int = 0, **asked: Any) -> Task:
    """Return the signature of a choice: task inputs, history and observation -> `action`; or `others`, up to `several` actions.

    Args:
        more: what else is shown: name -> description.
        asked: fields that are written before the choice: name -> (type, field).
    """
    given = shown(**{**SEEN, **more})
    one = {"action": (str, dspy.OutputField())}
    many = {"others": (list[str], dspy.OutputField(desc="the most promising first", max_length=several))}
    return derived(task, role, instruction, given, {**asked, **(many if several else one)})


CHOOSE = "You act step by step to reach what is asked. Choose the next action. Do not repeat what did not help."
REPORT = "Somebody has finished acting on the task. Judge from what was done and seen, and write the outputs of the task."
