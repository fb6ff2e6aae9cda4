"""Refining: does one round of critique and revision help (084, 158)?

1. Refine once, from the program's own answer (the first draft is the pool's, and is not paid again).
2. Count flips: kept, broken, fixed, stubborn. CL, CS and RSS follow (084; see `flips`).
3. Test the scores after against before, paired.
4. Test them against a vote over as many samples as refining took calls on that very input (158).

Departures: (1) one pair of answers an input, not ten (084). (2) One round, and no oracle mode, which is no deployable result
(158). (3) Where a program of several calls leaves fewer samples than that, the vote takes fewer calls, and it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dspy
import numpy as np

from selftaught.figures import DRAWS, Figure, around, mean_of, unknown
from selftaught.metrics import Row
from selftaught.programs.base import cost_of
from selftaught.programs.diagnose.differences import Difference, paired
from selftaught.programs.diagnose.flips import Flips, flips_of
from selftaught.programs.diagnose.part import Instrument, Part, answer_of, examples_needed, sentence, shown
from selftaught.programs.diagnose.pool import Pool, ballot_of, comparable
from selftaught.programs.refine.self_refine import SelfRefine
from selftaught.registry import method
from selftaught.signatures import Task


@method(
    84, "confidence-vs-critique", family="diagnose", missing="ten pairs an input; the route over answer choices; training data"
)
@method(158, "cannot-self-correct", family="diagnose", missing="the oracle control; several rounds; debate as baseline")
class Refining(Instrument):
    """Does one round of critique and revision help?

    Args:
        task: what the answers are answers to.
        generate: the program that is diagnosed; a step on the task by default.
    """

    name = "refining"

    def __init__(self, task: str | Task, *, generate: dspy.Module | None = None) -> None:
        super().__init__(task)
        self.refine = SelfRefine(self.task, rounds=1, generate=generate)

    def votes(self) -> int:
        """Return how many samples a vote with as many calls takes at most."""
        return -(-self.refine.cost().at_most // max(1, cost_of(self.refine.generate).at_least))

    async def measure(self, pool: Pool) -> Part:
        """Refine every input once."""
        after = await pool.run(self.refine, [item.example for item in pool.items], pool.metric)
        for row in after:
            row.index = pool.items[row.index].index
        return refining_of(pool, after)

    def conclude(self, found: Part) -> Part:
        """Say whether refining pays, and what the same calls buy as a vote."""
        if found.gain is None or found.gain.value is None:
            failed = f"; {found.counts['failed']} failed, the first: {found.counts['error']}" if found.counts["failed"] else ""
            return replace(
                found, decision=f"Whether refining helps is undetermined: {found.counts['done']} inputs were refined{failed}."
            )
        answer = answer_of(found.gain)
        moved = f"it fixed {found.counts['fixed']} and broke {found.counts['broken']} of {found.gain.n} answers, {found.gain}"
        said = sentence(
            found,
            yes=f"Refining helps: {moved}.",
            harms=f"Refining harms here: {moved}.",
            no=f"Refining will not help here by more than {max(found.gain.interval[1], 0) * 100:.0f} points: {moved}.",
            unclear=f"Undetermined whether refining helps: {moved}",
        )
        return replace(found, answer=answer, decision=said + _against_vote(found))


def _against_vote(found: Part) -> str:
    test = found.counts.get("against_a_vote")
    if not test or test["difference"] is None:
        return ""
    gain = Difference(test["against"], test["difference"], tuple(test["interval"]), test["p"], test["n"])
    calls = "as many calls" if found.counts["vote_limited"] == 0 else "at most as many calls"
    if shown(gain) > 0:
        return f" It is better than a vote with {calls}: {gain}."
    if shown(gain) < 0:
        return f" A vote with {calls} is better: refining is {gain} against it."
    return f" It is not shown to be better than a vote with {calls}: {gain}."


def refining_of(pool: Pool, after: Sequence[Row]) -> Part:
    """Return flips, their decomposition, and the paired tests against the own answers and against votes."""
    items = {item.index: item for item in pool.items}
    done = [row for row in after if row.score is not None and row.index in items]
    before = [Row(row.index, row.inputs, score=items[row.index].own.right) for row in done]
    old, new = ([float(row.score or 0.0) for row in rows] for rows in (before, done))
    flips = flips_of(before, done, pool.right_from)
    figures = {"before": mean_of(old, None), "after": mean_of(new, None), **_decomposed(flips)}
    counts: dict[str, Any] = {"fixed": flips.fixed, "broken": flips.broken, "kept": flips.kept, "stubborn": flips.stubborn, "done": len(done), "failed": len(after) - len(done), "error": next((row.error for row in after if row.error), None)}  # fmt: skip
    if comparable(pool.items):
        voted, refined, limited = _votes(pool, done)
        counts |= {"against_a_vote": paired(voted, refined, "a vote").to_dict(), "vote_limited": limited}
        figures["vote_with_as_many_calls"] = mean_of(voted, None)
    return Part("refining", figures, gain=paired(old, new, "the own answer"), needed=examples_needed(old, new), counts=counts)


def _votes(pool: Pool, done: Sequence[Row]) -> tuple[list[float], list[float], int]:
    """Return the scores of votes with as many calls, of the refined answers beside them, and how many votes had fewer."""
    items = {item.index: item for item in pool.items}
    voted, refined, limited = [], [], 0
    for row in done:
        item = items[row.index]
        wanted = max(1, row.calls // max(1, item.calls))
        ballot = ballot_of(item.drawn[:wanted])
        if ballot is not None:
            voted.append(ballot.right)
            refined.append(float(row.score or 0.0))
            limited += len(item.drawn) < wanted
    return voted, refined, limited


def _decomposed(flips: Flips) -> dict[str, Figure]:
    (cl, cl_interval), (cs, cs_interval) = flips.cl, flips.cs
    return {
        "cl": Figure(cl, cl_interval, None, flips.kept + flips.broken) if cl is not None else unknown("nothing was right before"),
        "cs": Figure(cs, cs_interval, None, flips.fixed + flips.stubborn) if cs is not None else unknown("nothing was wrong before"),
        "rss": _rss(flips),
    }  # fmt: skip


def _rss(flips: Flips) -> Figure:
    """Return RSS; its interval from a Dirichlet with half a case added to each kind, so that no flips are no certainty."""
    if flips.rss is None:
        return unknown("nothing, or everything, was right before", flips.n)
    counts = np.array([flips.kept, flips.broken, flips.fixed, flips.stubborn]) + 0.5
    kept, broken, fixed, _ = np.random.default_rng(0).dirichlet(counts, DRAWS).T
    before, after = kept + broken, kept + fixed
    return Figure(flips.rss, around(flips.rss, (after - before**2) / (2 * before * (1 - before))), 0.5, flips.n)
