"""Answers that became alike: one answer for everything, stock text in every answer, one word in nearly every answer.

Collapse: the commonest answer's share, held against the baseline's and the labelled answers' by Wilson intervals; so a task
with two labels may have two answers, and a task with free answers may not.
Boilerplate: the share of an answer's runs of four words that stand in other answers too.
Stock word: a word that stands in few answers before and in many after, tested with a correction for the number of words. It
is a warning; it stops a candidate where the word stands in nearly every answer, or where answers with it also score higher
than those without, so that the word is what the judge pays for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from scipy import stats

from selftaught.metrics import Row
from selftaught.optimizers.guards.base import LEAST_ROWS, LEVEL, Context, Finding, Rise, mean, paired, percent
from selftaught.optimizers.guards.copying import content_words
from selftaught.optimizers.guards.texts import ngrams, words
from selftaught.programs.normalise import normalise
from selftaught.statistics import wilson

PROSE = 8
"""Words of the median answer from which on a word in all of them is odd; below, it may be what the answers are made of."""
SHORT = 4
"""Words up to which an answer may be one of a few labels."""
SHORT_MAY_REPEAT = 0.75
"""Share that the commonest of short answers may have where nothing is known of the labels."""


class Collapse:
    """One answer to everything."""

    name = "collapse of diversity"
    excusable = True

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Hold the commonest answer's share against what is usual."""
        pairs = paired(before, after)
        if len(pairs) < LEAST_ROWS:
            return None
        old, new = _commonest([a for a, _ in pairs], context), _commonest([b for _, b in pairs], context)
        labels = context.labels()
        short = _length([row for _, row in pairs], context) <= SHORT
        usual = [wilson(old, len(pairs))[1]]
        if labels:
            times = _commonest(labels, context)
            usual.append(wilson(times, len(labels))[1] if short or times > 1 else 1 / len(labels))
        elif short:
            usual.append(SHORT_MAY_REPEAT)
        if wilson(new, len(pairs))[0] <= max(usual):
            return None
        share, was = new / len(pairs), old / len(pairs)
        said = f"{percent(share)} of the answers are the same text, {percent(was)} before"
        return Finding(self.name, said, "stop", was, share, None, len(pairs))


class Boilerplate(Rise):
    """Answers are made of stock text."""

    name = "boilerplate"
    least = 0.2

    def value(self, row: Row, context: Context) -> float:
        """Measured for all answers at once; see `values`."""
        raise NotImplementedError

    def values(self, rows: Sequence[Row], context: Context) -> list[float]:
        """Return for each answer the share of its words' runs that stand in at least two other answers, and not in its input."""
        grams = [set(ngrams(context.text(row), 4)) for row in rows]
        times = Counter(gram for found in grams for gram in found)
        enough = max(3, round(0.08 * len(rows)))
        own = [set(ngrams(context.given(row), 4)) for row in rows]
        return [
            sum(times[gram] >= enough for gram in found - given) / len(found) if len(found) >= 4 else 0.0
            for found, given in zip(grams, own, strict=True)
        ]

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of an answer is text that other answers share, {percent(before)} before"


class StockWord:
    """One word spread over the answers."""

    name = "stock word"
    excusable = True
    least = 0.3
    carries = 0.1
    everywhere = 0.9

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Find the word that spread most and test it."""
        pairs = paired(before, after)
        if context.closed or len(pairs) < LEAST_ROWS:
            return None
        old, new = ([_own(row, context) for row in side] for side in zip(*pairs, strict=True))
        labels = [_own(row, context) for row in context.labels()]
        spread, tried = _spread(old, new)
        for word, was, share in spread:
            usual = mean([word in said for said in labels])
            if word in WORKING_WORDS or share - was < self.least or share - usual < self.least / 2:
                continue
            lost = sum(word in a and word not in b for a, b in zip(old, new, strict=True))
            won = sum(word in b and word not in a for a, b in zip(old, new, strict=True))
            p = min(1.0, float(stats.binomtest(won, won + lost, 0.5, alternative="greater").pvalue) * tried)
            if p <= LEVEL:
                text = f"the word {word!r} stands in {percent(share)} of the answers, in {percent(was)} before"
                return self._weighed(Finding(self.name, text, "warn", was, share, p, len(pairs)), word, pairs, new, context)
        return None

    def _weighed(
        self, found: Finding, word: str, pairs: list[tuple[Row, Row]], said: list[set[str]], context: Context
    ) -> Finding | None:
        """Return the finding as a stop where the word pays or stands everywhere; None where short answers consist of it."""
        paid = _pays(word, [row for _, row in pairs], said)
        if paid is not None and paid >= self.carries:
            text = f"{found.message}, and answers with it score {paid:.2f} more than those without"
            return replace(found, severity="stop", message=text)
        if any(_length(side, context) < PROSE for side in zip(*pairs, strict=True)):
            return None
        everywhere = (found.after or 0.0) >= self.everywhere and (found.before or 0.0) <= 1.0 - self.everywhere
        return replace(found, severity="stop") if everywhere else found


WORKING_WORDS = frozenset(
    words(
        """answer answers answered result results final first second third finally therefore thus hence because step steps total
        equals number numbers means example examples includes including following based given reason reasons explanation summary
        conclusion overall correct solution question text sentence word words here calculate find found know known think first
        several important different called refers used example part parts person people time times sure"""
    )
)
"""Words with which people give answers, whatever the subject: they may stand in every one."""


def _commonest(rows: Sequence[Row], context: Context) -> int:
    return max(Counter(normalise(context.text(row)) for row in rows).values(), default=0)


def _length(rows: Sequence[Row], context: Context) -> int:
    """Return the words of the median answer."""
    return sorted(len(words(context.text(row))) for row in rows)[len(rows) // 2]


def _own(row: Row, context: Context) -> set[str]:
    """Return the content words of an answer that are not its input's."""
    return set(content_words(context.text(row))) - set(content_words(context.given(row)))


def _spread(old: Sequence[set[str]], new: Sequence[set[str]]) -> tuple[list[tuple[str, float, float]], int]:
    """Return the words by the rise of their share, and how many words were looked at."""
    before, after = (Counter(word for said in side for word in said) for side in (old, new))
    found = [(word, before[word] / len(old), times / len(new)) for word, times in after.items() if times >= LEAST_ROWS - 1]
    return sorted(found, key=lambda one: (one[1] - one[2], one[0])), max(1, len(found))


def _pays(word: str, rows: Sequence[Row], said: Sequence[set[str]]) -> float | None:
    """Return by how much answers with the word score more than those without; None where one side is missing or chance remains."""
    scored = [(row.score, word in one) for row, one in zip(rows, said, strict=True) if row.score is not None]
    yes, no = [score for score, has in scored if has], [score for score, has in scored if not has]
    if len(yes) < 3 or len(no) < 3:
        return None
    found = stats.mannwhitneyu(yes, no, alternative="greater")
    return mean(yes) - mean(no) if float(found.pvalue) <= LEVEL else None
