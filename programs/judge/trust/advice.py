"""What a trust means and what to do about it, in sentences that follow from the figures.

A bias is named only where its whole interval lies beyond chance, so that luck is not mistaken for a habit.
"""

from __future__ import annotations

from collections.abc import Callable

from selftaught.programs.judge.trust.found import Trust
from selftaught.ranks import auroc_interval
from selftaught.statistics import wilson

USEFUL = 0.6
ONE_SIDED = 0.9
CONTRADICTORY = 0.8
MATERIAL = 0.1
MOST_LABELS = 2_000


def finding(trust: Trust) -> str:
    """Return what was found out, in one sentence."""
    figure = trust.figure("auroc")
    if not trust.n:
        return f"undetermined: 0 verdicts, none readable out of {trust.failed}."
    if figure.value is None:
        return f"undetermined: {trust.n} verdicts, {figure.why}."
    head = "carries information" if trust.informative else "no information beyond chance"
    low, high = trust.interval
    missing = f", {trust.failed} without a verdict" if trust.failed else ""
    if trust.form == "pairs":
        what = f"prefers the better answer of {trust.n} pairs {trust.accuracy:.0%} of the time"
        level = f"({low:.0%} to {high:.0%}, chance {trust.chance:.0%}, p={trust.p:.2g}, ties half)"
    else:
        both = "" if trust.consistency is None else f", same finding both ways {trust.consistency:.0%}"
        what = f"agrees with labels on {trust.accuracy or 0.0:.0%} ({low:.0%} to {high:.0%}, chance {trust.chance:.0%}),"
        level = f"AUROC {figure.value:.2f} (p={trust.p:.2g}){both}, n={trust.n}"
    return f"{head}: {what} {level}{missing}.".replace("%", " %")


def advice(trust: Trust) -> str:
    """Return what to do about a judge: one sentence for each thing that its figures show."""
    return " ".join(sentence for say in (*_RULES, _bound) if (sentence := say(trust)))


def labels_needed(trust: Trust) -> int | None:
    """Return how many labelled answers would make the interval exclude chance if the judge is as good as it seems here.

    None where it seems no better than chance, so that no number of labels would show that it is.
    """
    seems = trust.auroc
    if seems is None or seems <= 0.5:
        return None
    balance = trust.figure("says_good").chance or 0.5
    count = 4
    while count <= MOST_LABELS:
        good = min(count - 1, max(1, round(balance * count)))
        low = wilson(seems * count, count)[0] if trust.form == "pairs" else auroc_interval(seems, good, count - good)[0]
        if low > 0.5:
            return count
        count += max(1, count // 20)
    return None


def _verdicts(trust: Trust) -> str:
    if not trust.n:
        return "No verdict could be read: do not tune against it. Allow longer answers (max_tokens), or use a model that keeps to the asked form."
    return (
        ""
        if trust.figure("auroc").value is not None
        else "Nothing can be said until there are labelled answers of both kinds, good and bad."
    )


def _information(trust: Trust) -> str:
    figure = trust.figure("auroc")
    if trust.informative or figure.value is None or figure.interval is None:
        return ""
    return f"{_how_sure(trust, figure.interval[1])} {INSTEAD}"


def _how_sure(trust: Trust, highest: float) -> str:
    if trust.constant:
        of = "answer" if trust.form == "graded" else "pair, whichever is better"
        return f"It says the same of every {of}. Do not tune against it."
    if highest < 0.5:
        return "It prefers the worse answers: check that labels and scores point the same way, and do not tune against it."
    if highest < USEFUL:
        return "These labels suffice to say that it tells good from bad hardly better than a coin: do not tune against it."
    needed = labels_needed(trust)
    if needed is None or needed <= trust.n:
        return "Do not tune against it."
    return (
        f"Do not tune against it. If it is as good as it seems here, about {needed - trust.n} more labels would show it; "
        "with these, luck explains it as well."
    )


def _weak(trust: Trust) -> str:
    if not trust.informative or (trust.auroc or 0.0) >= USEFUL:
        return ""
    return "It is better than a coin, but weak: an optimizer would soon find answers that please it and are wrong."


def _yes_sayer(trust: Trust) -> str:
    said, labelled = trust.figure("says_good").value, trust.figure("says_good").chance
    if said is None or labelled is None or not trust.figure("says_good").differs:
        return ""
    if said >= ONE_SIDED:
        return f"It says yes to {said:.0%} of the answers; {labelled:.0%} are good. {ASK_BOTH_WAYS}".replace("%", " %")
    if said <= 1 - ONE_SIDED:
        return f"It says yes to {said:.0%} of the answers; {labelled:.0%} are good. Lower its threshold, or ease its criteria.".replace(
            "%", " %"
        )
    return ""


def _place(trust: Trust) -> str:
    figure = trust.figure("second_place")
    if figure.value is None or not figure.differs:
        return ""
    place, often = ("second", figure.value) if figure.value > 0.5 else ("first", 1 - figure.value)
    cure = (
        "It asks in both orders, which turns such verdicts into ties"
        if trust.cancels_order
        else "Ask in both orders (Pairwise does)"
    )
    return f"It prefers the {place} place: {often:.0%} of its verdicts. {cure}.".replace("%", " %")


def _contradicts(trust: Trust) -> str:
    held = trust.consistency
    if held is None or held >= CONTRADICTORY:
        return ""
    if trust.form == "pairs":
        return f"{1 - held:.0%} of its verdicts change with the order of the answers.".replace("%", " %")
    return (
        f"It contradicts itself on {1 - held:.0%} of what it is asked both ways: ask smaller, more concrete questions.".replace(
            "%", " %"
        )
    )


def _length(trust: Trust) -> str:
    way = trust.figure("length_bias").differs
    if not way:
        return ""
    longer, cure = ("longer", "grow") if way > 0 else ("shorter", "shrink")
    return f"It favours {longer} answers beyond what they are worth: tuning against it will make answers {cure}; cap or compare at equal length."


def _self_preference(trust: Trust) -> str:
    if trust.figure("self_preference").differs <= 0 and trust.figure("family_preference").differs <= 0:
        return ""
    return "It favours answers of its own model or family: judge with another model."


def _calibration(trust: Trust) -> str:
    figure = trust.figure("calibration_error")
    if not trust.informative or figure.differs <= 0 or (figure.value or 0.0) < MATERIAL:
        return ""
    if trust.calibrated or trust.form == "pairs":
        return f"Its scores are no chances (calibration error {figure.value:.2f}): use them to rank only."
    return f"It ranks answers, but its scores are no chances (calibration error {figure.value:.2f}): call judge.calibrate(labelled) before a threshold matters."


def _bound(trust: Trust) -> str:
    if not trust.by_construction or not trust.n:
        return ""
    if trust.informative:
        return "The labels were made, so this is only a lower bound: it sees such gross faults, and may still miss real ones."
    return "The labels were made with gross faults, a lower bound of what it must see: a judge that fails here fails on real answers too."


INSTEAD = "Use labelled examples, checks by code, the guarded agreement of samples, or a stronger model as judge."
ASK_BOTH_WAYS = "Ask it also whether the answer is wrong (Verify and Checklist do), or score it against concrete criteria."
_RULES: tuple[Callable[[Trust], str], ...] = (
    _verdicts,
    _information,
    _weak,
    _yes_sayer,
    _place,
    _contradicts,
    _length,
    _self_preference,
    _calibration,
)
