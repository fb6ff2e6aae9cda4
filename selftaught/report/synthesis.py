"""The report of a synthesis run, finished or not: what was kept and lost at which step, how diverse it is, and examples of both.

The journal of the run goes in, one HTML page comes out that needs nothing else. Rows are untrusted text: the template escapes them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from selftaught.novelty import Diversity, diversity
from selftaught.report.charts import _line, _text, element
from selftaught.report.contents import Bar, _count, _flat, shown
from selftaught.run import Run

FIELDS, ACCEPTED, REASONS, PER_REASON, SAMPLE, BINS = 6, 8, 12, 3, 150, 14
"""Fields measured, accepted rows shown, reasons shown and rows of each, texts for figures of pairs, bars of a histogram."""
DONE = ("enough rows", "the source ended")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel. `share`: of the rows that it let through, None where none came."""

    name: str
    entered: int
    share: float | None
    reasons: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Measured:
    """A field that holds texts: its diversity and its lengths in words, the tenth, the middle and the last tenth."""

    name: str
    figures: Diversity
    words: tuple[float, float, float]
    plot: Markup


@dataclass(frozen=True, slots=True)
class Lost:
    """Why rows were rejected, and some of them."""

    by: str
    reason: str
    often: int
    rows: list[dict[str, Any]]


def render_synthesis(run: Run) -> str:
    """Return the report of a synthesis run as HTML."""
    from selftaught.report import environment

    settings, rounds, stopped = run.settings, [data for _, data in run.events("round")], run.events("stopped")
    last: dict[str, Any] = stopped[-1][1] if stopped else {"reason": "", "count": None}
    whole = [row for data in rounds for row in data["accepted"]]
    accepted, rejected = whole[: last["count"]], [row for data in rounds for row in data["rejected"]]
    fields = measured(accepted)
    return environment().get_template("synthesis.html.j2").render(
        title=f"Synthesis report: {settings.get('source', 'a source')}, {', '.join(settings.get('parts', ()))}",
        verdict=verdict(len(accepted), last["reason"]), state=state(last["reason"]), kept_for_later=len(whole) - len(accepted),
        funnel=funnel([settings.get("source", ""), *settings.get("parts", ())], rounds, rejected), fields=fields,
        openings=bars_of(fields[0].figures.openings) if fields else [], accepted=drawn(accepted, ACCEPTED), lost=lost(rejected),
        usage=run.ledger.usage, calls=_a_row(run.ledger.usage.calls, len(accepted)),
        spent=bars_of(dict(run.ledger.usage.by_step.most_common())), settings=list(_flat(settings)), count=_count, shown=shown,
    )  # fmt: skip


def verdict(rows: int, reason: str) -> str:
    """Return what came out, in a sentence."""
    return f"{_count(rows, 'row')}: {reason}" if reason else f"In progress, or interrupted: {_count(rows, 'row')} so far"


def state(reason: str) -> str:
    """Return the colour of the verdict."""
    return "running" if not reason else "confirmed" if reason in DONE else "returned"


def funnel(names: Sequence[str], rounds: Sequence[Mapping[str, Any]], rejected: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Return how many rows came to each step, and why some did not leave it."""
    entered: Counter[str] = Counter()
    for data in rounds:
        entered.update(data["entered"])
    reasons = Counter((row["by"], row["reason"]) for row in rejected)
    found = []
    for name in names:
        own = [(reason, often) for (by, reason), often in reasons.most_common() if by == name]
        share = 1 - sum(often for _, often in own) / entered[name] if entered[name] else None
        found.append(Step(name, entered[name], share, own))
    return found


def measured(rows: Sequence[Mapping[str, Any]]) -> list[Measured]:
    """Return the fields that hold texts in at least half of the rows, and not the same one in all."""
    texts: dict[str, list[str]] = {}
    for row in rows:
        for name, value in row["values"].items():
            if said := spoken(value):
                texts.setdefault(name, []).append(said)
    several = {name: found for name, found in texts.items() if 2 * len(found) >= len(rows) and len(set(found)) > 1}
    return [_measured(name, found) for name, found in list(several.items())[:FIELDS]]


def _measured(name: str, texts: list[str]) -> Measured:
    lengths = [len(text.split()) for text in texts]
    low, middle, high = (float(one) for one in np.percentile(lengths, [10, 50, 90]))
    return Measured(name, diversity(texts, sample=SAMPLE), (low, middle, high), histogram(lengths, f"Words of {name}"))


def spoken(value: Any) -> str:
    """Return a text, or what is said in messages; empty for any other value."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and value and all(isinstance(one, dict) and isinstance(one.get("content"), str) for one in value):
        return "\n".join(one["content"] for one in value)
    return ""


def histogram(lengths: Sequence[int], name: str) -> Markup:
    """Draw how many texts have how many words."""
    low, high = min(lengths), max(lengths)
    edges = np.linspace(low, high + 1, min(BINS, high - low + 1) + 1)
    counts, _ = np.histogram(lengths, bins=edges)
    left, top, width, height = 34.0, 10.0, 300.0, 90.0
    pitch, most = width / len(counts), max(counts)
    bottom = top + height
    parts = [
        _line(left, bottom, left + width, bottom, "grid"),
        _text(left - 6, top + 5, str(most), "end"),
        _text(left - 6, bottom + 4, "0", "end"),
    ]
    for place, often in enumerate(counts):
        tall = height * float(often) / most
        said = element(
            "title",
            f"{int(np.ceil(edges[place]))} to {max(int(np.ceil(edges[place + 1])) - 1, int(np.ceil(edges[place])))} words: {often}",
        )
        parts.append(
            element(
                "rect", said, x=left + place * pitch + 1, y=bottom - tall, width=max(pitch - 2, 1.0), height=tall, class_="column"
            )
        )
    parts += [_text(left, bottom + 18, str(low), "start"), _text(left + width, bottom + 18, f"{high} words", "end")]
    return element(
        "svg", *parts, viewBox="0 0 344 126", class_="histogram", role="img", aria_label=f"{name}: from {low} to {high}."
    )


def bars_of(counts: Mapping[str, int]) -> list[Bar]:
    """Return counts as bars against the largest."""
    most = max(counts.values(), default=1) or 1
    return [Bar(name, f"{often:,}", often / most) for name, often in counts.items()]


def drawn(rows: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return some rows in order, always the same ones."""
    places = sorted(random.Random("report").sample(range(len(rows)), min(count, len(rows))))
    return [rows[place] for place in places]


def lost(rejected: Sequence[dict[str, Any]]) -> list[Lost]:
    """Return the most frequent reasons with some of their rows."""
    by_reason: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rejected:
        by_reason.setdefault((row["by"], row["reason"]), []).append(row)
    ordered = sorted(by_reason.items(), key=lambda one: -len(one[1]))[:REASONS]
    return [Lost(by, reason, len(rows), drawn(rows, PER_REASON)) for (by, reason), rows in ordered]


def _a_row(calls: int, rows: int) -> str:
    return f"{calls / rows:.1f} calls a row" if rows else "no row"
