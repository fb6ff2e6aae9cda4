"""Critique ability (192; Luo et al., 2023): can the judge tell right from convincing wrong answers?

1. For each input take one right and one wrong answer of the pool; the wrong one is the most frequent, the longer on ties.
   Inputs without both are left out and counted. So every input is balanced, and a coin is right half of the time.
2. Accuracy of the judge's verdicts on them, over inputs, and by the certainty of the vote on that input.
3. A pair with an unreadable verdict is left out of the accuracy and counted (the paper takes it for "correct").

Departures: (1) verdicts are asked for once, not eight times. (2) Inputs of all certainties, not only of middle ones.
The paper's vote with a self-check is `SelfCheckVote`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from selftaught.figures import mean_of, share
from selftaught.programs.diagnose.part import POWER, Instrument, Part, percent
from selftaught.programs.diagnose.pool import Item, Pool, Sample, ballot_of
from selftaught.programs.judge.trust.models import shared_models

BINS = ((0.0, 0.5, "accuracy_unsure"), (0.5, 0.8, "accuracy_middling"), (0.8, 1.01, "accuracy_sure"))
"""Shares of the vote's winner: from, to (not included), and the figure's name."""
GOOD = 0.8


class Critic(Instrument):
    """Can the judge tell right from convincing wrong answers?"""

    name = "critique"
    judges = True

    async def measure(self, pool: Pool) -> Part:
        """Look up the verdicts on one right and one wrong answer for each input."""
        found = critique_of_pool(pool)
        own = bool(pool.judge is not None and shared_models(pool.judge, pool.program))
        return replace(found, counts={**found.counts, "self_critique": own})

    def conclude(self, found: Part) -> Part:
        """Say whether its verdicts can be used."""
        accuracy, counts = found.figures["accuracy"], found.counts
        whose = "the model's own" if counts.get("self_critique") else "the model's"
        missing = f"; {counts['unreadable']} verdicts could not be read" if counts["unreadable"] else ""
        base = f"on {whose} right and most convincing wrong answers: {percent(accuracy)}, chance 50 %{missing}"
        if accuracy.value is None or accuracy.interval is None:
            why = f"{counts['pairs']} inputs had both a right and a wrong sample" + missing
            return replace(found, decision=f"Whether the judge can criticise is undetermined: {why}.")
        low, high = accuracy.interval
        if accuracy.differs > 0:
            how = "reliably" if low >= GOOD else "better than a coin"
            return replace(found, answer="yes", decision=f"The judge tells right from wrong {how} {base}.")
        if accuracy.differs < 0:
            return replace(found, answer="no", decision=f"The judge prefers wrong answers {base}.")
        if high < 0.6:
            return replace(found, answer="no", decision=f"The judge is hardly better than a coin {base}.")
        more = f"; about {_needed(found)} pairs would settle it" if _needed(found) else ""
        return replace(found, decision=f"Undetermined whether the judge tells right from wrong {base}{more}.")


def pair_of(item: Item, right_from: float) -> tuple[Sample, Sample] | None:
    """Return one right and the most convincing wrong answer of an input; None where it has not both."""
    known = [one for one in (item.own, *item.samples) if one.right is not None]
    good = [one for one in known if (one.right or 0.0) >= right_from]
    bad = [one for one in known if (one.right or 0.0) < right_from]
    if not good or not bad:
        return None
    often = Counter(one.key for one in bad)
    return good[0], max(bad, key=lambda one: (often[one.key], len(one.text)))


def critique_of_pool(pool: Pool) -> Part:
    """Return the judge's accuracy on balanced pairs, and by the certainty of the vote."""
    pairs = [(item, pair) for item in pool.items if (pair := pair_of(item, pool.right_from)) is not None]
    scored = [(item, pair) for item, pair in pairs if all(one.passed is not None for one in pair)]
    unreadable = sum(one.passed is None for _, pair in pairs for one in pair)
    hits = [_hits(pair) for _, pair in scored]
    figures = {"accuracy": share(sum(hits), len(hits), 0.5)}
    figures |= {
        "right_passed": mean_of([float(bool(good.passed)) for _, (good, _) in scored], None),
        "wrong_refused": mean_of([float(not bad.passed) for _, (_, bad) in scored], None),
    }
    for low, high, name in BINS:
        inside = [hit for (item, _), hit in zip(scored, hits, strict=True) if low <= _certainty(item) < high]
        figures[name] = share(sum(inside), len(inside), 0.5)
    return Part(
        "critique", figures, counts={"pairs": len(pairs), "left_out": len(pool.items) - len(pairs), "unreadable": unreadable}
    )


def _hits(pair: Sequence[Sample]) -> float:
    good, bad = pair
    return (float(bool(good.passed)) + float(not bad.passed)) / 2


def _certainty(item: Item) -> float:
    ballot = ballot_of(item.samples)
    return 0.0 if ballot is None else ballot.share


def _needed(found: Part) -> int | None:
    """Return the pairs that would show an accuracy as far from chance as the one seen; a pair's hits vary by at most 1/2."""
    accuracy = found.figures["accuracy"]
    away = abs((accuracy.value or 0.5) - 0.5)
    count = round((POWER * 0.5 / away) ** 2) if away > 0.01 else 0
    return count if count > accuracy.n else None
