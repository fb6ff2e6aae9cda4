"""The generation-verification gap (055; Song et al., 2024): does the judge pick better answers than luck does?

Measure it before anything judges itself: without a gap, best-of-n and self-judged tuning have nothing to work with.

1. Base: the mean gold score of an input's samples.
2. Filtered: the mean gold score of those that the judge scores highest (top 1; ties are averaged).
3. Gap: filtered - base, averaged over inputs. Relative gap: (filtered - base) / (1 - base) where base < 1.
4. Ceiling: the best sample of each input, which a perfect judge would pick (pass@n).

An input without a verdict keeps its base and is counted. No gain is claimed where its interval holds 0.

Departures: one filter of the paper's family (top 1 of each input); 5 samples by default, not 128.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from selftaught.figures import Figure, mean_of, unknown
from selftaught.programs.diagnose.differences import paired
from selftaught.programs.diagnose.part import Instrument, Part, answer_of, examples_needed, percent, sentence
from selftaught.programs.diagnose.pool import Item, Pool, Sample
from selftaught.registry import method


@method(
    55, "generation-verification-gap", family="diagnose", missing="thresholds other than the top 1; tournaments; the iterated gap"
)
class Gap(Instrument):
    """Does the judge pick better answers than luck does?"""

    name = "gap"
    judges = True

    async def measure(self, pool: Pool) -> Part:
        """Weigh what the judge picks against what luck picks."""
        return gap_of(pool.items)

    def conclude(self, found: Part) -> Part:
        """Say whether choosing by the judge pays."""
        answer = answer_of(found.gain)
        if found.gain is None or found.gain.value is None:
            why = found.counts.get("why", "too few inputs with several scored samples")
            return replace(found, answer=answer, decision=f"Whether the judge picks better answers is undetermined: {why}.")
        most, samples = percent(found.figures["ceiling"]), found.counts["samples"]
        if found.counts["constant"]:
            same = "Choosing by the judge cannot pay: it says the same of every sample of an input, so the gap is 0."
            return replace(found, answer=answer, decision=same)
        said = sentence(
            found,
            yes=f"Choosing by the judge pays: the best of {samples} by its score is {found.gain} above a random sample; a perfect judge would reach {most}.",
            harms=f"Do not choose by the judge: what it picks is worse than a random sample, {found.gain}.",
            no=f"Choosing by the judge will not pay: at most {max(found.gain.interval[1], 0) * 100:.0f} points are to be had, {found.gain}.",
            unclear=f"Undetermined whether the judge picks better answers: {found.gain}",
        )
        return replace(found, answer=answer, decision=said)


def gap_of(items: Sequence[Item]) -> Part:
    """Return base, filtered, gap, relative gap and ceiling of verified samples."""
    picked = [(item, scored) for item in items if (scored := [one for one in item.samples if one.right is not None])]
    if not picked:
        return Part("gap", counts={"why": "no input has a scored sample"})
    base = [_mean(scored) for _, scored in picked]
    filtered = [_filtered(scored) for _, scored in picked]
    best = [max(one.right or 0.0 for one in scored) for _, scored in picked]
    moves = [(f - b) / (1 - b) for b, f in zip(base, filtered, strict=True) if b < 1]
    gain = paired(base, filtered, "a random sample")
    samples = max(len(scored) for _, scored in picked)
    least = min([-float(max(samples - 1, 1)), *moves])
    relative = mean_of(moves, 0.0, least, 1.0) if moves else unknown("every sample is right")
    gap = Figure(gain.value, gain.interval, 0.0, gain.n) if gain.value is not None else unknown("too few inputs", gain.n)
    return Part(
        "gap",
        {"base": mean_of(base, None), "filtered": mean_of(filtered, None), "gap": gap, "relative_gap": relative, "ceiling": mean_of(best, None)},
        gain=gain, needed=examples_needed(base, filtered),
        counts={
            "samples": samples,
            "without_verdict": sum(all(one.judged is None for one in scored) for _, scored in picked),
            "constant": all(len({one.judged for one in scored}) == 1 for _, scored in picked),
        },
    )  # fmt: skip


def _filtered(scored: Sequence[Sample]) -> float:
    """Return the mean score of the samples that the judge likes best; of all where it says nothing."""
    known = [one for one in scored if one.judged is not None]
    top = max((one.judged or 0.0 for one in known), default=0.0)
    return _mean([one for one in known if one.judged == top] or scored)


def _mean(samples: Sequence[Sample]) -> float:
    return sum(one.right or 0.0 for one in samples) / len(samples)
