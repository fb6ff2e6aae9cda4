"""Drawings as inline SVG: intervals on one axis, and the course of the search. Colours come from the page's style by class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup, escape

from selftaught.report.contents import Point
from selftaught.report.journal import Measured

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def element(name: str, *children: str | Markup, **attributes: str | float) -> Markup:
    """Return an SVG element. Text and attributes are escaped; `class_` stands for `class`, an underscore for a dash."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"' for key, value in attributes.items())
    return Markup(f"<{name}{written}>{''.join(escape(child) for child in children)}</{name}>")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def _line(x: float, y: float, to_x: float, to_y: float, kind: str) -> Markup:
    return element("line", x1=x, y1=y, x2=to_x, y2=to_y, class_=kind)


def _text(x: float, y: float, content: str, anchor: str = "middle", kind: str = "tick") -> Markup:
    return element("text", content, x=x, y=y, text_anchor=anchor, class_=kind)


def _mark(x: float, y: float, kind: str, size: float = 5.0, hollow: bool = False) -> Markup:
    """A square for the baseline, a diamond for the winner, a circle for others: shapes, not colours alone, tell them apart."""
    look = f"mark {kind}" + (" hollow" if hollow else "")
    if kind == "baseline":
        return element("rect", x=x - size, y=y - size, width=2 * size, height=2 * size, class_=look)
    if kind == "winner":
        d = size * 1.5
        return element("path", d=f"M{x:.1f} {y - d:.1f}l{d:.1f} {d:.1f}l{-d:.1f} {d:.1f}l{-d:.1f} {-d:.1f}z", class_=look)
    return element("circle", cx=x, cy=y, r=size, class_=look)


def interval_plot(scores: Sequence[tuple[str, str, Measured]]) -> Markup:
    """Draw scores with their intervals on one axis from 0 to 1. Each: what it is, its kind, the figures."""
    left, width, pitch = 24.0, 432.0, 44.0
    bottom = pitch * len(scores) + 6
    parts = [_line(left + tick * width, 4, left + tick * width, bottom, "grid") for tick in TICKS]
    parts += [_text(left + tick * width, bottom + 17, f"{tick * 100:.0f} %") for tick in TICKS]
    for number, (name, kind, measured) in enumerate(scores):
        y = pitch * number + 31
        drawn = [element("title", f"{name}: {measured}"), _text(left + 3, y - 13, name, "start", f"name {kind}")]
        if measured.score is not None:
            low, high = measured.interval
            drawn.append(_line(left + low * width, y, left + high * width, y, f"whisker thick {kind}"))
            drawn.append(_mark(left + measured.score * width, y, kind, 6))
        parts.append(element("g", *drawn))
    said = "; ".join(f"{name}: {measured}" for name, _, measured in scores)
    return element("svg", *parts, viewBox=f"0 0 480 {bottom + 26:.0f}", class_="interval-plot", role="img", aria_label=said)


def small_interval(measured: Measured, kind: str, baseline: Measured | None) -> Markup:
    """Draw one score and its interval in a line of text, with the baseline's score as a tick."""
    left, width, y = 6.0, 148.0, 10.0
    parts = [_line(left, y, left + width, y, "grid")]
    if baseline is not None and baseline.score is not None:
        x = left + baseline.score * width
        parts.append(_line(x, 1, x, 19, "reference"))
    if measured.score is not None:
        low, high = measured.interval
        parts.append(_line(left + low * width, y, left + high * width, y, f"whisker thick {kind}"))
        parts.append(_mark(left + measured.score * width, y, kind, 4.5))
    return element("svg", element("title", str(measured)), *parts, viewBox="0 0 160 20", class_="small", role="img", aria_label=str(measured))  # fmt: skip


class _Frame:
    """The coordinates of the trajectory."""

    left, top, height = 52.0, 40.0, 240.0

    def __init__(self, points: int) -> None:
        self.width = max(890.0, 14.0 * points)
        self.pitch = self.width / max(points, 1)
        self.bottom, self.right = self.top + self.height, self.left + self.width

    def x(self, number: int) -> float:
        return self.left + (number + 0.5) * self.pitch

    def y(self, score: float) -> float:
        return self.bottom - min(max(score, 0.0), 1.0) * self.height


def trajectory(points: Sequence[Point], baseline: Measured | None, winner: str) -> Markup:
    """Draw the trials in the order told: scores with intervals, the best so far, the baseline. `winner`: its name in the legend."""
    frame = _Frame(len(points))
    parts = [*_steps(frame, points), *_axis(frame), *_legend(frame, points, winner), _best_line(frame, points)]
    if baseline is not None and baseline.score is not None:
        y = frame.y(baseline.score)
        parts.append(element("g", element("title", f"baseline: {baseline}"), _line(frame.left, y, frame.right, y, "reference")))
    parts += [_trial(frame, number, point) for number, point in enumerate(points)]
    size = f"0 0 {frame.right + 14:.0f} {frame.bottom + 46:.0f}"
    said = f"Scores of {len(points)} trials in order. The table below holds the same figures."
    return element("svg", *parts, viewBox=size, class_="trajectory", role="img", aria_label=said)


def _axis(frame: _Frame) -> list[Markup]:
    lines = [_line(frame.left, frame.y(tick), frame.right, frame.y(tick), "grid") for tick in TICKS]
    return lines + [_text(frame.left - 8, frame.y(tick) + 4, f"{tick * 100:.0f} %", "end") for tick in TICKS]


def _steps(frame: _Frame, points: Sequence[Point]) -> list[Markup]:
    """Shade every other step and name those that have room for their name."""
    parts, free = [], 0.0
    for number, (step, group) in enumerate(groupby(enumerate(points), key=lambda pair: pair[1].step)):
        trials = list(group)
        first, last = trials[0][0], trials[-1][0]
        x, wide = frame.left + first * frame.pitch, (last - first + 1) * frame.pitch
        if number % 2:
            parts.append(element("rect", x=x, y=frame.top, width=wide, height=frame.height, class_="band"))
        middle = x + wide / 2
        if middle - 38 >= free:
            free = middle + 38
            parts.append(_text(middle, frame.bottom + 18, step if step == "baseline" else f"step {step}"))
            parts.append(_text(middle, frame.bottom + 35, f"{trials[-1][1].calls:,} calls"))
    return parts


def _legend(frame: _Frame, points: Sequence[Point], winner: str) -> list[Markup]:
    """Explain the marks that occur."""
    kinds = [("baseline", "baseline", False), ("winner", winner, False), ("other", "other candidates", False)]
    found = [entry for entry in kinds if any(point.kind == entry[0] for point in points)]
    if any(not point.whole for point in points):
        found.append(("other", "hollow: on part of the rows", True))
    parts, x = [], frame.left + 4
    for kind, text, hollow in found:
        parts += [_mark(x, 16, kind, 5, hollow), _text(x + 12, 20, text, "start", "legend")]
        x += 34 + 6.6 * len(text)
    return [*parts, _line(x - 4, 16, x + 18, 16, "best"), _text(x + 24, 20, "best so far", "start", "legend")]


def _best_line(frame: _Frame, points: Sequence[Point]) -> Markup:
    """A stair through the score of whoever leads after each trial."""
    path, drawn = "", False
    for number, point in enumerate(points):
        if point.best.score is None:
            drawn = False
            continue
        x, y = frame.left + number * frame.pitch, frame.y(point.best.score)
        path += f"{'L' if drawn else 'M'}{x:.1f} {y:.1f}H{x + frame.pitch:.1f}"
        drawn = True
    return element("path", d=path, class_="best")


def _trial(frame: _Frame, number: int, point: Point) -> Markup:
    x, measured = frame.x(number), point.measured
    said = f"{point.label}, {point.origin}\nstep {point.step}, {point.calls:,} calls spent\n{measured}"
    title = element("title", said + (f", {measured.failed} failed" if measured.failed else ""))
    if measured.score is None:
        return element("g", title, _text(x, frame.bottom - 6, "×", kind="undetermined"))
    low, high = frame.y(measured.interval[0]), frame.y(measured.interval[1])
    cap = min(5.0, frame.pitch / 3)
    look = f"whisker {point.kind}"
    lines = [
        _line(x, low, x, high, look),
        _line(x - cap, low, x + cap, low, look),
        _line(x - cap, high, x + cap, high, look),
    ]
    return element(
        "g", title, *lines, _mark(x, frame.y(measured.score), point.kind, min(5.0, frame.pitch / 2.5), not point.whole)
    )
