"""The figures of a judge on pairs of answers, each pair asked in both orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selftaught.figures import Figure, mean_of, share, unknown
from selftaught.programs.judge.trust.labels import FIRST, SECOND
from selftaught.reliability import brier, calibration_error
from selftaught.signatures import Comparison
from selftaught.statistics import paired_gain

MIRRORED = {"first": "second", "second": "first", "tie": "tie"}
TIES_EVERYWHERE = "every pair is labelled a tie"


@dataclass(frozen=True, slots=True)
class Pair:
    """What a judge said of one pair.

    `better`: the label. `given`, `swapped`: the judge's verdicts in both orders, each naming the place it had there.
    `places`: its verdicts in both orders when one order is asked at a time. `longer`: the longer answer, None if equal.
    """

    better: str
    given: Comparison
    swapped: Comparison
    places: tuple[str, str]
    longer: str | None

    @property
    def verdicts(self) -> tuple[str, str]:
        """The verdicts of both orders, in the names of the given order."""
        return self.given.better, MIRRORED[self.swapped.better]

    def credit(self, wanted: str) -> float:
        """Return how far the verdicts prefer an answer: 1 in both orders, 0 in none, a tie counts half."""
        return sum(1.0 if one == wanted else 0.5 if one == "tie" else 0.0 for one in self.verdicts) / 2


def pair_figures(pairs: Sequence[Pair]) -> dict[str, Figure]:
    """Return all figures of pairs."""
    decided = [pair for pair in pairs if pair.better != "tie"]
    right = mean_of([pair.credit(pair.better) for pair in decided], 0.5) if decided else unknown(TIES_EVERYWHERE, len(pairs))
    tied = sum(one == "tie" for pair in pairs for one in pair.verdicts)
    return {
        "accuracy": right,
        "auroc": right,
        "decided_accuracy": _decided(decided),
        "ties": share(tied / 2, len(pairs), None),
        **_order(pairs),
        "length_bias": _length(decided),
        **_chances(decided),
        "self_preference": unknown("pairs do not say which model wrote which answer", len(pairs)),
    }


def p_of(pairs: Sequence[Pair]) -> float:
    """Return the probability of preferring the better answers so often if the judge were blind."""
    credits = [pair.credit(pair.better) for pair in pairs if pair.better != "tie"]
    return paired_gain([0.5] * len(credits), credits).p


def undecided(pairs: Sequence[Pair]) -> bool:
    """Return whether the judge said the same of every pair: tie everywhere, or one place throughout."""
    return len({one for pair in pairs for one in (pair.given.better, pair.swapped.better)}) < 2


def _decided(pairs: Sequence[Pair]) -> Figure:
    held = [pair for pair in pairs if pair.verdicts[0] == pair.verdicts[1] != "tie"]
    if not held:
        return unknown("no verdict held in both orders", len(pairs))
    return share(sum(pair.verdicts[0] == pair.better for pair in held), len(held), 0.5)


def _order(pairs: Sequence[Pair]) -> dict[str, Figure]:
    """Return the effects of the order, from verdicts that were asked one order at a time."""
    changed = sum(pair.places[0] != MIRRORED[pair.places[1]] for pair in pairs)
    seconds = []
    for pair in pairs:
        named = [place for place in pair.places if place != "tie"]
        if named:
            seconds.append(named.count(SECOND) / len(named))
    return {
        "consistency": share(len(pairs) - changed, len(pairs), None),
        "order_changes": share(changed, len(pairs), None),
        "second_place": mean_of(seconds, 0.5) if seconds else unknown("every verdict is a tie", len(pairs)),
    }


def _length(pairs: Sequence[Pair]) -> Figure:
    known = [(pair, pair.longer) for pair in pairs if pair.longer is not None]
    if not known:
        return unknown("the answers of every pair are equally long", len(pairs))
    return mean_of([pair.credit(longer) - float(pair.better == longer) for pair, longer in known], 0.0, -1.0, 1.0)


def _chances(pairs: Sequence[Pair]) -> dict[str, Figure]:
    scores, labels = chances_of(pairs)
    if not len(scores):
        without = unknown("the judge gives no probabilities of its verdicts", len(pairs))
        return {"calibration_error": without, "brier": without}
    return {"calibration_error": calibration_error(scores, labels), "brier": brier(scores, labels)}


def chances_of(pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Return the judge's chances that the first answer is better, and whether it is, where it gives chances and one is."""
    known = [
        (pair.given.chance, pair.better == FIRST) for pair in pairs if pair.given.chance is not None and pair.better != "tie"
    ]
    return np.array([chance for chance, _ in known], dtype=float), np.array([label for _, label in known], dtype=bool)
