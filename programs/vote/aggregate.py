"""Which ballots say the same, and which answer wins.

`exact`: the same after normalisation.   `clustered`: every two share most of their words, in order (ROUGE-L).
`semantic`: the embeddings of every two are near.   `best`: as `exact`, but an answer is as heavy as its heaviest ballot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from rapidfuzz.distance import LCSseq

from selftaught.embedding import Encoder, embed
from selftaught.novelty.rouge import f_measure
from selftaught.novelty.words import unicode_words
from selftaught.programs.normalise import answer_key
from selftaught.programs.vote.ways import Ballot
from selftaught.signatures import Task, output_names, render

Aggregate = Literal["exact", "clustered", "semantic", "best"]
AGGREGATES = ("exact", "clustered", "semantic", "best")


@dataclass(frozen=True, slots=True)
class Group:
    """Ballots that say the same. `spoken`: the one whose words stand for all."""

    key: str
    ballots: tuple[Ballot, ...]
    spoken: Ballot
    weight: float


@dataclass(frozen=True, slots=True)
class Poll:
    """The outcome of a vote. `votes`: the weight of each answer. `tied`: another answer is as heavy. `more`: to be told too."""

    winner: Ballot
    votes: dict[str, float]
    confidence: float
    tied: bool = False
    unsure: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def poll_of(groups: Sequence[Group], rank: Callable[[Group], tuple[float, ...]]) -> Poll:
    """Return who wins: the group of the highest rank, the first drawn on ties. Its share of all weight is the confidence."""
    votes = {group.key: group.weight for group in groups}
    best, total = max(groups, key=rank), math.fsum(votes.values())
    tied = sum(group.weight == best.weight for group in groups) > 1
    return Poll(best.spoken, votes, best.weight / total if total else 0.0, tied)


def groups_of(
    task: Task, ballots: Sequence[Ballot], how: Aggregate = "exact", near: float = 0.7, encoder: Encoder | None = None
) -> list[Group]:
    """Return the ballots in groups that say the same, in the order in which they were first drawn."""
    names = output_names(task)
    keys = [answer_key(ballot.prediction, names) for ballot in ballots]
    if how in ("exact", "best"):
        heavy = max if how == "best" else math.fsum
        found = [[i for i, other in enumerate(keys) if other == key] for key in dict.fromkeys(keys)]
        return [_group(keys, [ballots[i] for i in places], places, heavy) for places in found]
    texts = [render(names, ballot.prediction) for ballot in ballots]
    alike = overlaps(texts) if how == "clustered" else _cosines(texts, encoder)
    alike[np.equal.outer(np.array(keys), np.array(keys))] = 1.0
    found = clusters(alike, near)
    return [_group(keys, [ballots[i] for i in places], places, math.fsum, alike) for places in found]


def _group(
    keys: list[str], ballots: list[Ballot], places: list[int], heavy: Callable[[list[float]], float], alike: Any = None
) -> Group:
    """Return a group; its heaviest ballot speaks for it, or in a cluster the one most like the others."""
    like = [0.0] * len(places) if alike is None else alike[np.ix_(places, places)].sum(axis=1).round(9).tolist()
    spoken = max(range(len(places)), key=lambda i: (like[i], ballots[i].weight))
    return Group(keys[places[spoken]], tuple(ballots), ballots[spoken], heavy([ballot.weight for ballot in ballots]))


def clusters(alike: np.ndarray, near: float) -> list[list[int]]:
    """Return the rows in groups in which every two are at least `near` alike; the most alike come together first."""
    from scipy.cluster.hierarchy import fcluster, linkage  # heavy, and needed by few

    if len(alike) < 2:
        return [[0]] * len(alike)
    apart = 1.0 - alike[np.triu_indices(len(alike), 1)]
    labels = fcluster(linkage(np.maximum(apart, 0.0), "complete"), 1.0 - near + 1e-9, "distance").tolist()
    return [[i for i, other in enumerate(labels) if other == label] for label in dict.fromkeys(labels)]


def _cosines(texts: Sequence[str], encoder: Encoder | None) -> np.ndarray:
    rows = embed(texts, encoder)
    return np.einsum("ik,jk->ij", rows, rows)


def overlaps(texts: Sequence[str]) -> np.ndarray:
    """Return how much every two texts overlap: ROUGE-L, the F-measure of their longest common run of words with gaps."""
    words = [unicode_words(text) for text in texts]
    return np.array([[_overlap(one, other) for other in words] for one in words])


def _overlap(one: list[str], other: list[str]) -> float:
    if not one or not other:
        return float(one == other)
    return f_measure(LCSseq.similarity(one, other), len(one), len(other))
