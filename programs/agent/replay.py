"""What an agent has lived through, and examples from it: the only thing that learns in in-context policy iteration."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Hashable, Sequence

from selftaught.programs.agent.episode import Transition

Trajectory = list[Transition]


class Replay:
    """Every trajectory that was acted, and examples drawn from them.

    Args:
        discount: what a reward is worth one step later.
        threshold: a trajectory is a success when its discounted return is above this.
        examples: how many are drawn for a prompt.
    """

    def __init__(self, discount: float, threshold: float, examples: int) -> None:
        self.discount, self.threshold, self.examples = discount, threshold, examples
        self.trajectories: list[Trajectory] = []

    def value(self, trajectory: Sequence[Transition]) -> float:
        """Return the discounted return."""
        return math.fsum(self.discount**number * one.reward for number, one in enumerate(trajectory))

    def successes(self) -> list[Trajectory]:
        """Return the trajectories whose return is above the threshold, oldest first."""
        return [one for one in self.trajectories if self.value(one) > self.threshold]

    def ready(self, actions: Sequence[str]) -> bool:
        """True when there is a success, and an experience of each of these actions."""
        known = {one.action for trajectory in self.trajectories for one in trajectory}
        return bool(self.successes()) and known.issuperset(actions)

    def ends(self, draws: random.Random, action: str) -> list[Transition]:
        """Return experiences of an action, those that ended an episode and others in turn."""
        return self._balanced(draws, action, lambda one, _: True, lambda one, _: one.done)

    def rewards(self, draws: random.Random, action: str, done: bool) -> list[Transition]:
        """Return experiences of an action that ended the episode or did not, different rewards in turn."""
        return self._balanced(draws, action, lambda one, _: one.done is done, lambda one, _: one.reward)

    def states(self, draws: random.Random, action: str) -> list[Transition]:
        """Return experiences of an action that went on, from successes and failures in turn."""
        return self._balanced(draws, action, lambda one, _: not one.done, lambda _, success: success)

    def policy(self, draws: random.Random) -> list[Transition]:
        """Return the steps of the most recent successes that still succeed from there on."""
        steps = [
            one
            for trajectory in self.successes()[-self.examples :]
            for number, one in enumerate(trajectory)
            if self.value(trajectory[number:]) > self.threshold
        ]
        return self._some(draws, steps)

    def _balanced(
        self,
        draws: random.Random,
        action: str,
        wanted: Callable[[Transition, bool], bool],
        kind: Callable[[Transition, bool], Hashable],
    ) -> list[Transition]:
        """Return experiences of an action, with the same number of each kind as far as they go."""
        kinds: dict[Hashable, list[Transition]] = {}
        for trajectory in self.trajectories:
            success = self.value(trajectory) > self.threshold
            for one in trajectory:
                if one.action == action and wanted(one, success):
                    kinds.setdefault(kind(one, success), []).append(one)
        share = max(1, self.examples // max(1, len(kinds)))
        return self._some(draws, [one for each in kinds.values() for one in self._some(draws, each)[:share]])

    def _some(self, draws: random.Random, found: list[Transition]) -> list[Transition]:
        """Return as many as are shown, in random order, each once."""
        once = list(dict.fromkeys(found))
        draws.shuffle(once)
        return once[: self.examples]
