"""Sharpening (078; Audrey Huang et al., 2024): of several answers, the one that the model itself finds most likely.

Best of n without a judge: where a model knows better than it samples. It adds no information, likelihood prefers short answers,
and in open writing likelihood is not quality. `normalised` counts the mean token instead of the whole answer.

1. Draw `samples` answers; the first is the step's own. With `early`, draw the others only if the first has a probability
   below one half: otherwise none can be likelier.
2. The reward of each: the log-probability of the whole answer; the mean of its tokens (`normalised`); or the share of the
   answers that say the same (`vote`). Where the model gives no log-probabilities, it is the vote.
3. Return the answer with the highest reward, the first drawn on ties.

Departures: (1) the first answer is the step's own, at its own temperature. (2) The likelihood is that of the text with its JSON or
markers, which all answers share. (3) The vote is the fallback; the paper tests it as a reward of its own.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.normalise import answer_key
from selftaught.programs.reason import REASONING, reasoned
from selftaught.programs.sampling import at_least, draw
from selftaught.programs.search.best_of import highest
from selftaught.programs.search.likelihood import LOGPROB, TOKENS, LikelyStep
from selftaught.registry import method
from selftaught.signatures import Task, output_names

Reward = Literal["likelihood", "normalised", "vote"]
SURELY_BEST = math.log(0.5)


@method(78, "sharpening", family="vote", missing="training on the chosen answers; the diagnosis whether that would help")
class Sharpen(Program):
    """Draw several answers and return the one that the model finds most likely.

    The prediction also holds `scores`, the reward of each drawn answer, `chosen`, the number of the answer returned, and `reward`,
    by which it was chosen.

    Args:
        task: what to do.
        samples: answers drawn; 1 is plain generation.
        reward: `"likelihood"`, `"normalised"` or `"vote"`.
        temperature: of the samples after the first; the paper's is 1.
        reasoning: reason before the answer; the likelihood is then that of both.
        early: stop after the first answer where no other can be likelier; with `"likelihood"` only.

    Raises:
        SettingError: an unknown reward, or `early` with another one than the likelihood.
    """

    def __init__(
        self, task: str | Task, *, samples: int = 8, reward: Reward = "likelihood", temperature: float = 1.0,
        reasoning: bool = False, early: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(task)
        if reward not in ("likelihood", "normalised", "vote") or (early and reward != "likelihood"):
            raise SettingError(f"reward={reward!r}, early={early!r}: expected 'likelihood', 'normalised' or 'vote'; and early only with 'likelihood'.")  # fmt: skip
        self.samples, self.temperature = at_least("samples", samples, 1), temperature
        self.reward, self.early = reward, early
        self.generate = LikelyStep(reasoned(self.task) if reasoning else self.task)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Pick the likeliest answer to one input."""
        drawn = await self._drawn(inputs)  # 1
        reward, scores = self._rewards(drawn)  # 2
        best = highest(scores)  # 3
        names = self.task.output_fields
        more = {name: drawn[best][name] for name in (REASONING,) if name in drawn[best] and name not in names}
        return self.answer(drawn[best], scores=scores, chosen=best, reward=reward, **more)

    async def _drawn(self, inputs: dict[str, Any]) -> list[dspy.Prediction]:
        if not self.early or self.samples == 1:
            return await draw(self.generate, inputs, self.samples, self.temperature, own_first=True)
        own: list[dspy.Prediction] = []
        with contextlib.suppress(CallError):  # then the others decide
            own = await draw(self.generate, inputs, 1, self.temperature, own_first=True)
        if own and own[0][LOGPROB] is not None and own[0][LOGPROB] >= SURELY_BEST:
            return own
        try:
            return own + await draw(self.generate, inputs, self.samples - 1, self.temperature, first=1)
        except CallError:
            if not own:
                raise
            return own

    def _rewards(self, drawn: Sequence[dspy.Prediction]) -> tuple[Reward, list[float | None]]:
        """Return the reward that could be read of all answers, and what each gets."""
        if self.reward == "vote" or any(one[LOGPROB] is None for one in drawn):
            keys = [answer_key(one, output_names(self.task)) for one in drawn]
            votes = Counter(keys)
            return "vote", [votes[key] / len(keys) for key in keys]
        return self.reward, [one[LOGPROB] / (one[TOKENS] if self.reward == "normalised" else 1) for one in drawn]

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return Calls(1 if self.early else self.samples, self.samples)
