"""Which of several candidates are paired: one that is chosen, and one that is rejected. By name, in `CHOICES`.

`extremes`  the highest and the lowest score, the first of equals; none where all scores are the same
`tiers`     the shortest of the best, the longest of the worst; best and worst are what lies within `slack` of the range of scores
`mixed`     every right one with every wrong one
`frequent`  the first right one with the first that gives the most frequent wrong answer
`apart`     every right one with the wrong one whose text is farthest from it, each wrong one once
`contrast`  the first that is not wrong, of one source, with the first of the other; the rejected may be right too

A candidate that could not be checked is in no pair, except for `contrast`, where the source is what tells the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from selftaught.programs.normalise import normalise
from selftaught.programs.synthesis.candidates import Answers, Candidate

Pair = tuple[Candidate, Candidate]
Choose = Literal["extremes", "tiers", "mixed", "frequent", "apart", "contrast"]
AGAINST = "against"
"""The source of candidates that are to be rejected, for `contrast`."""
FAR = (0.5, 0.4, 0.3)
"""Distances of two texts, in [0, 1], that are far enough; the shortest of those above the highest is taken (the paper's, 077)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of a row. `slack`: for `tiers`, as a share of the range of scores."""

    answers: Answers
    candidates: Sequence[Candidate]
    slack: float = 0.0

    @property
    def right(self) -> list[Candidate]:
        """Those that are right."""
        return self.answers.distinct([one for one in self.candidates if one.right])

    @property
    def wrong(self) -> list[Candidate]:
        """Those that are wrong."""
        return self.answers.distinct([one for one in self.candidates if one.right is False])

    @property
    def scored(self) -> list[tuple[float, Candidate]]:
        """Those that have a score, with it."""
        return [(one.score, one) for one in self.candidates if one.score is not None]

    def text(self, one: Candidate) -> str:
        """Return a candidate's text."""
        return self.answers.text(one.said)

    def same(self, one: Candidate, other: Candidate) -> bool:
        """True for two that say the same, word by word."""
        return normalise(self.text(one)) == normalise(self.text(other))


def _extremes(pool: Pool) -> list[Pair]:
    scored = pool.scored
    if len({score for score, _ in scored}) < 2:
        return []
    best, worst = max(scored, key=lambda one: one[0]), min(scored, key=lambda one: one[0])
    return [(best[1], worst[1])]


def _tiers(pool: Pool) -> list[Pair]:
    scores = [score for score, _ in pool.scored]
    if len(set(scores)) < 2:
        return []
    low, high = min(scores), max(scores)
    reach = pool.slack * (high - low) + 1e-9
    best = [one for score, one in pool.scored if score >= high - reach]
    worst = [one for score, one in pool.scored if score <= low + reach]
    chosen, rejected = min(best, key=lambda one: len(pool.text(one))), max(worst, key=lambda one: len(pool.text(one)))
    return [(chosen, rejected)] if (chosen.score or 0.0) > (rejected.score or 0.0) else []


def _mixed(pool: Pool) -> list[Pair]:
    return [(right, wrong) for right in pool.right for wrong in pool.wrong]


def _frequent(pool: Pool) -> list[Pair]:
    right, wrong = pool.right, pool.wrong
    if not right or not wrong:
        return []
    shares = pool.answers.shares(pool.candidates)
    return [(right[0], max(wrong, key=lambda one: shares.get(pool.answers.key(one.said), 0.0)))]


def _apart(pool: Pool) -> list[Pair]:
    left, pairs = pool.wrong, list[Pair]()
    for one in pool.right:
        if left:
            far = {id(other): Levenshtein.normalized_distance(pool.text(one), pool.text(other)) for other in left}
            enough = next((kept for at in FAR if (kept := [other for other in left if far[id(other)] > at])), [])
            other = min(enough, key=lambda two: len(pool.text(two))) if enough else max(left, key=lambda two: far[id(two)])
            left.remove(other)
            pairs.append((one, other))
    return pairs


def _contrast(pool: Pool) -> list[Pair]:
    chosen = [one for one in pool.candidates if one.source != AGAINST and one.right is not False]
    rejected = [one for one in pool.candidates if one.source == AGAINST or one.right is False]
    return [(one, other) for one in chosen for other in sorted(rejected, key=_order) if not pool.same(one, other)][:1]


def _order(one: Candidate) -> bool:
    return one.source != AGAINST  # theirs before wrong ones of our own


CHOICES: dict[Choose, Callable[[Pool], list[Pair]]] = {
    "extremes": _extremes, "tiers": _tiers, "mixed": _mixed, "frequent": _frequent, "apart": _apart, "contrast": _contrast
}  # fmt: skip
