"""Gold metrics: they read the labelled answer of the example. Named so wherever their score is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.metrics import Metric, Score
from selftaught.programs.normalise import normalise


class Gold(Metric):
    """Base of metrics that compare one field with the labelled answer.

    Args:
        field: the output field to compare; by default the only label of the example.
        accepted: the label that holds all accepted answers as a list, when it is not the field itself.
    """

    def __init__(self, field: str | None = None, accepted: str | None = None) -> None:
        self.field = field
        self.accepted = accepted

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Compare the program's own answer with each accepted one; the best comparison counts."""
        labels = dict(example.labels())
        name = self.field or next((name for name in labels if name != self.accepted and name in predictions[0]), None)
        gold = labels.get(self.accepted or name or "")
        if name is None or gold is None:
            raise SettingError(
                f"{self.name}: the example has no label {self.accepted or self.field or '(any)'!r}; it has {sorted(labels)}."
            )
        wanted = gold if isinstance(gold, list | tuple) and self.accepted else [gold]
        value = max(self.compare(predictions[0][name], one) for one in wanted)
        shown = wanted[0] if len(wanted) == 1 else list(wanted)
        return Score(value, "" if value == 1.0 else f"The answer is {shown!r}.")

    def compare(self, given: Any, wanted: Any) -> float:
        """Return how well a given value matches a wanted one, in [0, 1]."""
        raise NotImplementedError


class Exact(Gold):
    """1 if the answer equals the labelled one after normalisation (case, punctuation, number format)."""

    name = "gold exact match"

    def compare(self, given: Any, wanted: Any) -> float:
        """Compare normalised values."""
        return float(normalise(given) == normalise(wanted))


class Contains(Gold):
    """1 if the answer contains the labelled one after normalisation."""

    name = "gold contains"

    def compare(self, given: Any, wanted: Any) -> float:
        """Look for the wanted words in the given ones."""
        return float(f" {normalise(wanted)} " in f" {normalise(given)} ")


class F1(Gold):
    """Token F1 between the answer and the labelled one."""

    name = "gold token F1"

    def compare(self, given: Any, wanted: Any) -> float:
        """Compare bags of words."""
        a, b = Counter(normalise(given).split()), Counter(normalise(wanted).split())
        shared = sum((a & b).values())
        return 2 * shared / (sum(a.values()) + sum(b.values())) if shared else float(a == b)
