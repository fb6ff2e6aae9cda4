"""In-context policy iteration (143, ICPI; Brooks et al., 2022): learn an environment by trial, with nothing but prompts.

For small environments with few actions and very regular texts. Its calls grow with actions times rollout length, and the errors
of the imagined world add up; most models are too weak as a world model for long rollouts.

1. Act in `episodes` episodes; keep every trajectory, and which of them succeeded.
2. Act at random while there is not yet a success and an experience of each action on offer, and else with probability 1 - p,
   where p = sigmoid(2 (successes - least_successes)).
3. Otherwise imagine, for every action on offer, together, what comes of it, step by step: does the episode end, with which
   reward, what is seen next, and what does the policy of the successes do then; up to `rollout` steps. All from examples of what
   really happened. The action's value is the discounted sum of the rewards.
4. Take the action of highest value, ties at random.
5. Write the task's outputs from the episode with the highest return, the earliest of equals.

Departures: (1) a kind of example that never happened is missing from a prompt, which is asked all the same. (2) What cannot be
read ends the rollout; when the first step of every rollout fails, the error is raised. (3) At most `most_actions` are imagined.
(4) Examples are demonstrations in the prompt's own form, not code.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.agent.core import Agent
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode, Transition, among
from selftaught.programs.agent.replay import Replay
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

PREDICTIONS = 4
"""Calls for one imagined step."""


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a rollout draws on: what happened, which actions there are, and a random generator of its own."""

    replay: Replay
    actions: list[str]
    draws: random.Random


@method(143, "icpi", family="agent")
class PolicyIteration(Agent):
    """Learn by trial: act on the value of imagined rollouts, whose examples are what really happened.

    The prediction also holds `returns`, one for each episode, and `values`, what was imagined of each action at each step that
    was not random; None where it could not be read.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`.
        most_steps: actions in an episode.
        episodes: trials, for learning.
        rollout: imagined steps for each action.
        most_actions: actions imagined at a step; of more, the first.
        examples: shown in a prompt.
        discount: what a reward is worth one step later.
        threshold: return above which an episode is a success.
        least_successes: successes at which half of the actions are no longer random.
        seed: of the random actions, and of the choice of examples.

    Raises:
        SettingError: an unknown environment, or a discount outside [0, 1].
    """

    def __init__(
        self,
        task: str | Task,
        *,
        environment: Source,
        most_steps: int = 8,
        episodes: int = 4,
        rollout: int = 3,
        most_actions: int = 4,
        examples: int = 6,
        discount: float = 0.8,
        threshold: float = 0.0,
        least_successes: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(task, environment=environment, most_steps=most_steps)
        self.episodes, self.rollout = at_least("episodes", episodes, 1), at_least("rollout", rollout, 1)
        self.most_actions, self.examples = at_least("most_actions", most_actions, 1), at_least("examples", examples, 1)
        self.least_successes, self.seed = at_least("least_successes", least_successes, 0), seed
        if not 0.0 <= discount <= 1.0:
            raise SettingError(f"discount={discount}: expected a number from 0 to 1.")
        self.discount, self.threshold = discount, threshold
        acted = {"observation": "what was seen", "action": "what was done"}
        self.predict_end = Step(_asks(self.task, "End", DOES_IT_END, acted, "episode_ends", bool))
        self.predict_reward = Step(
            _asks(self.task, "Reward", WHICH_REWARD, {**acted, "episode_ends": "or goes on"}, "reward", float)
        )
        self.predict_state = Step(_asks(self.task, "State", WHAT_IS_SEEN, acted, "next_observation", str, max_length=300))
        self.policy = Step(_asks(self.task, "Policy", WHAT_IS_DONE, {"observation": "what is seen"}, "action", str))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Learn and act for one input."""
        draws = random.Random(self.seed)
        replay = Replay(self.discount, self.threshold, self.examples)
        lived: list[Episode] = []
        for _ in range(self.episodes):  # 1
            episode = await self.begun(inputs)
            while len(episode.transitions) < self.most_steps and (options := episode.options()):
                await episode.take(await self._decided(inputs, episode, options, replay, draws))
            replay.trajectories.append(episode.transitions)
            lived.append(episode)
        returns = [replay.value(one.transitions) for one in lived]
        values = [note for one in lived for note in one.notes]
        return await self.told(inputs, lived[returns.index(max(returns))], returns=returns, values=values)  # 5

    async def _decided(
        self, inputs: dict[str, Any], episode: Episode, options: list[str], replay: Replay, draws: random.Random
    ) -> str:
        imagined = options[: self.most_actions]
        trust = (1 + math.tanh(len(replay.successes()) - self.least_successes)) / 2  # the sigmoid of twice that
        if draws.random() >= trust or not replay.ready(imagined):  # 2
            return draws.choice(options)
        known = sorted({one.action for trajectory in replay.trajectories for one in trajectory})
        seeds = [draws.random() for _ in imagined]  # each rollout draws its own examples, whatever runs beside it
        rollouts = (
            self._value(inputs, episode.now.text, one, _Memory(replay, known, random.Random(seed)))
            for one, seed in zip(imagined, seeds, strict=True)
        )
        values = dict(zip(imagined, await survivors(rollouts), strict=True))  # 3
        episode.notes.append({"observation": episode.now.text, "values": values})
        best = max(value for value in values.values() if value is not None)
        return draws.choice([one for one, value in values.items() if value == best])  # 4

    async def _value(self, inputs: dict[str, Any], seen: str, action: str, memory: _Memory) -> float:
        """Return the discounted reward of an imagined rollout that begins with an action."""
        rewards: list[float] = []
        for number in range(self.rollout):
            try:
                one = await self._imagined(inputs, seen, action, memory)
                rewards.append(one.reward)
                if one.done or number + 1 == self.rollout:
                    break
                form = among(self.policy.signature, "action", memory.actions)
                examples = memory.replay.policy(memory.draws)
                seen = one.after
                action = await _said(inputs, self.policy, {"observation": seen}, examples, signature=form)
            except CallError:
                if not rewards:
                    raise
                break
        return math.fsum(self.discount**number * reward for number, reward in enumerate(rewards))

    async def _imagined(self, inputs: dict[str, Any], seen: str, action: str, memory: _Memory) -> Transition:
        """Return one step as the model imagines it."""
        acted, replay, draws = {"observation": seen, "action": action}, memory.replay, memory.draws
        done = await _said(inputs, self.predict_end, acted, replay.ends(draws, action))
        known = {**acted, "episode_ends": str(done)}
        reward = await _said(inputs, self.predict_reward, known, replay.rewards(draws, action, done))
        after = "" if done else await _said(inputs, self.predict_state, acted, replay.states(draws, action))
        return Transition(seen, action, after, reward, done)

    def cost(self) -> Calls:
        """Return the calls of one input; fewest where every episode stays random."""
        rollout = PREDICTIONS * self.rollout - 1  # after the last imagined step the policy is not asked
        return Calls(1, 1 + self.episodes * self.most_steps * self.most_actions * rollout)


async def _said(inputs: dict[str, Any], step: Step, asked: dict[str, str], examples: list[Transition], **more: Any) -> Any:
    """Return what a step says after examples of what really happened."""
    (field,) = step.signature.output_fields
    demos = [*step.demos, *(_example(one, asked, field) for one in examples)]
    return (await step.acall(**inputs, **asked, demos=demos, **more))[field]


def _example(one: Transition, asked: dict[str, str], field: str) -> dspy.Example:
    real = {"observation": one.before, "action": one.action, "episode_ends": str(one.done)}
    said = {"episode_ends": one.done, "reward": one.reward, "next_observation": one.after, "action": one.action}
    return dspy.Example(**{name: real[name] for name in asked}, **{field: said[field]})


def _asks(task: Task, role: str, instruction: str, given: dict[str, str], field: str, kind: type, **limits: Any) -> Task:
    return derived(task, role, instruction, shown(**given), {field: (kind, dspy.OutputField(**limits))})


DOES_IT_END = "Say whether the episode ends with this action. The examples show what happened before."
WHICH_REWARD = "Say which reward the action brings. The examples show what it brought before."
WHAT_IS_SEEN = "Write what is seen after the action. The examples show what was seen before."
WHAT_IS_DONE = "Choose the action. The examples show what was done where it led to success."
