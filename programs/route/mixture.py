"""Mixture of prompts: several prompts for one task, each for its own region of inputs (178; Wang et al., 2024).

What the optimizer `MoP` builds; on its own it is a router to experts that are yet to be tuned.

1. Embed the input and find the nearest centroid (Euclidean; the first of equals).
2. An input farther than `reach` from every centroid goes to one more expert, the general one.
3. That one expert answers, in one call with its own instruction and demonstrations.

Departures: (1) the general expert, since the paper has no answer to inputs that are like none seen. (2) Hashed n-grams instead of
a hosted embedding model, unless an encoder is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
import numpy as np

from selftaught.embedding import FEATURES, Encoder, embed, text_of
from selftaught.errors import SettingError
from selftaught.programs.base import Calls, Program
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task


@method(None, "mixture-of-prompts", family="route")
class MixtureOfPrompts(Program):
    """Answer each input with the expert of its region.

    The prediction also holds `expert`, the number of the one that answered, and `distance`, how far the input lies from the
    nearest centroid. With an encoder of your own it cannot be saved as an artifact.

    Args:
        task: what to do.
        centroids: one for each region, as long as an embedding.
        reach: distance beyond which an input belongs to no region (embeddings have length 1); None for no such bound.
        generate: a predictor, of which each expert is a copy; a step on the task by default.
        encoder: see `selftaught.embedding`.

    Raises:
        SettingError: no centroid, centroids of different or of the wrong length, or a setting that is none.
    """

    def __init__(
        self, task: str | Task, centroids: Sequence[Sequence[float]], *, reach: float | None = None,
        generate: dspy.Predict | None = None, encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task)
        if generate is not None and not isinstance(generate, dspy.Predict):
            raise SettingError(
                f"generate={generate!r}: expected a predictor, such as st.Predict(task), of which experts are copies."
            )
        if reach is not None and not reach > 0:
            raise SettingError(f"reach={reach!r}: expected a distance above 0, or None for no bound.")
        self.centroids, self.reach, self.encoder = _table(centroids, FEATURES if encoder is None else None), reach, encoder
        self.arguments.values["centroids"] = self.centroids.tolist()  # plain data, so that an artifact can hold them
        count = len(self.centroids) + (reach is not None)
        self.experts = [Step(self.task) if generate is None else generate.deepcopy() for _ in range(count)]

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        expert, distance = self.route(inputs)  # 1, 2
        return self.answer(await self.experts[expert].acall(**inputs), expert=expert, distance=distance)  # 3

    def route(self, inputs: Mapping[str, Any]) -> tuple[int, float]:
        """Return which expert an input goes to, and its distance from the nearest centroid.

        Raises:
            SettingError: embeddings and centroids differ in length.
        """
        (row,) = embed([text_of(self.task, inputs)], self.encoder)
        if len(row) != self.centroids.shape[1]:
            raise SettingError(f"The centroids have {self.centroids.shape[1]} numbers each, the encoder gives {len(row)}.")
        distances = np.linalg.norm(self.centroids - row, axis=1)
        nearest, distance = int(distances.argmin()), float(distances.min())
        return (len(self.centroids) if self.reach is not None and distance > self.reach else nearest), distance

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


def _table(centroids: Any, width: int | None) -> np.ndarray:
    try:
        table = np.asarray(centroids, dtype=float)
    except (TypeError, ValueError) as error:
        raise SettingError(f"centroids: expected lists of numbers, all of one length: {error}.") from error
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise SettingError(f"centroids has the shape {table.shape}: expected at least one list of numbers, all of one length.")
    if width is not None and table.shape[1] != width:
        raise SettingError(
            f"The centroids have {table.shape[1]} numbers each; embeddings without an encoder of your own have {width}."
        )
    return table
