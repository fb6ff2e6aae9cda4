"""How the command line shows catalogue entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from selftaught.registry import Entry


def table_text(entries: Sequence[Entry]) -> str:
    """Return entries as a table, with a count at the end."""
    lines = [
        f"{entry.number or '':>4}  {entry.status:7}  {entry.kind:10}  {entry.slug:34.34}  {entry.use_when}" for entry in entries
    ]
    counts = Counter(entry.status for entry in entries)
    return "\n".join(
        [*lines, "", f"{len(entries)} methods: " + ", ".join(f"{counts[name]} {name}" for name in ("works", "partial", "open"))]
    )


def entry_text(entry: Entry) -> str:
    """Return one entry for a person."""
    lines = [f"{entry.title} ({entry.status})", entry.use_when]
    if entry.paper:
        arxiv = f", arXiv:{entry.arxiv}" if entry.arxiv else ""
        lines.append(f"paper    {entry.number}: {entry.paper}. {entry.authors}, {entry.year}{arxiv}")
    lines.append(f"kind     {entry.kind}, family {entry.family}" + (f", needs {', '.join(entry.needs)}" if entry.needs else ""))
    for one in entry.registered:
        arguments = ", ".join(f"{name}={value!r}" for name, value in one["arguments"].items())
        called = f"   as {one['slug']}" if len(entry.registered) > 1 else ""
        lines.append(f"class    {one['serves']}({arguments}){called}")
    if entry.missing:
        lines.append(f"missing  {entry.missing}")
    if entry.tests:
        lines.append(f"tests    {', '.join(entry.tests)}")
    return "\n".join([*lines, *(f"measured {text}" for text in measured_lines(entry))])


def measured_lines(entry: Entry) -> list[str]:
    """Return what was measured of a method, a line for each set."""
    found = []
    for slug, sets in (entry.measured or {}).items():
        for name, one in sets.items():
            low, high = one["interval"]
            beside = [
                f"{told} {one[key]:.0%}"
                for key, told in (("plain", "plain"), ("vote", "voting for as many calls"))
                if one.get(key) is not None
            ]
            claim = [one["claim"]] if one.get("claim") else []
            score = f"{one['score']:.0%} ({low:.0%} to {high:.0%}, n={one['rows']}) for {one['calls']} calls"
            found.append("; ".join([f"{slug} on {name}: {score}", *beside, *claim, one["model"]]))
    return found
