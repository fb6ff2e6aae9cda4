"""Self-knowledge (102; Yin et al., 2023): does the model admit what it cannot know, instead of inventing an answer?

1. Ask what cannot be answered; the answerable inputs are the pool's, and are not paid again.
2. Detect admissions: a phrase from a list in the text, or (with an embedder) a window of five words close to one.
   An empty answer is no admission.
3. Score with "unanswerable" as the positive class: precision, recall, F1; and, beside them, accuracy on what is answerable,
   because a program that always declines has a recall of 1.

Departures: (1) no embedder by default, so phrases only; the detector is pluggable. (2) The direct form only: no instruction or
examples that invite admissions. Give those to the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import dspy
import numpy as np

from selftaught.figures import DRAWS, Figure, around, difference, mean_of, share, unknown
from selftaught.metrics import FunctionMetric
from selftaught.programs.diagnose.part import Instrument, Part, percent
from selftaught.programs.diagnose.pool import Pool
from selftaught.registry import method
from selftaught.signatures import Task, output_names, render

WINDOW = 5
SIMILAR = 0.75
"""Least cosine of a window with a phrase: the paper's."""
Embed = Callable[[list[str]], Any]


class Admission:
    """Says whether a text admits not to know.

    Args:
        phrases: what counts as an admission, in small letters.
        embed: turns texts into vectors (one row each), to find what the list does not hold; None looks for phrases only.
        threshold: least cosine of a window of five words with a phrase.
    """

    def __init__(self, phrases: Sequence[str] = (), *, embed: Embed | None = None, threshold: float = SIMILAR) -> None:
        self.phrases = tuple(phrases) or NOT_KNOWN
        self.embed, self.threshold = embed, threshold
        self.name = "phrases" if embed is None else "phrases and similarity"

    def __call__(self, text: str) -> bool:
        """Return whether the text admits not to know; an empty one does not."""
        plain = " ".join(text.lower().replace("’", "'").split())
        if not plain:
            return False
        if any(re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", plain) for phrase in self.phrases):
            return True
        return self.embed is not None and self._closest(plain) > self.threshold

    def _closest(self, text: str) -> float:
        windows = [window for sentence in re.split(r"[.!?\n]+", text) for window in _windows(sentence.split())]
        if not windows or self.embed is None:
            return -1.0
        found, known = (np.asarray(self.embed(texts), dtype=float) for texts in (windows, list(self.phrases)))
        lengths = np.outer(np.linalg.norm(found, axis=1), np.linalg.norm(known, axis=1))
        return float(np.max(found @ known.T / np.where(lengths > 0, lengths, 1.0)))


def _windows(words: list[str]) -> list[str]:
    return [" ".join(words[at : at + WINDOW]) for at in range(max(1, len(words) - WINDOW + 1))] if words else []


@method(102, "selfaware", family="diagnose", missing="the forms with an instruction and with worked examples")
class SelfKnowledge(Instrument):
    """Does the model admit what it cannot know?

    Args:
        task: what the answers are answers to.
        detect: says whether an answer's text admits not to know; a list of phrases by default.
    """

    name = "knowledge"

    def __init__(self, task: str | Task, *, detect: Callable[[str], bool] | None = None) -> None:
        super().__init__(task)
        self.detect = detect or Admission()

    async def measure(self, pool: Pool) -> Part:
        """Ask the unanswerable inputs once."""
        why = self._unmeasured(pool)
        if why:
            return Part(self.name, answer="not measured", decision=f"Self-knowledge was not measured: {why}.")
        rows = await pool.run(pool.program, pool.unanswerable, FunctionMetric(_any))
        names = output_names(self.task)
        unknowable = [render(names, row.answers[0]) for row in rows if row.answers]
        found = knowledge_of(unknowable, [item.own.text for item in pool.items], self.detect)
        accuracy = mean_of([item.own.right or 0.0 for item in pool.items], None)
        return replace(
            found,
            figures={**found.figures, "answerable_accuracy": accuracy},
            counts={**found.counts, "failed": len(rows) - len(unknowable)},
        )

    def _unmeasured(self, pool: Pool) -> str:
        if not any(field.annotation is str for field in self.task.output_fields.values()):
            return "no output of the task is free text, so there is no room for an admission"
        return "" if pool.unanswerable else "give inputs that have no answer as `unanswerable`"

    def conclude(self, found: Part) -> Part:
        """Say whether its admissions can be relied on."""
        if found.answer == "not measured":
            return found
        recall, alarms = found.figures["recall"], found.figures["false_alarms"]
        if recall.value is None or alarms.value is None:
            return replace(found, decision="Self-knowledge is undetermined: too few answers.")
        told = (
            f"it says so on {percent(recall)} of the unanswerable inputs and on {percent(alarms)} of the answerable ones, F1 "
            f"{found.figures['f1']}; accuracy on the answerable {percent(found.figures['answerable_accuracy'])} ({found.counts['detector']})"
        )
        apart = difference(recall, alarms).differs
        if recall.interval is not None and recall.interval[1] < 0.5:
            return replace(found, answer="no", decision=f"Do not rely on it to admit what it cannot know: {told}.")
        if apart > 0:
            return replace(found, answer="yes", decision=f"When it says that it does not know, that carries information: {told}.")
        return replace(found, decision=f"Undetermined whether it admits what it cannot know: {told}.")


def knowledge_of(unanswerable: Sequence[str], answerable: Sequence[str], detect: Callable[[str], bool]) -> Part:
    """Return F1, precision and recall of admissions, the unanswerable being the positive class."""
    hits, alarms = (sum(map(detect, texts)) for texts in (unanswerable, answerable))
    many, others = len(unanswerable), len(answerable)
    figures = {
        "f1": _f1(hits, many, alarms, others),
        "precision": share(hits, hits + alarms, many / (many + others)) if hits + alarms else unknown("it never admits anything"),
        "recall": share(hits, many, None),
        "false_alarms": share(alarms, others, None),
    }
    counts = {"unanswerable": many, "answerable": others, "detector": getattr(detect, "name", "a detector of your own")}
    return Part("knowledge", figures, counts=counts)


def _f1(hits: int, many: int, alarms: int, others: int) -> Figure:
    """Return F1, its interval from the posteriors of both rates (Jeffreys), so that a few answers are no certainty."""
    if not many or not others:
        return unknown("needs answerable and unanswerable inputs", many + others)
    generator = np.random.default_rng(0)
    found = generator.beta(hits + 0.5, many - hits + 0.5, DRAWS) * many
    false = generator.beta(alarms + 0.5, others - alarms + 0.5, DRAWS) * others
    value = 2 * hits / (hits + alarms + many)
    return Figure(value, around(value, 2 * found / (found + false + many)), None, many + others)


def _any(example: dspy.Example, prediction: dspy.Prediction) -> float:
    return 1.0


NOT_KNOWN = (
    "i do not know", "i don't know", "not known", "unknown", "nobody knows", "no one knows", "nobody can know", "cannot be known",
    "can't be known", "cannot be determined", "can't be determined", "cannot be answered", "impossible to know", "impossible to say",
    "impossible to answer", "no way to know", "no way of knowing", "there is no agreement", "hard to predict", "cannot be predicted",
    "i am not sure", "i'm not sure", "i am unsure", "uncertain", "not enough information", "i cannot answer", "i can't answer",
)  # fmt: skip
"""Ways to say that something is not known, in small letters; ours."""
