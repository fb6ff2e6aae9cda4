"""Voting: is the most frequent of several samples better than one answer?

1. Vote over each input's samples; tied winners are averaged.
2. Against the mean single sample: what voting itself adds.  3. Against the program's own answer: what it would replace.

Where no two samples of any input agree there is nothing to vote on, and voting is not applicable.
"""

from __future__ import annotations

from dataclasses import replace

from selftaught.figures import mean_of
from selftaught.programs.diagnose.differences import paired
from selftaught.programs.diagnose.part import Instrument, Part, answer_of, examples_needed, percent, sentence
from selftaught.programs.diagnose.pool import Pool, ballot_of, comparable


class Voting(Instrument):
    """Is the most frequent of several samples better than one answer?"""

    name = "voting"

    async def measure(self, pool: Pool) -> Part:
        """Vote over the samples of the pool."""
        return voting_of(pool)

    def conclude(self, found: Part) -> Part:
        """Say whether voting pays."""
        if found.decision:
            return found
        if found.gain is None or found.gain.value is None:
            return replace(found, decision="Whether voting helps is undetermined: too few inputs have several scored samples.")
        answer, samples = answer_of(found.gain), found.counts["samples"]
        voted = f"voting over {samples} samples is {found.gain} against the own answer"
        said = sentence(
            found,
            yes=f"Voting helps: {voted}, and reaches {percent(found.figures['vote'])}.",
            harms=f"Do not vote: {voted}.",
            no=f"Voting will not help by more than {max(found.gain.interval[1], 0) * 100:.0f} points: {voted}.",
            unclear=f"Undetermined whether voting helps: {voted}",
        )
        return replace(found, answer=answer, decision=said)


def voting_of(pool: Pool) -> Part:
    """Return the scores of the vote, of a single sample, and of the own answer."""
    if not pool.items:
        return Part("voting", decision="Whether voting helps is undetermined: no input was answered.")
    if not comparable(pool.items):
        why = "there are fewer than two samples of an input" if pool.samples < 2 else "no two samples of any input agree"
        return Part("voting", answer="not measured", decision=f"Voting is not applicable: {why}.")
    known = [(item, ballot) for item in pool.items if (ballot := ballot_of(item.samples)) is not None]
    own = [item.own.right or 0.0 for item, _ in known]
    voted = [ballot.right for _, ballot in known]
    scores = [[one.right for one in item.samples if one.right is not None] for item, _ in known]
    single = [sum(many) / len(many) for many in scores]
    beside = paired(single, voted, "a single sample")
    return Part(
        "voting",
        {"vote": mean_of(voted, None), "single": mean_of(single, None), "own": mean_of(own, None), "share": mean_of([b.share for _, b in known], None)},
        gain=paired(own, voted, "the own answer"), needed=examples_needed(own, voted),
        counts={"samples": max(map(len, scores)), "against_a_single_sample": beside.to_dict()},
    )  # fmt: skip
