"""Statistics of texts, and the collapse monitor (081; Herel and Mikolov, 2024).

For any loop that feeds on its own answers: an alarm before quality falls. The paper shows samples growing repetitive as a
model is trained on its own text; what to measure, and from when on to worry, is ours.

1. For each round's answers to one fixed set of prompts: distinct-1 to distinct-4, the share of answers with a loop, the
   share of answers that are unique.
2. Hold them against the first round: a fall of diversity by `warn` is a warning, by `stop` ends the loop; loops count the
   same way, as a fall of the share of answers without one.

Departures: (1) no held-out loss, which needs the weights. (2) The monitor reads answers only, never prompts.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from selftaught.errors import DataError, SettingError
from selftaught.registry import method

_WORD = re.compile(r"\w+(?:['’]\w+)*")
LOOP_TIMES = 3
"""How often a 4-gram stands in one text from which on it is a loop."""


def words(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(text.lower())


def ngrams(text: str, length: int) -> list[tuple[str, ...]]:
    """Return the runs of `length` words, in order."""
    said = words(text)
    return [tuple(said[start : start + length]) for start in range(len(said) - length + 1)]


def distinct(texts: Sequence[str], length: int) -> float:
    """Return distinct-n: different n-grams of all texts together over all n-grams; 1 where there are none."""
    found = [gram for text in texts for gram in ngrams(text, length)]
    return len(set(found)) / len(found) if found else 1.0


def loops(text: str) -> bool:
    """True when a run of four words stands in the text three times, or a whole sentence of at least four words twice."""
    grams = Counter(ngrams(text, 4))
    if grams and max(grams.values()) >= LOOP_TIMES:
        return True
    sentences = Counter(" ".join(said) for part in re.split(r"[.!?\n]+", text) if len(said := words(part)) >= 4)
    return any(times > 1 for times in sentences.values())


def compression(text: str) -> float:
    """Return the compressed size over the size, in bytes; 1 for texts under 60 bytes, which do not compress."""
    raw = text.encode()
    return len(zlib.compress(raw, 9)) / len(raw) if len(raw) >= 60 else 1.0


def unique(texts: Sequence[str]) -> float:
    """Return the share of different texts, without regard to case and spaces; 1 without any."""
    return len({" ".join(text.lower().split()) for text in texts}) / len(texts) if texts else 1.0


@dataclass(frozen=True, slots=True)
class Health:
    """What the monitor saw of one round. Shares in [0, 1]; `distinct`: distinct-1 to distinct-4; `mean_length` in words."""

    distinct: tuple[float, float, float, float]
    repetition: float
    unique: float
    mean_length: float
    verdict: Literal["ok", "warn", "stop"] = "ok"


def health(texts: Sequence[str]) -> Health:
    """Return the statistics of one round, without a verdict. The order of the texts does not matter."""
    if not texts:
        raise DataError("There are no texts to look at. Give the answers of one round.")
    one, two, three, four = (distinct(texts, length) for length in (1, 2, 3, 4))
    repeated = sum(map(loops, texts)) / len(texts)
    return Health((one, two, three, four), repeated, unique(texts), sum(len(words(text)) for text in texts) / len(texts))


@method(81, "collapse-self-training", family="diagnose", missing="the loss on held-out text, which needs the weights")
class CollapseMonitor:
    """Watches the rounds of a loop for collapse.

    Args:
        warn: relative fall against the first round that is worth a warning; 0.1 by default.
        stop: fall that ends the loop; 0.2 by default.

    Raises:
        SettingError: not 0 < warn <= stop < 1.
    """

    def __init__(self, *, warn: float = 0.1, stop: float = 0.2) -> None:
        if not 0.0 < warn <= stop < 1.0:
            raise SettingError(f"warn={warn:g}, stop={stop:g}: expected 0 < warn <= stop < 1.")
        self.warn, self.stop = warn, stop

    def watch(self, rounds: Sequence[Sequence[str]]) -> list[Health]:
        """Return the statistics of each round with its verdict; the first round is the reference.

        Raises:
            DataError: no round, or one without texts.
        """
        if not rounds:
            raise DataError("There are no rounds to watch. Give the answers of at least one.")
        found = [health(texts) for texts in rounds]
        return [self._judged(found[0], one) for one in found]

    def _judged(self, first: Health, now: Health) -> Health:
        pairs = [*zip(first.distinct, now.distinct, strict=True), (first.unique, now.unique)]
        pairs.append((1.0 - first.repetition, 1.0 - now.repetition))
        worst = max((1.0 - after / before if before else 0.0) for before, after in pairs)
        verdict: Literal["ok", "warn", "stop"] = "stop" if worst >= self.stop else "warn" if worst >= self.warn else "ok"
        return Health(now.distinct, now.repetition, now.unique, now.mean_length, verdict)
