"""Calibrate a judge on labelled answers, and show on answers it was not fitted to whether that helps.

1. Ask the judge for its raw scores, whatever calibration it has.
2. Refuse a judge without information: its calibration would be a constant.
3. Split the answers into folds, good and bad alike; calibrate each fold's scores with what the others taught.
4. Compare the calibration error of these scores with that of the raw ones; where it is lower, fit on all and keep the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy
import numpy as np

from selftaught.errors import DataError, SettingError, UntrustedJudge
from selftaught.figures import Figure
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.calibration import Calibration, Kind, calibration_of
from selftaught.programs.judge.trust.asking import observe
from selftaught.programs.judge.trust.labels import form_of
from selftaught.programs.judge.trust.measure import graded_trust
from selftaught.reliability import calibration_error


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration does. `before`, `after`: the calibration error, the latter on answers it was not fitted to."""

    calibration: Calibration
    before: Figure
    after: Figure
    folds: int

    @property
    def helps(self) -> bool:
        """True when the error is lower after it; only then does the judge keep it."""
        return (self.after.value or 0.0) < (self.before.value or 0.0)

    def __str__(self) -> str:
        kept = "kept" if self.helps else "not kept, because it does not help"
        return f"calibration ({self.calibration.kind}, {kept}): error {self.before} before, {self.after} after, by {self.folds}-fold cross-validation"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "calibration": self.calibration.to_dict(), "before": self.before.to_dict(), "after": self.after.to_dict(),
            "folds": self.folds, "helps": self.helps,
        }  # fmt: skip


def calibrate(
    judge: Judge, labelled: Sequence[dspy.Example], kind: Kind | None = None, folds: int = 5, **settings: Any
) -> Calibrated:
    """Fit a calibration of a judge and, where it helps, store it in `judge.calibration`.

    `judge.trusted` becomes the trust in the raw scores. Measure the calibrated ones on other labels.

    Args:
        judge: any judge that scores answers.
        labelled: graded answers; see `trust_of`.
        kind: `isotonic` or `platt`; by default isotonic from 100 answers on.
        folds: of the cross-validation.
        settings: `threshold`, `scale`, `concurrency` as in `trust_of`.

    Raises:
        SettingError: pairs, or fewer than two folds. DataError: fewer good or bad answers than folds.
        UntrustedJudge: the judge carries no information beyond chance.
    """
    if folds < 2:
        raise SettingError(f"folds={folds}: cross-validation needs at least 2.")
    if form_of(labelled, judge.task) == "pairs":
        raise SettingError("A calibration needs graded answers (a field 'good'), not pairs.")
    kept, judge.calibration = judge.calibration, None
    try:
        said, failed = observe(judge, labelled, **settings)
        trust = graded_trust(said, failed, judge)
        if not trust.informative:
            raise UntrustedJudge(f"There is nothing to calibrate: {trust}")
        after = calibration_error(_held_out(said.scores, said.truth, kind, folds), said.truth)
        before, fitted = calibration_error(said.scores, said.truth), calibration_of(list(said.scores), list(said.truth), kind)
    except BaseException:
        judge.calibration = kept
        raise
    found = Calibrated(fitted, before, after, folds)
    judge.trusted, judge.calibration = trust, fitted if found.helps else None
    return found


def _held_out(scores: np.ndarray, truth: np.ndarray, kind: Kind | None, folds: int) -> np.ndarray:
    """Return each score as a calibration fitted to the other folds maps it."""
    least = int(min(truth.sum(), (~truth).sum()))
    if least < folds:
        raise DataError(
            f"{folds} folds need as many good and as many bad answers; there are {least} of one kind. Take fewer folds or more labels."
        )
    order = np.random.default_rng(0).permutation(len(scores))
    order = order[np.argsort(truth[order], kind="stable")]
    fold = np.empty(len(scores), dtype=int)
    fold[order] = np.arange(len(scores)) % folds
    mapped = np.empty(len(scores))
    for one in range(folds):
        inside = fold == one
        fitted = calibration_of(list(scores[~inside]), list(truth[~inside]), kind)
        mapped[inside] = [fitted(float(score)) for score in scores[inside]]
    return mapped
