"""Seed-Coder's curation (161; ByteDance Seed, 2025): a model scores a sample, a small scorer learns from it and filters all.

For a large collection and few rules of one's own. The model's taste becomes the filter: what it likes less, such as a rare
language, is starved, so the scores are compared within each value of `by`.

1. Drop repetitions and what breaks a rule: too short, or (`language="python"`) does not parse.
2. Score a sample with the model, from 0 to 10, with a sentence of reasons; what has nothing of use gets 0.
3. Fit a small scorer on the sample. How well it orders texts that it did not see is its `correlation`.
4. Score all with it. Drop the worst share, of each value of `by`.

Departures: (1) the small scorer is a ridge regression on hashed runs of letters, where the paper trains a language model. (2)
With `scored=False` only the rules filter, for comparison.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rating import Rating
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.documents import Given, read
from selftaught.programs.synthesis.gates import BestShare
from selftaught.programs.synthesis.pipeline import Part, Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.scorer import Scorer
from selftaught.programs.synthesis.sequel import Sequel
from selftaught.programs.synthesis.stages import Change, Distinct, Judged, Keep, Rows, Source
from selftaught.registry import method

SHOWN = 3000
"""Characters of a text that the model is shown."""
FEWEST = 20
"""Characters below which a text is dropped."""


class ScoredSample(Pipeline):
    """A sample of texts with the model's scores, under `score`, from 0 to 1.

    Args:
        texts: read documents. judge: scores them. rules: parts before. batch: texts a round.
    """

    def __init__(self, texts: Sequence[Mapping[str, Any]], judge: Judge, rules: Sequence[Part], batch: int = 64) -> None:
        super().__init__(
            Rows([{**one, "shown": one["text"][:SHOWN]} for one in texts], batch=batch, name="sample"),
            [
                *rules,
                Judged(judge, least=None, rename={"text": "shown"}, name="quality"),
                Keep(lambda row: "quality" in row.scores, "no score"),
                Change(lambda row: row.without("shown").with_values(score=row.scores["quality"]), "scored"),
            ],
        )


@method(161, "seed-coder", family="synthesis", missing="synthetic instructions from the kept code; training", language="python")
class Curate(Sequel):
    """Keep the better part of many texts, by a small scorer that learned from a model's scores of some.

    Rows hold `text`, `score` (the share of texts of its kind that the scorer puts below it), `document`, and what else was given.
    After a run, `scorer` holds the fitted scorer with its `correlation`.

    Args:
        documents: texts, or dictionaries with a `text` and more.
        sample: texts that the model scores.
        drop: the share that is dropped, from 0 to below 1.
        by: a value within which scores are compared, such as a language.
        language: `"python"`: drop what does not parse; None: no such rule.
        scored: False filters by the rules alone.
        judge: scores a `text`; a rating from 0 to 10 by default.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(
        self, documents: Given, *, sample: int = 200, drop: float = 0.1, by: str = "", language: Literal["python"] | None = None,
        scored: bool = True, judge: Judge | None = None,
    ) -> None:  # fmt: skip
        if language not in ("python", None) or not 0.0 <= drop < 1.0:
            raise SettingError(f"language={language!r}, drop={drop!r}: expected 'python' or None, and a share from 0 to below 1.")
        self.texts, self.by, self.language, self.scorer = read(documents), by, language, Scorer()
        drawn = random.Random(f"sample {len(self.texts)}").sample(self.texts, min(at_least("sample", sample, 1), len(self.texts)))
        rate = judge or Rating(GOOD, levels=10, lowest=0, instruction=RATE, ends=("nothing of use", "an example for others"))
        first = ScoredSample(drawn, rate, self.rules()) if scored else None
        best = BestShare("score", 1.0 - drop) if scored else Keep(lambda row: True, "rules alone")
        without = [] if scored else [Row(self.texts[0])]  # nothing runs before, and all texts begin
        super().__init__(first, [*self.rules(), best], given=without, name="documents", begins=len(self.texts))

    def rules(self) -> list[Part]:
        """Return new parts that need no model."""
        return [Distinct("text"), Keep(lambda row: broken(str(row["text"]), self.language), "rules")]

    def begun(self, rows: Sequence[Row]) -> tuple[Source, Sequence[Row]]:
        """Fit the scorer and begin all texts with their scores."""
        ranks: list[float | None] = [None] * len(self.texts)
        if self.first is not None:
            self.scorer = Scorer.fitted([row["text"] for row in rows], [row["score"] for row in rows])  # 3
            scores = self.scorer([one["text"] for one in self.texts])
            ranks = list(ranked(scores, [str(one.get(self.by, "")) for one in self.texts]))  # 4
        all_texts = [{**one, "score": rank} for one, rank in zip(self.texts, ranks, strict=True)]
        return Rows(all_texts, batch=len(all_texts), name="documents"), []


def broken(text: str, language: str | None) -> str:
    """Return which rule a text breaks, or an empty text."""
    if len(text.strip()) < FEWEST:
        return "too short"
    if language != "python":
        return ""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "does not parse"
    return ""


def ranked(scores: Sequence[float], kinds: Sequence[str]) -> list[float]:
    """Return for each score the share of those of its kind that are below it."""
    found = [0.0] * len(scores)
    for kind in set(kinds):
        places = sorted((place for place in range(len(scores)) if kinds[place] == kind), key=lambda place: scores[place])
        for rank, place in enumerate(places):
            found[place] = rank / len(places)
    return found


RATE = (
    "Score the text as an example to learn from: is it readable, well built, clear, of use elsewhere? A text that holds "
    "nothing of use, such as "
    "only data, settings or generated lines, gets 0."
)
GOOD = dspy.make_signature(
    {"document": (str, dspy.InputField(desc="its name")), "text": (str, dspy.OutputField())},
    "Write code or text from which others can learn.", "Write",
)  # fmt: skip
