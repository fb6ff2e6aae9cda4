"""Balance of exploring and exploiting (095 B-STaR; Weihao Zeng et al., 2024): which temperature and threshold to bootstrap with.

A low temperature solves few inputs, always the same ones; a high one finds new solutions, among many wrong ones. The balance score
prefers settings at which every input has enough answers kept, and those that are kept are right.

1. For each temperature draw `samples` answers to each labelled input.   2. For each threshold keep, of every input, the different
answers that score above it, best first, at most m; m is the least number for which `target` answers are kept in all. Answers are
different where any step said something else, its reasoning included.
3. Balance of one input, with `kept` answers of which `right` are right: right / kept · min(1, right / enough); 0 where none is kept.
4. The setting with the highest mean balance wins; ties go to the lower temperature, then to the higher threshold.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json

from selftaught import scope
from selftaught.errors import SettingError
from selftaught.optimizers.rollouts import Attempt, attempts
from selftaught.optimizers.strategy import Problem

Setting = tuple[float, float]
"""Temperature and threshold."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a tuner found. `score`: the mean balance; `kept`: the answers it keeps; `curve`: the score of every setting."""

    temperature: float
    threshold: float
    score: float
    kept: tuple[Attempt, ...]
    curve: dict[Setting, float]

    def __str__(self) -> str:
        return f"temperature {self.temperature:g}, threshold {self.threshold:g}: {len(self.kept)} answers kept, balance {self.score:.2f}"


class BalanceTuner:
    """Finds the temperature and the threshold with the best balance.

    Labels are read to score answers, and nowhere else: no answer sees them.

    Args:
        temperatures: to try.
        thresholds: to try; an answer is kept if its score is above. With a metric of 0 and 1 all from 0 to below 1 are alike.
        samples: answers to each input, at each temperature.
        enough: right answers to one input from which more are no gain. For demonstrations one will do; more for training data.
        target: answers to keep in all; as many as there are inputs times `enough` by default.

    Raises:
        SettingError: nothing to try, or numbers out of range.
    """

    def __init__(
        self,
        temperatures: Sequence[float] = (0.4, 0.8, 1.2),
        thresholds: Sequence[float] = (0.0, 0.5),
        *,
        samples: int = 3,
        enough: int = 1,
        target: int | None = None,
    ) -> None:
        if not temperatures or not thresholds or min(temperatures) <= 0.0:
            raise SettingError(
                f"temperatures={temperatures}, thresholds={thresholds}: at least one of both, and temperatures above 0."
            )
        if min(samples, enough) < 1 or (target is not None and target < 1):
            raise SettingError(f"samples={samples}, enough={enough}, target={target}: expected at least 1.")
        self.temperatures, self.thresholds = sorted(set(temperatures)), sorted(set(thresholds), reverse=True)
        self.samples, self.enough, self.target = samples, enough, target

    @property
    def calls(self) -> int:
        """Answers drawn to one input."""
        return len(self.temperatures) * self.samples

    async def tune(self, problem: Problem, examples: Sequence[dspy.Example] | None = None) -> Balance:
        """Draw answers to labelled examples, all together, and choose."""
        shown = problem.labelled if examples is None else list(examples)
        drawn = await asyncio.gather(*(self._drawn(problem, shown, temperature) for temperature in self.temperatures))  # 1
        return self.choose(shown, dict(zip(self.temperatures, drawn, strict=True)))

    async def _drawn(self, problem: Problem, examples: Sequence[dspy.Example], temperature: float) -> list[Attempt]:
        if not hasattr(problem.program, "aforward"):
            return []
        programs = (
            _Resampled(problem.program, f"balance {temperature:g} {number}", temperature) for number in range(self.samples)
        )
        found = await asyncio.gather(*(attempts(problem, program, examples) for program in programs))
        return [one for tried in found for one in tried]

    def choose(self, examples: Sequence[dspy.Example], drawn: dict[float, list[Attempt]]) -> Balance:
        """Return the setting with the best balance of answers that were drawn, by temperature."""
        target, curve = self.target or self.enough * len(examples), {}
        best: Balance | None = None
        for temperature in self.temperatures:
            by_input = _different(examples, drawn[temperature])
            for threshold in self.thresholds:  # 4
                kept = selected(by_input, threshold, target)  # 2
                score = sum(balance_of(one, self.enough) for one in kept) / max(1, len(kept))  # 3
                curve[temperature, threshold] = score
                if best is None or score > best.score + 1e-12:
                    best = Balance(temperature, threshold, score, tuple(one for group in kept for one in group), curve)
        assert best is not None, "there is at least one setting"
        return best


class _Resampled(dspy.Module):
    """A program whose every call is another sample, at a temperature; its steps have the names that they have in the program."""

    def __init__(self, program: dspy.Module, name: str, temperature: float) -> None:
        super().__init__()
        self.inside = _Held(program)
        self.name, self.temperature = name, temperature

    def named_predictors(self) -> list[tuple[str, Any]]:
        """Return the program's."""
        return self.inside.program.named_predictors()

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer once more."""
        with scope.resampled(self.name, self.temperature):
            return await self.inside.program.acall(**inputs)


@dataclass(slots=True)
class _Held:
    """Keeps a program from being taken for a part of the module that holds it."""

    program: dspy.Module


def balance_of(kept: Iterable[Attempt], enough: int) -> float:
    """Return the balance of the answers kept for one input: how many of them are right, and whether these are enough."""
    right = [one.right for one in kept]
    return sum(right) / len(right) * min(1.0, sum(right) / enough) if right else 0.0


def selected(by_input: Sequence[Sequence[Attempt]], threshold: float, target: int) -> list[list[Attempt]]:
    """Return what is kept of each input: above the threshold, best first, as few each as give `target` answers in all."""
    above = [[one for one in group if one.score is not None and one.score > threshold] for group in by_input]
    ranked = [sorted(group, key=lambda one: -(one.score or 0.0)) for group in above]  # stable: the first drawn of equals
    most = max((len(group) for group in ranked), default=0)
    for each in range(1, most + 1):
        if sum(min(each, len(group)) for group in ranked) >= target:
            return [group[:each] for group in ranked]
    return ranked


def _different(examples: Sequence[dspy.Example], drawn: Sequence[Attempt]) -> list[list[Attempt]]:
    """Return the different answers to each input, in the order drawn."""
    found: dict[int, dict[str, Attempt]] = {id(example): {} for example in examples}
    for one in drawn:
        said = json.dumps(serialize_for_json([one.answer, one.demos]), sort_keys=True)
        found[id(one.example)].setdefault(said, one)
    return [list(group.values()) for group in found.values()]
