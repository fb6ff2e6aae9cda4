"""Texts by likeness: the index that retrieval and routing share.

1. Embed all texts, once.   2. Features that few texts have weigh more (not with an encoder of your own).
3. Order the texts by cosine with what is asked; equal ones in the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from selftaught.embedding import Encoder, embed, rarity, similarities, weighted


class Corpus:
    """Texts that are looked up by likeness. It never changes, so copies of a program share it.

    Args:
        texts: at least one.
        encoder: see `selftaught.embedding`.
    """

    def __init__(self, texts: Sequence[str], encoder: Encoder | None = None) -> None:
        self.texts, self.encoder = list(texts), encoder

    def __deepcopy__(self, memo: dict[int, object]) -> Corpus:
        return self

    def similar(self, text: str) -> np.ndarray:
        """Return the cosine of a text with each of these."""
        weights, rows = self._embedded
        (row,) = weighted(embed([text], self.encoder), weights)
        return similarities(row, rows).round(9)

    def nearest(self, text: str, count: int) -> list[int]:
        """Return the numbers of the texts most like a text, the likest first."""
        return [int(number) for number in np.argsort(-self.similar(text), kind="stable")[:count]] if count else []

    @cached_property
    def _embedded(self) -> tuple[np.ndarray, np.ndarray]:
        rows = embed(self.texts, self.encoder)
        weights = rarity(rows) if self.encoder is None else np.ones(rows.shape[1])
        return weights, weighted(rows, weights)
