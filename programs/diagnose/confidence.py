"""Calibration of confidence: does the model's certainty say whether its answer is right?

1. Vote share: the share of the samples that repeat the program's own answer (which is not among them).
2. Judge score of the own answer.
3. Each against correctness, one answer an input: AUROC (does it rank?) and expected calibration error (is it a chance?).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from selftaught.figures import Figure, unknown
from selftaught.programs.diagnose.part import Instrument, Part
from selftaught.programs.diagnose.pool import Item, Pool, comparable
from selftaught.ranks import auroc
from selftaught.reliability import calibration_error

SOURCES = {"vote": "the share of samples that agree with an answer", "judge": "the judge's score"}


class Calibrated(Instrument):
    """Does the model's certainty say whether its answer is right?"""

    name = "confidence"
    judges = True

    async def measure(self, pool: Pool) -> Part:
        """Compare certainty with correctness of the own answers."""
        return confidence_of(pool)

    def conclude(self, found: Part) -> Part:
        """Say which certainty can be used to accept, to abstain or to ask for more."""
        useful = {name: found.figures[f"{name}_auroc"] for name in SOURCES if found.figures[f"{name}_auroc"].differs > 0}
        if useful:
            best = max(useful, key=lambda name: useful[name].value or 0.0)
            error = found.figures[f"{best}_calibration_error"]
            off = f"; as a chance it is off by {error.value:.2f} on average, so use it to rank" if error.differs > 0 else ""
            said = f"Certainty can be used: {SOURCES[best]} tells right from wrong answers, AUROC {useful[best]}{off}."
            return replace(found, answer="yes", decision=said)
        figures = "; ".join(f"{SOURCES[name]}: AUROC {found.figures[f'{name}_auroc']}" for name in SOURCES)
        known = [one for name in SOURCES if (one := found.figures[f"{name}_auroc"]).value is not None and one.interval]
        if known and all(one.interval[1] < 0.6 for one in known if one.interval):
            return replace(found, answer="no", decision=f"Do not rely on its certainty: {figures}.")
        return replace(found, decision=f"Undetermined whether its certainty says anything: {figures}.")


def confidence_of(pool: Pool) -> Part:
    """Return AUROC and calibration error of vote share and judge score."""
    voting = comparable(pool.items)
    shares = [(_share(item), item.own.right) for item in pool.items] if voting else []
    judged = [(item.own.judged, item.own.right) for item in pool.items]
    figures = {**_against(shares, pool, "vote"), **_against(judged, pool, "judge")}
    return Part("confidence", figures, counts={"inputs": len(pool.items), "comparable": voting})


def _share(item: Item) -> float | None:
    return sum(one.key == item.own.key for one in item.samples) / len(item.samples) if item.samples else None


def _against(said: list[tuple[float | None, float | None]], pool: Pool, name: str) -> dict[str, Figure]:
    known = [(certain, right) for certain, right in said if certain is not None and right is not None]
    if not known:
        why = "no comparable samples" if name == "vote" else "no readable verdicts"
        return {f"{name}_auroc": unknown(why), f"{name}_calibration_error": unknown(why)}
    scores = np.array([certain for certain, _ in known])
    labels = np.array([pool.is_right(right) for _, right in known])
    return {f"{name}_auroc": auroc(scores, labels), f"{name}_calibration_error": calibration_error(scores, labels)}
