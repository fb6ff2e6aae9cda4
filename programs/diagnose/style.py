"""How answers sound: length, lists, hedges, openings and closings, and how far one speaker has moved toward another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from selftaught.novelty.words import unicode_words

_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
_HEDGE = re.compile(
    r"\b(?:may|might|could|perhaps|possibly|likely|generally|typically|often|usually|seems?|it is important to note|it depends)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
USUAL = 3
"""The most frequent ways to begin, or to end, that are the teacher's own."""
BEGINNING = 2
"""Words of a beginning."""


@dataclass(frozen=True, slots=True)
class Style:
    """The mean of one feature. `moved`: how far the student went from base to teacher, 1 for all the way; None where the two are alike."""

    base: float
    student: float
    teacher: float
    moved: float | None

    def __str__(self) -> str:
        far = "base and teacher alike" if self.moved is None else f"moved {self.moved:.0%} to the teacher's"
        return f"{far} ({self.base:.2f} -> {self.student:.2f}, teacher {self.teacher:.2f})"


def style_of(texts: Mapping[str, Sequence[str]]) -> dict[str, Style]:
    """Return the features of answers by `base`, `student` and `teacher`."""
    openings, closings = _usual(texts["teacher"], 0), _usual(texts["teacher"], -1)
    features: dict[str, Callable[[str], float]] = {
        "words": lambda text: float(len(unicode_words(text))),
        "list lines": lambda text: float(len(_LIST.findall(text))),
        "hedges": lambda text: float(len(_HEDGE.findall(text))),
        "teacher's openings": lambda text: float(_begins(text, 0) in openings),
        "teacher's closings": lambda text: float(_begins(text, -1) in closings),
    }
    return {name: _moved({who: fmean(map(of, said)) for who, said in texts.items()}) for name, of in features.items()}


def _usual(texts: Sequence[str], which: int) -> set[str]:
    counts = Counter(found for text in texts if (found := _begins(text, which)))
    return {found for found, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:USUAL]}


def _begins(text: str, which: int) -> str:
    """Return how the first sentence (0) or the last (-1) begins."""
    said = [one for one in _SENTENCE.findall(text) if unicode_words(one)]
    return " ".join(unicode_words(said[which])[:BEGINNING]) if said else ""


def _moved(means: Mapping[str, float]) -> Style:
    way = means["teacher"] - means["base"]
    return Style(**means, moved=None if abs(way) < 1e-9 else (means["student"] - means["base"]) / way)
