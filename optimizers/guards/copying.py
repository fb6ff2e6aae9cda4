"""Answers that copy what they should answer to, or what they are scored by.

Rubric copying: a run of five words of the criteria, the checklist or the instruction stands in the answer, and not in its input.
Keyword stuffing: the answer uses the rubric's own content words, far more of them than before.
Input copying: nearly all of the input's runs of three words stand in the answer (or the answer is the input).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from selftaught.metrics import Row
from selftaught.optimizers.guards.base import Context, Finding, Rise, percent
from selftaught.optimizers.guards.texts import ngrams, words

RUN = 5
MOST = 0.9
"""Share of the input's runs that makes a copy: an answer that edits its input, as some tasks ask, breaks more of them."""


class RubricCopying(Rise):
    """Answers recite what they are scored by."""

    name = "rubric copying"

    def value(self, row: Row, context: Context) -> float:
        """Return 1 for an answer with a run of the rubric that its input has not."""
        rubric = {gram for text in context.rubric for gram in ngrams(text, RUN)}
        return float(bool(rubric & set(ngrams(context.text(row), RUN)) - set(ngrams(context.given(row), RUN))))

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of the answers recite the rubric, {percent(before)} before"


class KeywordStuffing(Rise):
    """Answers are stuffed with the rubric's words."""

    name = "keyword stuffing"
    least = 2.0

    def value(self, row: Row, context: Context) -> float:
        """Return how many different content words of the rubric stand in the answer, and not in its input, up to six."""
        rubric = {root(word) for text in context.rubric for word in content_words(text)}
        given = {root(word) for word in content_words(context.given(row))}
        return float(min(6, len((rubric - given) & {root(word) for word in content_words(context.text(row))})))

    def says(self, before: float, after: float) -> str:
        """Say it as words of an answer."""
        return f"answers use {after:.1f} different words of the rubric each, {before:.1f} before"


class InputCopying(Rise):
    """Answers repeat their input."""

    name = "input copying"
    least = 0.3

    def value(self, row: Row, context: Context) -> float:
        """Return 1 for an answer that holds most of its input, or that is the input."""
        said, given = context.text(row), context.given(row)
        if not words(said):
            return 0.0
        if words(said) in [words(context_text) for context_text in (given, *map(str, row.inputs.values()))]:
            return 1.0
        grams = set(ngrams(given, 3))
        return float(len(grams) >= 4 and len(grams & set(ngrams(said, 3))) / len(grams) >= MOST)

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of the answers repeat their input, {percent(before)} before"


class IgnoresInput(Rise):
    """Answers lost the words of their own input, while other answers' inputs fit them as well."""

    name = "answer ignores its input"
    least = 0.05
    LEFT = 0.3

    def value(self, row: Row, context: Context) -> float:
        """Measured for all answers at once; see `values`."""
        raise NotImplementedError

    def values(self, rows: Sequence[Row], context: Context) -> list[float]:
        """Return how much *less* of its input an answer takes up than of the other inputs: minus the relevance."""
        given = [{root(word) for word in content_words(context.given(row))} for row in rows]
        found = []
        for place, row in enumerate(rows):
            said = {root(word) for word in content_words(context.text(row))}
            shares = [len(said & one) / len(one) if one else 0.0 for one in given]
            others = (sum(shares) - shares[place]) / max(1, len(rows) - 1)
            found.append(others - shares[place])
        return found

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Compare where the baseline did not merely repeat its input; most of the relevance must be gone."""
        copies = InputCopying()
        found = super().look([row for row in before if row.answers and not copies.value(row, context)], after, context)
        kept = -(found.after or 0.0) > self.LEFT * -(found.before or 0.0) if found is not None else True
        return None if kept else found

    def says(self, before: float, after: float) -> str:
        """Say it as overlap."""
        return f"the share of the input's words that answers take up fell from {percent(-before)} to {percent(-after)}"


def content_words(text: str) -> list[str]:
    """Return the words of at least four letters that are no function words."""
    return [word for word in words(text) if len(word) >= 4 and word not in FUNCTION_WORDS and not word.isdigit()]


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """Return a word without its commonest endings, so that forms of one word meet."""
    for ending in ("ingly", "edly", "ness", "ing", "ies", "ied", "ed", "ly", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


FUNCTION_WORDS = frozenset(
    words(
        """about above after again against also although among another any anyone anything are around because been before being below
    between both but came can cannot come could did does doing done down during each either else even ever every from further get
    gets give given goes going have having her here hers herself him himself his how however into its itself just last less like
    made make makes many may might more most much must need neither never next nor not now off often once one only onto other
    others otherwise our ours out over own perhaps put quite rather same several shall she should since some somebody someone
    something still such take takes than that the their theirs them themselves then there therefore these they thing things this
    those though through thus together too toward towards two under unless until upon use used using very via was way well were
    what whatever when where whether which while who whom whose why will with within without would yes yet you your yours yourself"""
    )
)
