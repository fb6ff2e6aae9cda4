"""Writes down what the benchmark of programs found: `python -m benchmarks.inference.written`.

From `results/programs.json` it makes `measured.json`, which the catalogue shows, the table of `docs/programs.md` between its
markers, and the plot beside it. A claim of a paper is checked in kind where it is about one of the sets: that the method beats
plain prediction there. With so few rows most stay open, and that is what is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "programs.json"
MEASURED = ROOT / "selftaught" / "bundled" / "measured.json"
PAGE, PLOT = ROOT / "docs" / "programs.md", ROOT / "docs" / "programs.svg"
BEGIN, END = "<!-- measured:begin -->", "<!-- measured:end -->"
CONTROLS = ("predict", "reasoned", "vote of 3", "vote of 5")
CLAIMS = {
    ("self-consistency", "multiarith"): "voting improves arithmetic word problems",
    ("plan-and-solve", "multiarith"): "a plan before the answer improves arithmetic word problems",
    ("icpc-selfjudge-retrieval", "mbpp"): "tests and reflection improve pass@1",
    ("sol-ver", "mbpp"): "cross-checked solutions and tests improve pass@1",
    ("self-planning", "mbpp"): "a plan before the code improves pass@1",
    ("stick", "ifeval"): "one revision against a checklist improves the constraints obeyed",
    ("decrim-refine", "ifeval"): "decompose, critique and refine improves the constraints obeyed",
    ("if-or-else", "commonsense"): "a second look that may keep the answer does not lose right answers",
    ("self-polish", "multiarith"): "polishing the problem improves arithmetic word problems",
    ("selfelicit", "drop"): "marking the evidence improves reading",
}
SURE = 0.05


def main() -> None:
    """Write all three."""
    found = json.loads(RESULT.read_text(encoding="utf-8"))["measured"]
    MEASURED.write_text(json.dumps(measured(found), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{page(found)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    plot(found)


def measured(found: dict[str, Any]) -> dict[str, Any]:
    """Return slug -> set -> figures."""
    told: dict[str, Any] = {}
    for name, rows in found["sets"].items():
        scores = {row["program"]: row["score"] for row in rows}
        for row in rows:
            if row["program"] in CONTROLS:
                continue
            told.setdefault(row["program"], {})[name] = {
                "score": row["score"], "interval": row["interval"], "rows": row["rows"], "failed": row["failed"], "calls": row["calls"],
                "tokens": row["tokens"], "plain": scores.get("predict"), "vote": scores.get((row["vote"] or {}).get("program")),
                "model": found["model"], "claim": claim(row, name),
            }  # fmt: skip
    return told


def claim(row: dict[str, Any], name: str) -> str:
    """Return a paper's claim with what these rows say of it; an empty text where none is checked."""
    said, plain = CLAIMS.get((row["program"], name)), row["plain"]
    if said is None or plain is None:
        return ""
    if plain["p"] >= SURE:
        return f"the paper's claim that {said} stays open ({plain['difference']:+.0%}, p={plain['p']:.2g})"
    return f"the paper's claim that {said} {'holds' if plain['difference'] > 0 else 'does not hold'} here ({plain['difference']:+.0%}, p={plain['p']:.2g})"


def page(found: dict[str, Any]) -> str:
    """Return the tables, one a set, the best first."""
    parts = [f"Model {found['model']}, {found['date']}. `python -m benchmarks programs --data FOLDER`."]
    for name, rows in found["sets"].items():
        parts += [
            "",
            f"**{name}**, {rows[0]['rows']} rows",
            "",
            "| program | score | calls | tokens | prompt reused | against plain | against voting for as many calls | failed |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for row in rows:
            low, high = row["interval"]
            label = f"*{row['program']}*" if row["program"] in CONTROLS else f"`{row['program']}`"
            parts.append(
                f"| {label} | {row['score']:.0%} ({low:.0%} to {high:.0%}) | {row['calls']:g} | {row['tokens']:.0f} | {row['reused']:.0%} | {difference(row['plain'])} | {difference(row['vote'])} | {row['failed'] or ''} |"
            )
    return "\n".join(parts)


def difference(one: dict[str, Any] | None) -> str:
    """Return a paired difference in points, in bold where chance alone seldom makes it."""
    if one is None:
        return ""
    text = f"{100 * one['difference']:+.0f} (p={one['p']:.2g})"
    return f"**{text}**" if one["p"] < SURE else text


def plot(found: dict[str, Any]) -> None:
    """Draw score against calls, one panel a set, with the front."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    from selftaught.statistics import pareto_front

    sets = found["sets"]
    figure, axes = plt.subplots(1, len(sets), figsize=(4.2 * len(sets), 4), squeeze=False, sharey=True)
    for axis, (name, rows) in zip(axes[0], sets.items(), strict=True):
        front = {rows[one]["program"] for one in pareto_front([(row["score"], row["calls"]) for row in rows])}
        for row in rows:
            control, best = row["program"] in CONTROLS, row["program"] in front
            axis.plot(
                row["calls"],
                row["score"],
                "s" if control else "o",
                color="#c60" if control else "#06c",
                alpha=1.0 if best else 0.35,
                markersize=5,
            )
            if best:
                axis.annotate(row["program"], (row["calls"], row["score"]), fontsize=7, xytext=(3, 3), textcoords="offset points")
        axis.set(xscale="log", title=f"{name} (n={rows[0]['rows']})", xlabel="calls an answer")
    axes[0][0].set_ylabel("right answers")
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


if __name__ == "__main__":
    main()
