"""More gates: so many rows of a kind, unlike in meaning, the best share of a round."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from selftaught.embedding import Encoder, embed
from selftaught.errors import SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Gate
from selftaught.programs.vote.decline import share as share_of


class AtMost(Gate):
    """Lets so many rows through for each value of a field.

    Args:
        field: whose values are counted; of several, their values together.
        most: rows of one value.
    """

    def __init__(self, field: str | Sequence[str], most: int, *, name: str = "quota") -> None:
        self.fields = [field] if isinstance(field, str) else list(field)
        self.most, self.name = at_least("most", most, 1), name
        self._counts: Counter[str] = Counter()

    def admit(self, row: Row) -> str:
        """Count a row."""
        key = "\n".join(str(row.get(name)) for name in self.fields)
        if self._counts[key] >= self.most:
            return f"more than {self.most} of one {', '.join(self.fields)}"
        self._counts[key] += 1
        return ""


class Unlike(Gate):
    """Lets a row through whose text is not too near to any before it, by the cosine of their embeddings.

    Args:
        field: the value that is compared.
        most: the cosine, from -1 to 1, from which a text is too near.
        encoder: see `selftaught.embedding`; the default knows spelling and topic words, not meaning.

    Raises:
        SettingError: a cosine out of range.
    """

    def __init__(self, field: str, most: float = 0.8, *, encoder: Encoder | None = None, name: str = "unlike") -> None:
        if isinstance(most, bool) or not isinstance(most, int | float) or not -1.0 <= most <= 1.0:
            raise SettingError(f"most={most!r}: expected a cosine from -1 to 1.")
        self.field, self.most, self.encoder, self.name = field, float(most), encoder, name
        self._rows: list[np.ndarray] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copy = type(self)(self.field, self.most, encoder=self.encoder, name=self.name)  # the encoder is shared: it has no memory
        copy._rows = list(self._rows)
        return copy

    def admit(self, row: Row) -> str:
        """Compare a row's text with all admitted ones."""
        (embedded,) = embed([str(row[self.field])], self.encoder)
        if self._rows and float((np.asarray(self._rows) @ embedded).max()) >= self.most:
            return f"cosine of {self.most:g} or more"
        self._rows.append(embedded)
        return ""


class BestShare(Gate):
    """Lets the best share of every round through, by a value or score; the earlier of equals.

    It keeps no memory, so a round should be large enough to compare with: it is the source's batch.

    Args:
        field: the value that holds the number; a row without it is rejected.
        share: of the rows that come to it, from 0 to 1; rounded up.
    """

    def __init__(self, field: str, share: float = 0.5, *, name: str = "best") -> None:
        self.field, self.share, self.name = field, share_of("share", share), name

    def admit(self, row: Row) -> str:
        """Let a row through on its own, as the best of one."""
        return "" if self.share and row.get(self.field) is not None else self._reason

    def decide(self, rows: Sequence[Row]) -> Sequence[str]:
        """Let the best through."""
        known = [place for place, row in enumerate(rows) if row.get(self.field) is not None]
        best = sorted(known, key=lambda place: (-float(rows[place][self.field]), place))[: math.ceil(self.share * len(known))]
        return ["" if place in set(best) else self._reason for place in range(len(rows))]

    def remember(self, row: Row) -> None:
        """Remember nothing."""

    @property
    def _reason(self) -> str:
        return f"not in the best {self.share:.0%} by {self.field}"
