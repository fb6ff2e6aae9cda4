"""Measure a judge: ask it about labelled answers, or about labelled pairs in both orders, and compare with the labels.

1. Tell the form of the data by its fields, and check every label before anything is paid.
2. Ask the judge, hundreds at once. What it cannot answer is counted as failed, never as wrong.
3. For pairs ask both orders; a judge that asks both itself is also asked one order at a time, which shares its calls.
4. Turn what it said into figures.

The scores are those that the judge gives: calibrated where it has a calibration.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import dspy
import numpy as np

from selftaught.errors import DataError, SelfJudgedWarning, SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.trust import graded, pairs
from selftaught.programs.judge.trust.asking import observe, observe_pairs, one_order_of
from selftaught.programs.judge.trust.found import Trust
from selftaught.programs.judge.trust.graded import Graded
from selftaught.programs.judge.trust.labels import CORRUPTION, SOURCE, form_of
from selftaught.programs.judge.trust.models import self_judged
from selftaught.reliability import reliability_table


def trust_of(
    judge: Judge,
    labelled: Sequence[dspy.Example],
    *,
    threshold: float = 0.5,
    scale: tuple[float, float] = (0.0, 1.0),
    by_construction: bool = False,
    generator: Any = None,
    concurrency: int = 64,
    progress: bool | None = False,
) -> Trust:
    """Measure a judge on labelled answers or pairs.

    Args:
        judge: any judge.
        labelled: graded answers: the task's inputs and outputs and `good` (true or false, a number on the scale, or a list
            of numbers by several people), optionally `source`, `family` and `reference`. Or pairs: the task's inputs,
            `first`, `second` and `better` (first, second or tie).
        threshold: a score, or a rating, of at least this counts as "good".
        scale: the worst and the best rating of labels that are numbers.
        by_construction: the labels were made; those of `label_by_construction` say so themselves.
        generator: the program or model that writes the answers to be judged, if known: the judge's own model is warned of.
        concurrency: answers in flight.
        progress: show a bar; None shows it on a terminal.

    Raises:
        DataError: there are no examples. InputError: a pair lacks an output. SettingError: a label is missing or makes no
        sense.
    """
    if not isinstance(labelled, Iterable):
        raise DataError(f"The labelled answers are {labelled!r}, not a list of dspy.Example.")
    rows = list(labelled)
    form = form_of(rows, judge.task)
    if not 0.0 <= threshold <= 1.0:
        raise SettingError(f"threshold={threshold}: expected a score from 0 to 1.")
    made = by_construction or any(CORRUPTION in row for row in rows)
    notes = _warned(judge, rows, generator)
    if form == "graded":
        said, failed = observe(judge, rows, threshold=threshold, scale=scale, concurrency=concurrency, progress=progress)
        return graded_trust(said, failed, judge, by_construction=made, notes=notes)
    found, failed = observe_pairs(judge, rows, concurrency, progress)
    scores, labels = pairs.chances_of(found)
    return Trust(
        pairs.pair_figures(found), "pairs", pairs.p_of(found), pairs.undecided(found), len(found), failed,
        reliability_table(scores, labels), made, False, one_order_of(judge) is not judge, notes,
    )  # fmt: skip


def graded_trust(said: Graded, failed: int, judge: Judge, *, by_construction: bool = False, notes: tuple[str, ...] = ()) -> Trust:
    """Return the trust in a judge from what it said of graded answers."""
    return Trust(
        graded.graded_figures(said), "graded", graded.p_of(said), len(np.unique(said.scores)) < 2, len(said.scores), failed,
        reliability_table(said.scores, said.labels.values), by_construction, judge.calibration is not None, False, notes,
    )  # fmt: skip


def _warned(judge: Judge, rows: Sequence[dspy.Example], generator: Any) -> tuple[str, ...]:
    writers = {str(row[SOURCE]) for row in rows if row.get(SOURCE)}
    text = self_judged(judge, generator if generator is not None else writers if len(writers) == 1 else set())
    if text:
        warnings.warn(text, SelfJudgedWarning, stacklevel=4)
    return (text,) if text else ()
