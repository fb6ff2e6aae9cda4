"""The figures of a judge on graded answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from selftaught.agreements import alpha, balanced, kappa
from selftaught.figures import Figure, difference, mean_of, resampled, share, unknown
from selftaught.programs.judge.trust.labels import Labels
from selftaught.programs.judge.trust.models import same_model
from selftaught.ranks import auroc, correlation, rank_correlation
from selftaught.reliability import brier, calibration_error
from selftaught.signatures import Criterion

UNREADABLE = "no readable answer"


@dataclass(frozen=True, slots=True)
class Graded:
    """What a judge said of graded answers, one entry an answer with a verdict.

    `lengths`: of the answers, in characters. `criteria`: of the verdicts, empty where the judge does not ask both ways.
    """

    scores: np.ndarray
    labels: Labels
    lengths: np.ndarray
    sources: Sequence[Any]
    families: Sequence[Any]
    criteria: Sequence[tuple[Criterion, ...]]
    models: frozenset[str]
    threshold: float

    @property
    def truth(self) -> np.ndarray:
        """Which answers are good; ratings count as good from the threshold on."""
        values = self.labels.values
        return values if values.dtype == bool else values >= self.threshold


def graded_figures(said: Graded) -> dict[str, Figure]:
    """Return all figures of graded answers."""
    return {**_agreement(said), **_calibration(said), **_biases(said)}


def p_of(said: Graded) -> float:
    """Return the probability of such scores if the judge were blind."""
    scores, labels = said.scores, said.labels.values
    if len(np.unique(scores)) < 2 or len(np.unique(labels)) < 2:
        return 1.0
    if labels.dtype == bool:
        return float(stats.mannwhitneyu(scores[labels], scores[~labels], alternative="greater").pvalue)
    return float(stats.kendalltau(scores, labels, alternative="greater").pvalue)


def _agreement(said: Graded) -> dict[str, Figure]:
    passed, truth, labels = said.scores >= said.threshold, said.truth, said.labels.values
    good, count = float(truth.mean()) if len(truth) else 0.5, len(truth)
    numbers = labels.dtype != bool
    without = unknown("the labels are no numbers", count)
    return {
        "accuracy": share(int((passed == truth).sum()), count, max(good, 1 - good)),
        "balanced_accuracy": balanced(passed, truth),
        "kappa": kappa(passed, truth),
        "auroc": auroc(said.scores, labels),
        "says_good": share(int(passed.sum()), count, good),
        "spearman": rank_correlation(said.scores, labels) if numbers else without,
        "pearson": correlation(said.scores, labels) if numbers else without,
        **_raters(said),
    }


def _raters(said: Graded) -> dict[str, Figure]:
    people = said.labels.people
    if people is None:
        why = unknown("no answer was rated more than once", len(said.scores))
        return {"alpha": why, "people_alpha": why}
    return {"alpha": alpha(np.vstack([said.scores, said.labels.values])), "people_alpha": alpha(people)}


def _calibration(said: Graded) -> dict[str, Figure]:
    labels = said.labels.values
    return {"calibration_error": calibration_error(said.scores, labels), "brier": brier(said.scores, labels)}


def _biases(said: Graded) -> dict[str, Figure]:
    labels = np.asarray(said.labels.values, dtype=float)
    own = _own(said.sources, lambda source: any(same_model(str(source), model) for model in said.models))
    kin = _own(said.families, lambda family: any(str(family).lower() in model.lower() for model in said.models))
    excess = said.scores - labels
    return {
        "consistency": _consistency(said.criteria),
        "length_bias": rank_correlation(said.scores, said.lengths, labels),
        "self_preference": _preference(excess, own, "source"),
        "family_preference": _preference(excess, kin, "family"),
    }


def _own(names: Sequence[Any], mine: Any) -> np.ndarray | None:
    return np.array([mine(name) for name in names]) if len(names) and all(names) else None


def _preference(excess: np.ndarray, own: np.ndarray | None, field: str) -> Figure:
    if own is None:
        return unknown(f"the answers do not all name their {field}", len(excess))
    if own.sum() < 2 or (~own).sum() < 2:
        whose = "the judge's own model or family" if own.sum() < 2 else "others"
        return unknown(f"fewer than two answers are by {whose}", len(excess))
    return difference(mean_of(list(excess[own]), None, -1.0, 1.0), mean_of(list(excess[~own]), None, -1.0, 1.0))


def _consistency(criteria: Sequence[tuple[Criterion, ...]]) -> Figure:
    """Return the share of criteria whose finding holds both ways; answers, not criteria, are resampled."""
    counted = [[one for one in found if one.passed is not None or one.reason != UNREADABLE] for found in criteria]
    held = np.array([sum(one.passed is not None for one in found) for found in counted if found], dtype=float)
    asked = np.array([len(found) for found in counted if found], dtype=float)
    if not len(asked):
        return unknown("the judge does not ask both ways")
    value = float(held.sum() / asked.sum())
    if value in (0.0, 1.0):
        return share(value * len(asked), len(asked), None)
    return Figure(value, resampled(lambda a, b: float(a.sum() / b.sum()), held, asked, value=value), None, int(asked.sum()))
