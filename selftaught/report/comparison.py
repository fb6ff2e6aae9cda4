"""The comparison of programs as one HTML file that needs nothing else: scores, the Pareto plot, flips, one sentence each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from selftaught.report.charts import element
from selftaught.report.contents import shown, signed, span
from selftaught.run import write_atomically

LEFT, TOP, WIDTH, HEIGHT = 56.0, 16.0, 560.0, 300.0
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def write_comparison(result: Any, path: str | Path) -> Path:
    """Write a comparison as HTML, and beside it the same figures as JSON; return the HTML's path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, render_comparison(result.to_dict()))
    write_atomically(target.with_suffix(".json"), json.dumps(result.to_dict(), indent=1, ensure_ascii=False))
    return target


def render_comparison(found: dict[str, Any]) -> str:
    """Return a comparison, as plain data, as HTML."""
    from selftaught.report import environment

    template = environment().get_template("comparison.html.j2")
    return template.render(found=found, plot=pareto_plot(found["programs"], found["unit"]), shown=shown, signed=signed, span=span)


def pareto_plot(programs: list[dict[str, Any]], unit: str) -> Markup:
    """Draw score against cost, with 95 % intervals; the Pareto front is a stair through those that no other beats."""
    known = [one for one in programs if one["score"] is not None and one[unit] is not None]
    most = max((one[unit] for one in known), default=1.0) * 1.1 or 1.0
    parts = [*_axes(most, unit), _front(known, most, unit)]
    right: dict[int, float] = {}
    for one in known:
        parts.append(_point(one, most, unit, right))
    label = "; ".join(f"{one['name']}: {one['score']:.0%} at {one[unit]:.3g} {unit}" for one in known)
    size = f"0 0 {LEFT + WIDTH + 120:.0f} {TOP + HEIGHT + 44:.0f}"
    return element("svg", *parts, viewBox=size, class_="pareto", role="img", aria_label=f"Score against cost. {label}")


def _x(cost: float, most: float) -> float:
    return LEFT + cost / most * WIDTH


def _y(score: float) -> float:
    return TOP + (1.0 - score) * HEIGHT


def _axes(most: float, unit: str) -> list[Markup]:
    bottom = TOP + HEIGHT
    parts = []
    for tick in TICKS:
        parts.append(element("line", x1=LEFT, y1=_y(tick), x2=LEFT + WIDTH, y2=_y(tick), class_="grid"))
        parts.append(element("text", f"{tick * 100:.0f} %", x=LEFT - 8, y=_y(tick) + 4, text_anchor="end", class_="tick"))
        parts.append(element("text", f"{tick * most:.3g}", x=_x(tick * most, most), y=bottom + 18, text_anchor="middle", class_="tick"))  # fmt: skip
    name = f"{unit} for one example"
    return [*parts, element("text", name, x=LEFT + WIDTH / 2, y=bottom + 38, text_anchor="middle", class_="tick")]


def _front(known: list[dict[str, Any]], most: float, unit: str) -> Markup:
    front = sorted((one for one in known if one["front"]), key=lambda one: one[unit])
    if not front:
        return Markup()
    path = f"M{_x(front[0][unit], most):.1f} {_y(front[0]['score']):.1f}"
    path += "".join(f"H{_x(one[unit], most):.1f}V{_y(one['score']):.1f}" for one in front[1:])
    return element("path", d=path + f"H{LEFT + WIDTH:.1f}", class_="best")


def _point(one: dict[str, Any], most: float, unit: str, right: dict[int, float]) -> Markup:
    x, y = _x(one[unit], most), _y(one["score"])
    low, high = one["interval"]
    kind = "control" if one["control_of"] else "winner" if one["front"] else "other"
    slot = round(y / 13)
    while slot in right and abs(right[slot] - x) < 150:  # a name that would cover another goes a line lower
        slot += 1
    right[slot] = x
    return element(
        "g",
        element("title", f"{one['name']}: {one['score']:.0%} ({low:.0%} to {high:.0%}, n={one['n']})"),
        element("line", x1=x, y1=_y(low), x2=x, y2=_y(high), class_=f"whisker {kind}"),
        element("circle", cx=x, cy=y, r=5, class_=f"mark {kind}" + (" hollow" if one["dropped_by"] else "")),
        element("text", one["name"], x=x + 9, y=slot * 13 + 4, text_anchor="start", class_="name"),
    )
