"""Which ballots of a vote say the same, without NumPy and SciPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from selftaught.export.bundle.runtime.links import Group, answer_key
from selftaught.export.bundle.runtime.signatures import Signature
from selftaught.novelty.words import unicode_words
from selftaught.signatures.draft import render


def groups_of(task: Signature, ballots: Sequence[Any], how: str = "exact", near: float = 0.7, encoder: None = None) -> list[Any]:
    """Return the ballots in groups that say the same, in the order in which they were first drawn.

    `exact`: the same after normalisation. `best`: so too, and as heavy as the heaviest. `clustered`: every two share most of their words.
    """
    names = list(task.output_fields)
    keys = [answer_key(ballot.prediction, names) for ballot in ballots]
    alike = [[float(one == other) for other in keys] for one in keys]
    if how == "clustered":
        words = [unicode_words(render(names, ballot.prediction)) for ballot in ballots]
        alike = [[1.0 if keys[i] == keys[j] else overlap(words[i], words[j]) for j in range(len(keys))] for i in range(len(keys))]
    heavy = max if how == "best" else math.fsum
    found = []
    for places in clusters(alike, near):
        like = [round(sum(alike[i][j] for j in places), 9) if how == "clustered" else 0.0 for i in places]
        spoken = max(range(len(places)), key=lambda at, like=like, places=places: (like[at], ballots[places[at]].weight))  # type: ignore[misc]
        members = [ballots[place] for place in places]
        found.append(Group(keys[places[spoken]], tuple(members), members[spoken], heavy([one.weight for one in members])))
    return found


def clusters(alike: list[list[float]], near: float) -> list[list[int]]:
    """Return the rows in groups in which every two are at least `near` alike; the most alike come together first."""
    groups = [[place] for place in range(len(alike))]
    while len(groups) > 1:
        pairs = [(a, b) for a in range(len(groups)) for b in range(a + 1, len(groups))]
        least = {(a, b): min(alike[i][j] for i in groups[a] for j in groups[b]) for a, b in pairs}
        a, b = max(pairs, key=lambda pair, least=least: least[pair])  # type: ignore[misc]
        if least[a, b] < near - 1e-9:
            break
        groups[a] += groups.pop(b)
    return sorted((sorted(group) for group in groups), key=lambda group: group[0])


def overlap(one: list[str], other: list[str]) -> float:
    """Return how much two lists of words overlap: ROUGE-L, the F-measure of their longest common subsequence."""
    if not one or not other:
        return float(one == other)
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for place, said in enumerate(other, 1):
            row.append(before[place - 1] + 1 if word == said else max(before[place], row[-1]))
    if not row[-1]:
        return 0.0
    precision, recall = row[-1] / len(one), row[-1] / len(other)
    return 2 * precision * recall / (precision + recall)
