"""Leading a strategy by hand: what it asks for is told as a function of its instruction, so that a test knows what is best."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

import dspy

from selftaught.metrics import as_metric
from selftaught.optimizers.candidate import Candidate
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.programs import Predict
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, exact, words

POOL = 10
STOPPED = "stopped"
Worth = Callable[[str], float | Mapping[int, float | None] | str | None]
"""Instruction -> the share of right rows, or the score of every row met; None where every row failed, STOPPED where a guard set it aside."""


def problem(**changes: Any) -> Problem:
    """Return a problem on words, with a predictor as its program."""
    return Problem(Predict(Speak), Speak, words(8), POOL, ["self"], random.Random(0), as_metric(exact), **changes)


def standing(candidate: Candidate, text: str, worth: Worth) -> Standing:
    """Return how a candidate stands whose instruction is `text`."""
    found = worth(text)
    if found is None:
        return Standing(candidate, None, (0.0, 1.0), POOL, POOL, dict.fromkeys(range(POOL)), {"length": float(len(text))})
    if isinstance(found, str):
        return Standing(candidate, None, (0.0, 1.0), POOL, 0, dict.fromkeys(range(POOL), 1.0), {"length": float(len(text))})
    scores = found if isinstance(found, Mapping) else {row: float(row < round(POOL * found)) for row in range(POOL)}
    known = [score for score in scores.values() if score is not None]
    value = sum(known) / len(known) if known else None
    return Standing(candidate, value, (0.0, 1.0), len(scores), len(scores) - len(known), scores, {"length": float(len(text))})


def lead(
    strategy: Any, script: Any, worth: Worth, look: Callable[[], Any] = lambda: None
) -> tuple[list[list[str]], list[Any], FakeLM]:
    """Lead a strategy to its end; returns the instructions asked for in each round, what `look` saw after it, and the model."""
    lm, asked, seen = FakeLM(script), [], []
    with dspy.context(lm=lm):
        while trials := asyncio.run(strategy.ask()):
            texts = [strategy.instruction_of(trial.candidate) for trial in trials]
            strategy.tell([standing(trial.candidate, text, worth) for trial, text in zip(trials, texts, strict=True)])
            asked.append(texts)
            seen.append(look())
            if len(asked) > 50:
                raise RuntimeError("the strategy does not end")
    return asked, seen, lm


def numbered(**settings: Any) -> str:
    """Return a text of its own for every sample."""
    return f"Try number {random.Random(str(settings.get('rollout_id'))).randrange(10**6)}."
