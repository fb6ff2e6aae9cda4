"""Filters of what a model wrote for itself: noise, and lengths that no example has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import mean, pstdev
from typing import Any

from selftaught.novelty.words import unicode_words
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Keep

REPEATED = 4
"""So many times the same three words, or a long run of one sign, is repetition without end."""
_REFUSAL = re.compile(
    r"\b(as an ai|language model|i('m| am) (sorry|unable)|i can(not|'t) (help|assist|provide|fulfil))", re.IGNORECASE
)
_TEMPLATE = re.compile(
    r"(^|\n)\s*(input|output|example|instruction|question|answer|label)\s*\d*\s*:|\[\[ ?##|</?s>|<\|\w+\|>|\{\{|\[(insert|your) [^\]]*\]",
    re.IGNORECASE,
)
_RUN = re.compile(r"([^\w\s])\1{9,}|(.)\2{24,}")


def noise(values: Iterable[Any]) -> str:
    """Return why texts are noise, or an empty text: empty, a refusal, left-over words of a prompt, repetition without end."""
    for value in values:
        if not isinstance(value, str):
            continue
        if not value.strip():
            return "empty"
        if _REFUSAL.search(value):
            return "a refusal"
        if _TEMPLATE.search(value):
            return "left-over words of a prompt"
        if _RUN.search(value) or repetitive(unicode_words(value)):
            return "repeats itself"
    return ""


def repetitive(words: Sequence[str]) -> bool:
    """True where the same three words come again and again, and make up half of the text."""
    runs = list(zip(words, words[1:], words[2:], strict=False))
    most = max((runs.count(run) for run in set(runs)), default=0)
    return most >= REPEATED and 3 * most * 2 >= len(words)


class LengthRange(Keep):
    """Drops rows whose texts are far longer or shorter than those of examples.

    Args:
        examples: rows with the same fields.
        fields: whose words are counted together.
        deviations: standard deviations from the examples' mean that are allowed; at least half the mean is.
        name: of the filter.
    """

    def __init__(self, examples: Sequence[Row], fields: Sequence[str], deviations: float, name: str) -> None:
        super().__init__(self.outside, name)
        self.fields = tuple(fields)
        lengths = [self.words(row) for row in examples]
        spread = max(deviations * pstdev(lengths), mean(lengths) / 2)
        self.low, self.high = mean(lengths) - spread, mean(lengths) + spread

    def words(self, row: Row) -> int:
        """Return how many words a row has in these fields."""
        return sum(len(unicode_words(str(row[name]))) for name in self.fields)

    def outside(self, row: Row) -> str:
        """Return why a row is dropped, or an empty text."""
        return "" if self.low <= self.words(row) <= self.high else f"not {self.low:.0f} to {self.high:.0f} words"
