"""A comparison in words: one sentence a program, the advice, and the table for the terminal."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from selftaught.evaluation import describe
from selftaught.programs.diagnose.differences import Difference
from selftaught.programs.diagnose.result import SAME_COST, CompareResult, Contestant

MANY_FAILED = 0.05


def sentence_of(one: Contestant, result: CompareResult) -> str:
    """Say what was found of one program, no more than the figures bear."""
    if one.name == result.baseline:
        return "The baseline." + _failures(one)
    if one.dropped_by is not None:
        return _dropped(one, result)
    found = one.to_baseline
    if one.score is None or found is None or found.value is None:
        return "Undetermined: too few examples that both it and the baseline could answer." + _failures(one)
    return f"{_against_baseline(one, found, result)}{_against_controls(one)}{_failures(one)}"


def _dropped(one: Contestant, result: CompareResult) -> str:
    if one.dropped_at is None:
        return f"Stopped together with {one.dropped_by}."
    if one.hopeless:
        margin = f" by more than {result.margin * 100:.0f} points" if result.margin else ""
        return f"Stopped after {one.dropped_at} examples: it had hardly a chance left to be shown better{margin} than {one.dropped_by}, which costs less. That it is no better is not shown.{_failures(one)}"
    if result_has(result, one.dropped_by):
        rival = result[str(one.dropped_by)]
        dearer = one.cost(result.unit) > rival.cost(result.unit) * (1.0 + SAME_COST)
        margin = f" by at least {result.margin * 100:.0f} points" if dearer and result.margin else ""
        what = f"clearly not better{margin} than {rival.name}, which costs less" if margin else f"clearly worse than {rival.name}, which costs no more"  # fmt: skip
        return f"Stopped after {one.dropped_at} examples: {what} (p={one.p:.2g}, valid at any stopping time).{_failures(one)}"
    return f"Stopped after {one.dropped_at} examples: it could not answer any of them."


def result_has(result: CompareResult, name: str | None) -> bool:
    """Whether a name is that of a contestant."""
    return any(one.name == name for one in result.contestants)


def _against_baseline(one: Contestant, found: Difference, result: CompareResult) -> str:
    price = _price(one, result)
    if found.better:
        return f"Better than {found.against}: {found}{price}."
    if found.worse:
        return f"Worse than {found.against}: {found}{price}."
    high = found.interval[1]
    return (
        f"No difference from {found.against} is shown: {found}{price}; gains above {max(high, 0) * 100:.0f} points are unlikely."
    )


def _price(one: Contestant, result: CompareResult) -> str:
    base, own = result[result.baseline].cost(result.unit), one.cost(result.unit)
    if own == float("inf") or base == float("inf"):
        return ""
    unit = {"usd": "US dollars"}.get(result.unit, result.unit)
    return f", at {own:.3g} {unit} an example instead of {base:.3g}"


def _against_controls(one: Contestant) -> str:
    if not one.to_controls:
        return ""
    lost = [found for found in one.to_controls if found.worse]
    if lost:
        return " " + " ".join(
            f"The same calls do better without its method: {found.against}, {_turned(found)}." for found in lost
        )
    won = [found for found in one.to_controls if found.better]
    if len(won) == len(one.to_controls):
        return f" More than the same calls buy otherwise: {'; '.join(f'{found} over {found.against}' for found in won)}."
    open_ = [found for found in one.to_controls if not found.better]
    return " Its method is not shown to add anything to the number of calls: " + "; ".join(f"{found} over {found.against}" for found in open_) + "."  # fmt: skip


def _turned(found: Difference) -> str:
    low, high = found.interval
    return str(Difference(found.against, -(found.value or 0.0), (-high, -low), found.p, found.n))


def _failures(one: Contestant) -> str:
    if not one.rows or one.failed <= MANY_FAILED * len(one.rows):
        return ""
    worst = f"{(one.if_failures_wrong or 0.0) * 100:.0f} %"
    return (
        f" {one.failed} of {len(one.rows)} examples failed and are not in its score; with these counted as wrong it is {worst}."
    )


def advice_of(result: CompareResult) -> str:
    """Say which program to use, or that it is not known."""
    if not result.complete:
        return "Incomplete: the budget ended before all examples were seen. Call again with the same run_dir to continue."
    if result.advised is None:
        return "Undetermined: no program has a score."
    one = result[result.advised]
    beaten = [other for other in result.programs if other is not one and other.dropped_by is None and other.score is not None]
    why = (
        "no program that costs more was shown to be better"
        if one.cost(result.unit) <= min(other.cost(result.unit) for other in result.programs if other.score is not None)
        else "it is clearly better than what costs less, and nothing that costs more was shown to be better still"
    )
    more = f" What differs by less than n={one.n} examples can show is left open." if beaten else ""
    return f"Use {one.name} ({describe(one.score, one.interval, one.n)}): {why}.{more}"


def table(result: CompareResult, width: int = 132) -> str:
    """Return the comparison as a table and its sentences, for a terminal."""
    shown = Table(title=f"{result.metric}, {result.asked} examples", title_justify="left")
    for name, side in (("program", "left"), ("score", "right"), ("95 %", "right"), ("n", "right"), ("failed", "right"), ("calls", "right"), ("tokens", "right"), ("seconds", "right"), ("vs " + result.baseline, "right"), ("fixed/broken", "right"), ("", "left")):  # fmt: skip
        shown.add_column(name, justify=side, no_wrap=name in ("program", "score", "95 %"))  # type: ignore[arg-type]
    for one in result.contestants:
        shown.add_row(*_cells(one))
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False, force_jupyter=False)
    console.print(shown)
    lines = [f"{one.name}: {one.sentence}" for one in result.contestants if one.control_of is None]
    saved = f"{result.spent:.0f} calls of the {result.exhaustive:.0f} that all programs on all examples would take." if result.exhaustive else ""  # fmt: skip
    return "\n".join([out.getvalue().rstrip(), *lines, saved, result.advice]).strip()


def _cells(one: Contestant) -> list[str]:
    low, high = one.interval
    changed = one.to_baseline
    return [
        f"  {one.name}" if one.control_of else one.name,
        "—" if one.score is None else f"{one.score * 100:.0f} %",
        f"{low * 100:.0f} to {high * 100:.0f}", str(one.n), str(one.failed or ""),
        *("—" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2g}" for value in (one.calls, one.tokens, one.seconds)),
        "" if changed is None or changed.value is None else f"{changed.value * 100:+.0f}{'*' if changed.p <= 0.05 else ''}",
        "" if one.flips is None else f"{one.flips.fixed}/{one.flips.broken}",
        f"stopped at {one.dropped_at}" if one.dropped_at else "stopped" if one.dropped_by else "front" if one.front else "",
    ]  # fmt: skip
