"""The small decisions of a search, one method each: the order of examples, acceptance, stopping, confirmation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from selftaught.errors import SettingError
from selftaught.evaluation import gain
from selftaught.metrics import Metric, Row
from selftaught.statistics import Gain, paired_shares

if TYPE_CHECKING:
    from selftaught.optimizers.scoreboard import Scoreboard
    from selftaught.optimizers.strategy import Standing

LEVEL = 0.05
"""One-sided level of the paired test that confirms a gain."""


class Sampling(Protocol):
    """In which order a race meets the rows of the pool."""

    def order(self, rows: Sequence[int], chooser: random.Random, board: Scoreboard) -> list[int]:
        """Return the rows in order."""


@dataclass(frozen=True, slots=True)
class Shuffled:
    """A new random order for every race, drawn after its candidates are known: what the guarantee of a paired race rests on."""

    def order(self, rows: Sequence[int], chooser: random.Random, board: Scoreboard) -> list[int]:
        """Return the rows in random order."""
        return chooser.sample(list(rows), len(rows))


@dataclass(frozen=True, slots=True)
class CheapFirst:
    """Random, but rows that cost fewer samples come first."""

    def order(self, rows: Sequence[int], chooser: random.Random, board: Scoreboard) -> list[int]:
        """Return the rows in order; the sort is stable."""
        return sorted(chooser.sample(list(rows), len(rows)), key=lambda row: row not in board.cheap)


class Acceptance(Protocol):
    """Whether a new candidate takes the place of the one it was made from."""

    def accepts(self, before: Standing, after: Standing) -> bool:
        """Compare them on the rows that both met."""


@dataclass(frozen=True, slots=True)
class AtLeastAsGood:
    """Accept what is better by at least `margin` on the rows that both met; 0 accepts equals, a negative one small losses."""

    margin: float = 0.0

    def accepts(self, before: Standing, after: Standing) -> bool:
        """Compare the sums over shared rows; without any, nothing is accepted."""
        shared = [row for row, score in after.scores.items() if score is not None and before.scores.get(row) is not None]
        if not shared:
            return False
        difference = sum((after.scores[row] or 0.0) - (before.scores[row] or 0.0) for row in shared) / len(shared)
        return difference >= self.margin - 1e-12


class Stopping(Protocol):
    """When a search has done enough."""

    def stops(self, board: Scoreboard) -> str | None:
        """Return why the search ends here; None to go on."""


@dataclass(frozen=True, slots=True)
class Exploited:
    """Stop when the audit says that the judge is being exploited."""

    def stops(self, board: Scoreboard) -> str | None:
        """Ask the guards."""
        found = board.watch.exploited
        return None if found is None else f"the judge is being exploited: {found.message}"


@dataclass(frozen=True, slots=True)
class NothingToGain:
    """Stop when a candidate is perfect on the whole pool, and nothing but the score counts."""

    def stops(self, board: Scoreboard) -> str | None:
        """Look at the leader."""
        if board.prefer.choose != "quality":
            return None
        best = board.standings()[0]
        whole = best.rows >= board.pool and not best.failed
        return "nothing is left to gain on the selection examples" if whole and best.value >= 1.0 else None


@dataclass(frozen=True, slots=True)
class NoImprovement:
    """Stop when the best score has not risen for `patience` steps."""

    patience: int = 3

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise SettingError(f"patience={self.patience}: at least 1 step.")

    def stops(self, board: Scoreboard) -> str | None:
        """Look at the best score after each step."""
        best = board.history
        if len(best) <= self.patience or max(best[-self.patience :]) > max(best[: -self.patience]):
            return None
        return f"no better candidate for {self.patience} steps"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a winner is returned, and why, in words."""

    confirmed: bool
    reason: str
    gain: Gain


class Confirmation(Protocol):
    """Whether the winner of a search is better than the baseline on examples that no candidate was selected on."""

    def decide(self, before: Sequence[Row], after: Sequence[Row], metric: Metric, tries: int) -> Decision:
        """Compare them. `tries`: how many winners of this run were confirmed on the same examples before."""


@dataclass(frozen=True, slots=True)
class RealGain:
    """The gain is significant in a paired test. A second winner on the same examples is tested at half the level, and so on.

    Scores of 0 and 1 are tested by the exact unconditional test (`statistics.paired_shares`), others by sign flips.
    """

    level: float = LEVEL

    def decide(self, before: Sequence[Row], after: Sequence[Row], metric: Metric, tries: int) -> Decision:
        """Test the paired differences."""
        found = _sharpened(gain(before, after, metric), before, after, metric)
        real = found.real(self.level / 2**tries)
        return Decision(real, said(found) if real else f"the gain is not real, so the baseline is returned: {said(found)}", found)


@dataclass(frozen=True, slots=True)
class NotWorse:
    """Nothing says that it is worse: the difference is at least `-tolerance`, and the baseline is not significantly better.

    For a winner that was chosen for being cheaper or shorter, and for many small gains that one test cannot show. It can
    return a program that is a little worse; `RealGain` does so at its level only.
    """

    tolerance: float = 0.0
    level: float = LEVEL

    def decide(self, before: Sequence[Row], after: Sequence[Row], metric: Metric, tries: int) -> Decision:
        """Test the other way round."""
        found, lost = gain(before, after, metric), gain(after, before, metric)
        fine = found.n > 0 and found.difference >= -self.tolerance - 1e-12 and not lost.real(self.level)
        return Decision(fine, f"{'not worse' if fine else 'worse, so the baseline is returned'}: {said(found)}", found)


def _sharpened(found: Gain, before: Sequence[Row], after: Sequence[Row], metric: Metric) -> Gain:
    """Return a gain with the p-value of the sharper test, where scores are zeros and ones."""
    base = {row.index: row.score for row in before if row.score is not None}
    pairs = [(base[row.index], row.score) for row in after if row.score is not None and row.index in base]
    if not metric.is_mean or any(score not in (0.0, 1.0) for pair in pairs for score in pair):
        return found
    won, lost = sum(new > old for old, new in pairs), sum(new < old for old, new in pairs)
    return replace(found, p=paired_shares(won, lost, len(pairs)))


def said(found: Gain) -> str:
    """Return a gain in words."""
    low, high = found.interval
    return f"gain of {found.difference * 100:+.0f} points ({low * 100:+.0f} to {high * 100:+.0f}) on {found.n} unseen examples, p={found.p:.3g}"
