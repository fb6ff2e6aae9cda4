"""The contract for strategies whose steps the scripted learner does not know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy

from selftaught.budget import Budget
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import exact, learner, words

Steps = dict[tuple[str, ...], Callable[..., dict[str, Any]]]
"""Fields that a step asks for -> what answers it, from the messages and settings."""


def knowing(steps: Steps, script: Any = learner) -> Any:
    """Return a script that answers these steps, and everything else as `script` does, which sees every call first."""

    def answer(messages: list[dict[str, Any]], **settings: Any) -> Any:
        said = script(messages, **settings)
        step = steps.get(tuple(answer_fields(messages)))
        return said if step is None or isinstance(said, str) else step(messages, settings)

    return answer


class StepwiseContract(OptimizerContract):
    """The contract of optimizers, with a model that can also do this optimizer's steps."""

    def steps(self) -> Steps:
        """What the steps say."""
        raise NotImplementedError

    def compile(self, run_dir: Path, *, script: Any = learner, **settings: Any) -> tuple[Any, FakeLM]:
        """Tune with a model that knows the steps, whatever else it does."""
        return super().compile(run_dir, script=knowing(self.steps(), script), **settings)


def compiled(
    optimizer: Any,
    run_dir: Path,
    script: Any,
    program: dspy.Module,
    *,
    train: list[dspy.Example] | None = None,
    calls: int = 2000,
) -> tuple[Any, FakeLM]:
    """Tune a program for words on a scripted model; returns the program and the model."""
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        tuned = optimizer.compile(
            program, trainset=train or words(48)[:8], valset=words(48)[8:], metric=exact, budget=Budget(calls=calls),
            run_dir=run_dir, progress=False,
        )  # fmt: skip
    return tuned, lm


def asked(lm: FakeLM, *fields: str) -> list[list[dict[str, Any]]]:
    """Return the requests that asked for these fields."""
    return [messages for messages in lm.requests if answer_fields(messages) == list(fields)]


def text(messages: list[dict[str, Any]]) -> str:
    """Return a whole prompt."""
    return "\n".join(str(message["content"]) for message in messages)
