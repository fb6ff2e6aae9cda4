"""Choosing pairs to learn from: a chosen and a rejected one of several answers, or of several judgements (054).

Answers, with length control: a pure choice by score rewards length, so of the answers that score nearly best the shortest is
chosen, and of those that score nearly worst the longest is rejected.

1. The top tier scores at least S_max - rho (S_max - S_min), the bottom tier at most S_min + rho (S_max - S_min).
2. Chosen: the shortest of the top tier. Rejected: the longest of the bottom tier.
3. No pair where all score the same.

Departure: rho stays below one half, so that no answer is in both tiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftaught.errors import DataError, SettingError
from selftaught.programs.judge.meta import MetaJudge


def length_controlled(scores: Sequence[float | None], lengths: Sequence[int], rho: float = 0.0) -> tuple[int, int] | None:
    """Return the indices of the chosen and the rejected answer, or None where the scores do not tell.

    Args:
        scores: of the answers; None where there is none, and the answer is left out.
        lengths: of the answers, in any unit.
        rho: width of a tier, as a share of the range of the scores: 0 is the pure score. Below 0.5.

    Ties in length go to the better score (chosen) or the worse one (rejected), then to the first.

    Raises:
        SettingError: rho out of range. DataError: unequal numbers of scores and lengths.
    """
    if not 0.0 <= rho < 0.5:
        raise SettingError(f"rho={rho!r}: expected a share from 0, the pure score, to below 0.5.")
    if len(scores) != len(lengths):
        raise DataError(f"There are {len(scores)} scores and {len(lengths)} lengths; each answer needs one of both.")
    known = {index: score for index, score in enumerate(scores) if score is not None}
    if len(set(known.values())) < 2:
        return None
    low, high = min(known.values()), max(known.values())
    margin = rho * (high - low)
    top = [index for index, score in known.items() if score >= high - margin]
    bottom = [index for index, score in known.items() if score <= low + margin]
    chosen = min(top, key=lambda index: (lengths[index], -known[index], index))
    rejected = min(bottom, key=lambda index: (-lengths[index], known[index], index))
    return chosen, rejected


async def best_judgements(
    meta: MetaJudge, inputs: dict[str, Any], outputs: dict[str, Any], judgements: Sequence[str], *, longest: int | None = None
) -> tuple[int, int] | None:
    """Return the indices of the most and the least accurate judgement of an answer (054), to train a judge on.

    Args:
        meta: compares the judgements.
        inputs: the task's inputs.
        outputs: the judged answer.
        judgements: at least two texts.
        longest: a winner of more characters gives no pair.

    None where no judgement stands out, or where the winner is too long.
    """
    found = await meta.acall(**inputs, **outputs, judgements=list(judgements))
    if found.best is None or found.best == found.worst or (longest is not None and len(judgements[found.best]) > longest):
        return None
    return found.best, found.worst
