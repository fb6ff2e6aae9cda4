"""The diagnosis of a model on a task as one HTML file that needs nothing else: what to do, every part, every figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selftaught.run import write_atomically


def write_diagnosis(found: dict[str, Any], path: str | Path) -> Path:
    """Write a diagnosis, as plain data, as HTML, and beside it the same figures as JSON; return the HTML's path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, render_diagnosis(found))
    write_atomically(target.with_suffix(".json"), json.dumps(found, indent=1, ensure_ascii=False))
    return target


def render_diagnosis(found: dict[str, Any]) -> str:
    """Return a diagnosis, as plain data, as HTML."""
    from selftaught.report import environment

    page = environment().get_template("diagnosis.html.j2")
    pays = any(found["parts"].get(name, {}).get("answer") == "yes" for name in ("gap", "voting", "refining"))
    return page.render(found=found, pays=pays, titles=TITLES, read=READ, share=_share)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


TITLES = {
    "gap": "Choosing by the judge",
    "voting": "Voting",
    "refining": "Refining",
    "blind_spot": "Blind spot",
    "knowledge": "Self-knowledge",
    "critique": "Critique ability",
    "confidence": "Confidence",
}

READ = {
    "base": "The mean score of a random sample.",
    "filtered": "The mean score of the sample that the judge scores highest; ties averaged.",
    "gap": "Filtered less base: what choosing by the judge gains. 0 for a judge that says the same of all.",
    "relative_gap": "The gap as a share of what was left to gain, over inputs where something was.",
    "ceiling": "The best sample of each input: what a perfect judge would pick.",
    "vote": "The score of the most frequent sample.",
    "single": "The mean score of a single sample.",
    "own": "The score of the program's own answer.",
    "share": "The mean share of samples that agree with the winner.",
    "before": "The score before refining.",
    "after": "The score after one round.",
    "vote_with_as_many_calls": "The score of a vote with as many calls as refining took.",
    "cl": "CL: right answers that stay right.",
    "cs": "CS: wrong answers that become right.",
    "rss": "RSS: 0.5 is no change.",
    "external": "Injected errors mended when shown as somebody else's answer.",
    "internal": "The same text as the model's own earlier turn.",
    "marker": "As its own turn, reopened by the marker.",
    "external_harm": "Right answers spoiled when shown as somebody else's.",
    "internal_harm": "Right answers spoiled as its own turn.",
    "marker_harm": "Right answers spoiled with the marker.",
    "blind_spot": "The share of errors it mends in others' text and overlooks in its own: (external - internal) / external.",
    "marker_gain": "Marker less internal.",
    "review": "What a review of every answer, shown as somebody else's, would change if its own errors were as easy as the injected ones.",
    "f1": "F1 of admitting not to know, the unanswerable being the positive class.",
    "precision": "Admissions that were due; chance is the share of unanswerable inputs.",
    "recall": "Unanswerable inputs that were admitted.",
    "false_alarms": "Answerable inputs on which it admitted not to know.",
    "answerable_accuracy": "The score on what is answerable; read it beside F1, which alone rewards declining.",
    "accuracy": "Verdicts that are right, over one right and one wrong answer an input; a coin has 0.5.",
    "right_passed": "Right answers that the judge passes.",
    "wrong_refused": "Wrong answers that the judge refuses.",
    "accuracy_unsure": "Accuracy where the vote's winner has less than half of the samples.",
    "accuracy_middling": "Accuracy where the winner has half to 80 %.",
    "accuracy_sure": "Accuracy where the winner has 80 % or more.",
    "vote_auroc": "The chance that a right answer has more samples behind it than a wrong one.",
    "vote_calibration_error": "How far the share of agreeing samples lies from the chance of being right. Chance: a perfect one's luck.",
    "judge_auroc": "The chance that a right answer scores higher with the judge than a wrong one.",
    "judge_calibration_error": "How far the judge's score lies from the chance of being right.",
}
