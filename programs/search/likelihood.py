"""How likely an answer was to the model that gave it, from the log-probabilities of its tokens."""

from __future__ import annotations

import math
from typing import Any
from weakref import WeakSet

import dspy

from selftaught.errors import CallError, ConnectionFailed
from selftaught.programs.step import Step

LOGPROB, TOKENS = "answer_logprob", "answer_tokens"
"""Fields of a prediction: the log-probability of the whole answer with its markup, None where it is unknown, and its tokens."""

_refusing: WeakSet[Any] = WeakSet()
"""Models that refused log-probabilities; they are not asked for them again."""


class LikelyStep(Step):
    """A step whose prediction also holds the likelihood of its answer (`LOGPROB`, `TOKENS`)."""

    async def _predicted(self, args: tuple[Any, ...], inputs: dict[str, Any], config: dict[str, Any]) -> dspy.Prediction:
        model = inputs.get("lm") or self.lm or dspy.settings.lm
        asking = {} if model in _refusing else {"logprobs": True, "top_logprobs": 1}
        try:
            prediction = await super()._predicted(args, inputs, {**config, **asking})
        except CallError as error:
            if not asking or isinstance(error, ConnectionFailed) or "logprob" not in str(error).lower():
                raise
            _refusing.add(model)
            prediction = await super()._predicted(args, inputs, config)
        prediction[LOGPROB], prediction[TOKENS] = likelihood_of(prediction.get("logprobs"))
        prediction._store.pop("logprobs", None)
        return prediction


def likelihood_of(logprobs: Any) -> tuple[float | None, int]:
    """Return the log-probability of an answer and the number of its tokens; None where one of them has no probability.

    Args:
        logprobs: OpenAI's form, `{"content": [{"token": ..., "logprob": ...}, ...]}`.
    """
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    values = [token.get("logprob") for token in tokens or ()]
    if not values or any(not isinstance(value, int | float) or math.isnan(value) for value in values):
        return None, len(values)
    return math.fsum(min(float(value), 0.0) for value in values), len(values)
