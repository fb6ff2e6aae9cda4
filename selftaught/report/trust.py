"""The page of a judge's trust: what was found, what to do, every figure with how to read it, and the reliability plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from selftaught.figures import Figure
from selftaught.reliability import Bin
from selftaught.report.charts import TICKS, _line, _text, element
from selftaught.run import write_atomically
from selftaught.statistics import wilson

LEFT, TOP, SIDE = 58.0, 12.0, 300.0


def write_trust(path: str | Path, judge: str, said: Sequence[str], figures: Mapping[str, Figure], bins: Sequence[Bin]) -> Path:
    """Write the page and return its path.

    Args:
        path: the HTML file.
        judge: the judge's name.
        said: what was found and what to do, a paragraph each.
        figures: by name.
        bins: the reliability table; empty where the judge gives no scores.
    """
    environment = Environment(loader=PackageLoader("selftaught.report", "."), autoescape=True, undefined=StrictUndefined)
    rows = [{"name": name, "read": READ.get(name, ""), **_cells(figure)} for name, figure in figures.items()]
    plot = reliability_plot(bins) if bins else None
    page = environment.get_template("trust.html.j2").render(
        judge=judge, said=[one for one in said if one], rows=rows, bins=bins, plot=plot
    )
    target = Path(path)
    write_atomically(target, page)
    return target


def _cells(figure: Figure) -> dict[str, Any]:
    if figure.value is None or figure.interval is None:
        return {"why": figure.why}
    low, high = figure.interval
    chance = "" if figure.chance is None else f"{figure.chance:.2f}"
    return {"why": "", "value": f"{figure.value:.2f}", "interval": f"{low:.2f} to {high:.2f}", "chance": chance, "n": figure.n}


def reliability_plot(bins: Sequence[Bin]) -> Markup:
    """Draw the share of good answers against the mean score of each bin, with 95 % intervals; a calibrated judge's lie on the diagonal."""
    parts = [element("title", "Share of good answers against score")]
    for tick in TICKS:
        parts += [_line(_x(tick), TOP, _x(tick), TOP + SIDE, "grid"), _line(LEFT, _y(tick), LEFT + SIDE, _y(tick), "grid")]
        parts += [_text(_x(tick), TOP + SIDE + 18, f"{tick:g}"), _text(LEFT - 8, _y(tick) + 4, f"{tick * 100:.0f} %", "end")]
    parts += [_line(_x(0), _y(0), _x(1), _y(1), "reference"), _text(LEFT + SIDE / 2, TOP + SIDE + 38, "score of the judge")]
    parts += [_bin(one) for one in bins]
    said = "; ".join(f"score {one.score:.2f}: {one.good:.0%} good of {one.count}" for one in bins)
    return element("svg", *parts, viewBox="0 0 380 362", class_="interval-plot reliability", role="img", aria_label=said)


def _bin(one: Bin) -> Markup:
    low, high = wilson(one.good * one.count, one.count)
    x = _x(one.score)
    return element(
        "g", element("title", f"score {one.score:.2f}: {one.good:.0%} good (n={one.count})"),
        _line(x, _y(low), x, _y(high), "whisker thick winner"), element("circle", cx=x, cy=_y(one.good), r=5.0, class_="mark winner"),
    )  # fmt: skip


def _x(score: float) -> float:
    return LEFT + score * SIDE


def _y(share: float) -> float:
    return TOP + (1 - share) * SIDE


READ = {
    "accuracy": "How often judge and label agree; for pairs, how often the better answer is preferred, over both orders, ties half. Compare with chance, what always saying the same would reach.",
    "balanced_accuracy": "Accuracy with good and bad answers weighing the same; a coin has 0.5 whatever the labels.",
    "kappa": "Agreement beyond luck: 0 is luck, 1 is perfect.",
    "auroc": "The chance that the better of two answers scores higher. It needs no threshold, and decides the gate.",
    "says_good": "The share of answers the judge passes; chance is the share labelled good. Far above: it says yes too easily.",
    "spearman": "Does the judge rank answers as the ratings do? 0 is luck, 1 the same order.",
    "pearson": "The same for values in place of ranks.",
    "alpha": "Krippendorff's alpha of the judge and the people's mean; compare with the next line.",
    "people_alpha": "Krippendorff's alpha among the people: no judge can be expected to agree better than they do.",
    "calibration_error": "How far scores lie from the share of good answers, on average. Chance is what a perfectly calibrated judge shows by luck with as many answers.",
    "brier": "Mean squared distance of score and label, 0 is best; chance is always saying the share of good answers.",
    "consistency": "The share of findings that hold when the same is asked the other way round, or in the other order.",
    "decided_accuracy": "How often the judge is right where its verdict holds in both orders.",
    "ties": "The share of verdicts that call it a tie.",
    "order_changes": "The share of verdicts that change with the order of the answers; 0 is best.",
    "second_place": "The share of verdicts for the answer in second place; 0.5 is no preference.",
    "length_bias": "Above 0 it favours longer answers beyond their worth, below 0 shorter ones.",
    "self_preference": "How much more than deserved it gives answers of its own model, compared with those of others.",
    "family_preference": "The same for answers of its own model family.",
}
