"""Look-ahead (188, WebEvolver; Fang et al., 2025): imagine what each of a few actions leads to, score it, then act.

For actions that are costly or cannot be taken back, and can be imagined first. A world model's errors grow with the depth: 1 or 2
is the useful range. A weak model scores everything alike, and then the plain agent's action is taken.

1. The candidates of a step: the plain agent's action, and others that a second call proposes; `candidates` in all.
2. For each, together: predict what is seen next, let the policy go on, to `depth` steps. A stop action needs no prediction.
3. For each: a critic scores the action and what it leads to.
4. Take the best, the first of equals. What was imagined never enters the history.

Departures: (1) the first candidate is the plain agent's own action, so that ties fall back on it. (2) While the world is
imagined, the policy goes on among the actions that are on offer now. (3) The world can also be a copy of the environment:
`world="copy"`. (4) A candidate whose simulation or score fails scores 0; when all fail, the first error is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.agent.core import SEEN, Act, choice_of
from selftaught.programs.agent.environment import Source
from selftaught.programs.agent.episode import Episode, Transition, among, history_of
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.given import texts
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

BEST_SCORE = 10


@method(188, "webevolver", family="agent", missing="training the agent and the world model on each other's trajectories")
class LookAhead(Act):
    """Imagine the outcome of a few actions before each step, and take the one that promises most.

    The prediction also holds `looked`: for each step, the `candidates`, their `scores` from 0 to 1 and what was `imagined`.

    Args:
        task: its inputs say what is wanted.
        environment: see `Agent`.
        most_steps: actions in an episode.
        candidates: actions compared at each step; 1 is the plain agent.
        depth: steps imagined for each.
        world: `"model"` lets the model predict; `"copy"` tries the action in a copy of the environment.
        stops: actions that only end the episode; they are scored as they are.

    Raises:
        SettingError: an unknown environment or world.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        environment: Source,
        most_steps: int = 8,
        candidates: int = 3,
        depth: int = 1,
        world: Literal["model", "copy"] = "model",
        stops: Sequence[str] = ("stop",),
    ) -> None:
        super().__init__(task, environment=environment, most_steps=most_steps)
        if world not in ("model", "copy"):
            raise SettingError(f"world={world!r}: expected 'model' or 'copy'.")
        self.candidates, self.depth = at_least("candidates", candidates, 1), at_least("depth", depth, 1)
        self.world, self.stops = world, tuple(texts("stops", stops))
        if candidates > 1:
            self.propose = Step(choice_of(self.task, "Propose", PROPOSE, {}, several=candidates - 1))
            self.score = Step(score_of(self.task))
            if world == "model":
                self.predict = Step(prediction_of(self.task))

    async def decide(self, inputs: dict[str, Any], episode: Episode, options: list[str], **more: str) -> str:
        """Return the most promising action."""
        own = await super().decide(inputs, episode, options, **more)
        rest = [one for one in options if one != own]
        if self.candidates == 1 or not rest:
            return own
        form = among(self.propose.signature, "others", rest, several=True)
        found = await self.propose.acall(**inputs, history=episode.text(), observation=episode.now.text, signature=form)
        compared = [own, *dict.fromkeys(found.others)][: self.candidates]  # 1
        if len(compared) == 1:
            return own
        looked = await survivors(self._looked(inputs, episode, options, one) for one in compared)  # 2, 3
        results = [one or ("", 0.0) for one in looked]
        scores = [score for _, score in results]
        episode.notes.append({"candidates": compared, "scores": scores, "imagined": [text for text, _ in results]})
        return compared[scores.index(max(scores))]  # 4

    async def _looked(self, inputs: dict[str, Any], episode: Episode, options: list[str], action: str) -> tuple[str, float]:
        """Return what an action leads to, in words, and its score."""
        if action in self.stops:
            outcome = THE_END
        elif self.world == "copy":
            outcome = await self._tried(inputs, episode.copy(), action)
        else:
            outcome = await self._imagined(inputs, episode, options, action)
        seen = {"history": episode.text(), "observation": episode.now.text}
        found = await self.score.acall(**inputs, **seen, action=action, outcome=outcome)
        return outcome, found.score / BEST_SCORE

    async def _imagined(self, inputs: dict[str, Any], episode: Episode, options: list[str], action: str) -> str:
        real, imagined, seen = episode.transitions, list[Transition](), episode.now.text
        for number in range(self.depth):
            history = history_of([*real, *imagined])
            if number:
                action = await self.chosen(inputs, history, seen, options)
            found = await self.predict.acall(**inputs, history=history, observation=seen, action=action)
            imagined.append(Transition(seen, action, found.next_observation))
            seen = found.next_observation
        return history_of(imagined)

    async def _tried(self, inputs: dict[str, Any], trial: Episode, action: str) -> str:
        start = len(trial.transitions)
        await trial.take(action)
        while len(trial.transitions) < start + self.depth and (options := trial.options()):
            await trial.take(await self.chosen(inputs, trial.text(), trial.now.text, options))
        return history_of(trial.transitions[start:])

    async def told(self, inputs: dict[str, Any], episode: Episode, **more: Any) -> dspy.Prediction:
        """Return the outputs, and what was looked at."""
        return await super().told(inputs, episode, looked=episode.notes, **more)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        if self.candidates == 1:
            return super().cost()
        imagined = (self.depth if self.world == "model" else 0) + self.depth - 1
        return super().cost() + Calls(0, self.most_steps * (1 + self.candidates * (imagined + 1)))


def prediction_of(task: Task) -> Task:
    """Return the signature of a world model: task inputs, history, observation and `action` -> `next_observation`."""
    given = shown(**SEEN, action="what is done next")
    asked = dspy.OutputField(desc="in the words of the observations before", max_length=300)
    return derived(task, "Predict", PREDICT, given, {"next_observation": (str, asked)})


def score_of(task: Task) -> Task:
    """Return the signature of a critic of an action: task inputs, history, observation, `action` and `outcome` -> `score`."""
    given = shown(**SEEN, action="what may be done next", outcome="what it would lead to")
    asked = dspy.OutputField(desc=f"from 0, useless, to {BEST_SCORE}, it reaches what is asked", ge=0, le=BEST_SCORE)
    return derived(task, "Score", SCORE, given, {"score": (int, asked)})


PROPOSE = "You act step by step to reach what is asked. Name other actions that could also be right now."
PREDICT = "Predict what will be seen after the action. Change only what the action changes."
SCORE = "Score how much closer the action brings you to what is asked. Judge by what it would lead to."
THE_END = "Nothing more: the episode ends with what is seen now."
