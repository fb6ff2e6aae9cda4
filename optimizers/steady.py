"""Prompt sensitivity as a penalty (009): prefer instructions whose behaviour does not hang on single words.

1. Tune `Steadied(program)`: it answers as the program does, and says how sensitive the answer is.
2. Score with `SteadyMetric(metric, penalty)`: what the metric says, less the penalty times the sensitivity.
3. The tuned program is `tuned.program`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.metrics import Metric, Score, as_metric
from selftaught.optimizers.candidate import task_of
from selftaught.optimizers.sensitivity import PromptSensitivity
from selftaught.programs.base import Calls, Program, cost_of


class Steadied(Program):
    """A program that also says how much each of its answers hangs on the words of the prompt, as `sensitivity`.

    Give it to an optimizer in the place of its program, with `SteadyMetric` as metric; the tuned program is then
    `tuned.program`. Every answer takes `copies` more runs of the program.

    Args:
        program: answers.
        copies: perturbed prompts; a few suffice for a penalty that is averaged over many inputs.
        drop_rate: probability with which a word is dropped.
        seed: of the copies.
    """

    def __init__(self, program: dspy.Module, *, copies: int = 2, drop_rate: float = 0.2, seed: int = 0) -> None:
        super().__init__(task_of(program))
        self.program = program
        self.measure = PromptSensitivity(copies, drop_rate, seed)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input, and measure."""
        own = await self.program.acall(**inputs)
        return self.answer(own, sensitivity=(await self.measure.around(self.program, inputs, own)).value)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return cost_of(self.program) * (1 + (self.measure.copies if self.measure.drop_rate else 0))


class SteadyMetric(Metric):
    """A metric less a penalty for sensitivity; it scores the answers of a `Steadied` program.

    Args:
        metric: a judge, a Metric or a function whose score of a program is a plain mean over examples.
        penalty: what an answer loses that every copy of the prompt changes, from 0 to 1.

    Raises:
        SettingError: the penalty is out of range, or the metric is no plain mean of one answer's scores.
    """

    def __init__(self, metric: Any, penalty: float = 0.5) -> None:
        self.inner = as_metric(metric)
        if not 0.0 <= penalty <= 1.0:
            raise SettingError(f"penalty={penalty!r}: expected a number from 0 to 1.")
        if not self.inner.is_mean or self.inner.samples > 1 or type(self.inner).finish is not Metric.finish:
            raise SettingError(
                f"{self.inner.name} looks at several answers together, so there is no score of one answer to lessen."
            )
        self.penalty, self.self_judged = penalty, self.inner.self_judged
        self.name = f"{self.inner.name} less {penalty:g} of the sensitivity"

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Score one answer."""
        if "sensitivity" not in predictions[0]:
            raise SettingError(
                "The answer does not say how sensitive it is. Evaluate or tune Steadied(program), not the program."
            )
        found, sensitivity = await self.inner.score(example, predictions), predictions[0].sensitivity
        if found.value is None or sensitivity is None:
            return Score(None, found.feedback, found.detail)
        detail = {**found.detail, "sensitivity": sensitivity, "unpenalised": found.value}
        return Score(max(0.0, found.value - self.penalty * sensitivity), found.feedback, detail)
