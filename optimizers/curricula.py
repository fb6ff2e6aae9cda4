"""Curricula: in which order a race meets the rows, learned from what candidates scored so far (090, 111).

They fit any strategy: `APE(metric, sampling=CategoryBandit("topic"))`. They see the selection rows as the scoreboard has them: inputs
and scores, no labels.

What they cost: the guarantee of `PairedRace` ("the best candidate is dropped with probability at most `level`") rests on a random
order, in which the first rows stand for all. These orders put other rows first on purpose, so a candidate that is good elsewhere
may be dropped early, with no bound on the chance of it. Finals on the whole pool, and the confirmation on unseen rows, do not depend
on the order: what is returned is still no worse than the baseline.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from selftaught.errors import SettingError
from selftaught.registry import method

if TYPE_CHECKING:
    from selftaught.optimizers.scoreboard import Scoreboard

Category = str | Callable[[Mapping[str, Any]], Any] | None
Scores = dict[str, dict[int, float | None]]
"""By candidate, then by row."""


@dataclass(slots=True)
class _Learned:
    """What a bandit knows of one run. `values`: by category; `counted`: pairs of candidate and row that it has learned from."""

    values: dict[str, float] = field(default_factory=dict)
    counted: set[tuple[str, int]] = field(default_factory=set)


@method(90, "sec-curriculum", family="curriculum", missing="training")
@dataclass(frozen=True, slots=True, repr=False)
class CategoryBandit:
    """SEC (090; Xiaoyin Chen et al., 2025): rows of the categories on which candidates differ come first.

    For a pool with categories, where some are solved and some hopeless and neither tells candidates apart. Without sensible
    categories, or with a noisy metric, it chases noise.

    1. Every category has a value, 0 at first. 2. For each place in the order draw a category by softmax(value / tau), then one of its
    rows at random, until all are placed. 3. Learning gain of a category: the mean absolute deviation of candidates' scores from their
    mean on the same row, over the rows that at least two candidates met in the last race. 4. After the race its value becomes
    alpha · gain + (1 - alpha) · value; categories that were not met keep theirs.

    Departures: (1) the paper trains on the drawn rows; here candidates of a prompt search meet them. (2) Rows are drawn without
    repetition; a category without rows left is passed over. (3) alpha and tau are ours: the paper's are not known for this use.

    Args:
        category: an input field, or a function from a row's inputs to its category; by default short, middling and long inputs.
        alpha: weight of the last race.
        tau: temperature; the higher, the more even.

    Raises:
        SettingError: alpha or tau out of range.
    """

    category: Category = None
    alpha: float = 0.5
    tau: float = 0.2
    _runs: WeakKeyDictionary[Any, _Learned] = field(default_factory=WeakKeyDictionary, compare=False)

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha <= 1.0 or not self.tau > 0.0:
            raise SettingError(f"alpha={self.alpha:g}, tau={self.tau:g}: alpha lies above 0 and at most at 1, and tau above 0.")

    def __repr__(self) -> str:
        """Say the settings, the same in every process: a run writes them down."""
        named = getattr(self.category, "__name__", self.category)
        return f"CategoryBandit(category={named!r}, alpha={self.alpha:g}, tau={self.tau:g})"

    def order(self, rows: Sequence[int], chooser: random.Random, board: Scoreboard) -> list[int]:
        """Return the rows in the order drawn, by what was learned from earlier races alone."""
        categories = categories_of(rows, inputs_of(board), self.category)
        learned = self._runs.setdefault(board, _Learned())
        self._learn(learned, scores_of(board), categories)  # 3, 4
        return drawn(categories, learned.values, self.tau, chooser)  # 1, 2

    def _learn(self, learned: _Learned, scores: Scores, categories: Mapping[int, str]) -> None:
        fresh = {
            key: {row: score for row, score in found.items() if (key, row) not in learned.counted}
            for key, found in scores.items()
        }
        for category, gain in learning_gains(fresh, categories).items():
            learned.values[category] = self.alpha * gain + (1.0 - self.alpha) * learned.values.get(category, 0.0)
        learned.counted |= {(key, row) for key, found in fresh.items() for row in found}

    def values(self, board: Scoreboard) -> dict[str, float]:
        """Return the values of the categories, for a look from outside."""
        return dict(self._runs[board].values) if board in self._runs else {}


@dataclass(slots=True)
class _Batches:
    """What a curriculum keeps of one run: its batches, and which is the next."""

    rows: list[list[int]]
    next: int = 0
    inversions: list[float] = field(default_factory=list)


@method(111, "adcl-egsr", family="curriculum", missing="training; reformulated expert solutions")
@dataclass(frozen=True, slots=True, repr=False)
class EasyToHard:
    """ADCL (111; Enci Zhang et al., 2025): easy rows first, and the next batch sorted again by what is hard now.

    For a search in several rounds, where early rounds should not be decided by rows that nobody solves. With few candidates
    a row's difficulty is a guess.

    1. Difficulty of a row: the share of score that candidates missed on it so far; the baseline alone at first.
    2. Sort the rows, easy first, and cut them into `batches` of equal size. Which batch a row is in never changes.
    3. Each race begins with the next batch (the last one stays), then come the batches after it, then those before it.
    4. Before a race, only the batch that it begins with is sorted again. The share of its pairs of rows that change places by this is
       the inversion rate: how far difficulty has shifted (rows that were equally hard before stood in some order too).

    Departures: (1) the paper trains on batch after batch; here races meet them. (2) Difficulty is estimated from all candidates so
    far, not from fresh samples: it costs no calls. (3) Reformulating expert solutions has no use without training.

    Args:
        batches: how many; 1 is a static sort.

    Raises:
        SettingError: fewer than one batch.
    """

    batches: int = 3
    _runs: WeakKeyDictionary[Any, _Batches] = field(default_factory=WeakKeyDictionary, compare=False)

    def __post_init__(self) -> None:
        if self.batches < 1:
            raise SettingError(f"batches={self.batches}: at least 1.")

    def __repr__(self) -> str:
        """Say the settings, the same in every process: a run writes them down."""
        return f"EasyToHard(batches={self.batches})"

    def order(self, rows: Sequence[int], chooser: random.Random, board: Scoreboard) -> list[int]:
        """Return the rows, those of the next batch first."""
        known, now = self._runs.get(board), difficulty_of(rows, scores_of(board))
        if known is None:
            mixed = sorted(chooser.sample(list(rows), len(rows)), key=now.__getitem__)  # 1
            self._runs[board] = known = _Batches(cut(mixed, self.batches))  # 2
        elif known.next + 1 < len(known.rows):
            known.next += 1
            batch = known.rows[known.next]
            known.inversions.append(inversion_rate(batch, now))
            known.rows[known.next] = sorted(batch, key=now.__getitem__)  # 4
        first = known.next
        return [row for batch in [*known.rows[first:], *known.rows[:first]] for row in batch]  # 3

    def inversions(self, board: Scoreboard) -> list[float]:
        """Return the inversion rate of each batch that was sorted again, in order; a study's board is `study.engine.board`."""
        return list(self._runs[board].inversions) if board in self._runs else []


def scores_of(board: Scoreboard) -> Scores:
    """Return every known score, by candidate and row."""
    return {key: {index: row.score for index, row in found.items()} for key, found in board.rows.items()}


def inputs_of(board: Scoreboard) -> dict[int, Mapping[str, Any]]:
    """Return the inputs of every row that some candidate has met; the baseline has met them all."""
    return {index: row.inputs for found in board.rows.values() for index, row in found.items()}


def categories_of(rows: Sequence[int], inputs: Mapping[int, Mapping[str, Any]], category: Category) -> dict[int, str]:
    """Return the category of each row.

    Raises:
        SettingError: the inputs have no such field.
    """
    if callable(category):
        return {row: str(category(inputs[row])) if row in inputs else "" for row in rows}
    if category is not None:
        for row in rows:
            if row in inputs and category not in inputs[row]:
                raise SettingError(f"category={category!r}: row {row} has no such input. It has {sorted(inputs[row])}.")
        return {row: str(inputs[row][category]) if row in inputs else "" for row in rows}
    by_length = sorted(rows, key=lambda row: (sum(len(str(value)) for value in inputs.get(row, {}).values()), row))
    return {row: ("short", "middling", "long")[3 * place // len(by_length)] for place, row in enumerate(by_length)}


def learning_gains(scores: Scores, categories: Mapping[int, str]) -> dict[str, float]:
    """Return, by category, how far candidates' scores lie from their mean on the same row, on average.

    Only rows with scores of at least two candidates count; a category without such a row is left out.
    """
    found: dict[str, list[float]] = {}
    for row, category in categories.items():
        said = [score for one in scores.values() if (score := one.get(row)) is not None]
        if len(said) > 1:
            mean = sum(said) / len(said)
            found.setdefault(category, []).extend(abs(score - mean) for score in said)
    return {category: sum(values) / len(values) for category, values in found.items()}


def chances(values: Mapping[str, float], tau: float) -> dict[str, float]:
    """Return the chance of each category: softmax(value / tau)."""
    highest = max(values.values())
    weights = {category: math.exp((value - highest) / tau) for category, value in values.items()}
    total = sum(weights.values())
    return {category: weight / total for category, weight in weights.items()}


def drawn(categories: Mapping[int, str], values: Mapping[str, float], tau: float, chooser: random.Random) -> list[int]:
    """Return all rows in the order drawn: a category by its chance, then one of its rows at random."""
    left: dict[str, list[int]] = {}
    for row, category in categories.items():
        left.setdefault(category, []).append(row)
    left = {category: chooser.sample(left[category], len(left[category])) for category in sorted(left)}
    found = []
    while left:
        odds = chances({category: values.get(category, 0.0) for category in left}, tau)
        category = chooser.choices(list(odds), weights=list(odds.values()))[0]
        found.append(left[category].pop())
        left = {name: rows for name, rows in left.items() if rows}
    return found


def difficulty_of(rows: Sequence[int], scores: Scores) -> dict[int, float]:
    """Return the share of score that candidates missed on each row; one half where no candidate has a score."""
    found = {}
    for row in rows:
        said = [score for one in scores.values() if (score := one.get(row)) is not None]
        found[row] = 1.0 - sum(said) / len(said) if said else 0.5
    return found


def cut(rows: Sequence[int], batches: int) -> list[list[int]]:
    """Return rows in consecutive batches whose sizes differ by at most one; none is empty."""
    count = min(batches, len(rows))
    edges = [round(number * len(rows) / count) for number in range(count + 1)] if count else []
    return [list(rows[start:end]) for start, end in pairwise(edges)]


def inversion_rate(rows: Sequence[int], difficulty: Mapping[int, float]) -> float:
    """Return the share of pairs of rows that stand in the wrong order by a new difficulty."""
    pairs = list(combinations(rows, 2))
    return sum(difficulty[a] > difficulty[b] for a, b in pairs) / len(pairs) if pairs else 0.0
