"""DSPy's own optimizers, as they ship, on the metered model: every call that DSPy's cache would not answer is counted."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.optimizing.model import PROPOSAL_TOKENS
from benchmarks.optimizing.tasks import Data, right

THREADS = 4


def mipro(program: Any, data: Data, seed: int, folder: Path) -> Any:
    """MIPROv2, light."""
    import dspy

    optimizer = dspy.MIPROv2(
        metric=right,
        auto="light",
        prompt_model=dspy.settings.lm.copy(max_tokens=PROPOSAL_TOKENS),
        num_threads=THREADS,
        seed=seed + 1,
    )
    return optimizer.compile(program, trainset=data.train, valset=data.val)


def gepa(program: Any, data: Data, seed: int, folder: Path) -> Any:
    """GEPA, light, with the right answer as feedback."""
    import dspy

    def told(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        score = right(gold, pred)
        said = "Right." if score else f"Wrong. The right output is {gold.output!r}."
        return dspy.Prediction(score=score, feedback=said)

    reflection = dspy.settings.lm.copy(max_tokens=PROPOSAL_TOKENS, temperature=1.0)
    optimizer = dspy.GEPA(metric=told, auto="light", reflection_lm=reflection, num_threads=THREADS, seed=seed)
    return optimizer.compile(program, trainset=data.train, valset=data.val)


def random_search(program: Any, data: Data, seed: int, folder: Path) -> Any:
    """BootstrapFewShotWithRandomSearch; the data of a seed are shuffled, which is its only randomness."""
    import dspy

    optimizer = dspy.BootstrapFewShotWithRandomSearch(metric=right, num_threads=THREADS)
    return optimizer.compile(program, trainset=data.train, valset=data.val)


PEERS: dict[str, Callable[[Any, Data, int, Path], Any]] = {"MIPROv2": mipro, "GEPA": gepa, "RandomSearch": random_search}


@contextlib.contextmanager
def silenced() -> Any:
    """Keep what the peers print out of the way."""
    logging.getLogger("dspy").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
