"""How long a text is: words, sentences, paragraphs (IFEval's length group, and IFBench's counts of words).

Departures from the published checkers: (1) five relations instead of two. (2) Sentences are split by rules of our own
(`text.sentences`), not by a trained splitter. (3) The first word of a paragraph is compared without the marks around it.
"""

from __future__ import annotations

import re

from selftaught.programs.judge.constraints.arguments import Count, Phrase, is_upper_bound, unless
from selftaught.programs.judge.constraints.claims import Claims, Range, Relation, span
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted, paragraphs, sentences, tokens, words

DIVIDER = re.compile(r"(?<!\*)\*\*\*(?!\*)")


@kind(
    "length_constraints:number_words",
    "Use {relation} {num_words:word}.",
    claims=lambda num_words, relation: {"words": span(relation, num_words)},
    every_part=is_upper_bound,
)
def number_words(text: str, num_words: Count, relation: Relation) -> str:
    """A number of words (runs of letters and digits)."""
    return unless(relation, num_words, len(words(text)), "word")


@kind(
    "length_constraints:number_sentences",
    "Write {relation} {num_sentences:sentence}.",
    claims=lambda num_sentences, relation: {
        "sentences": span(relation, num_sentences),
        "words": Range(span(relation, num_sentences).low),
    },
)
def number_sentences(text: str, num_sentences: Count, relation: Relation) -> str:
    """A number of sentences."""
    return unless(relation, num_sentences, len(sentences(text)), "sentence")


@kind(
    "length_constraints:number_paragraphs",
    "Write exactly {num_paragraphs:paragraph}, with *** on a line of its own between two of them.",
    claims=lambda num_paragraphs: {"divided paragraphs": Range(num_paragraphs, num_paragraphs)},
)
def number_paragraphs(text: str, num_paragraphs: Count) -> str:
    """A number of paragraphs with three asterisks between them; a divider at the very start or end does not count."""
    pieces = [piece.strip() for piece in DIVIDER.split(text)]
    inner = pieces[bool(not pieces[0]) : len(pieces) - bool(not pieces[-1])]
    if not all(inner):
        return "Two of its *** dividers have no paragraph between them."
    return unless("exactly", num_paragraphs, len(inner), "divided paragraph")


def _blank_line_paragraphs(num_paragraphs: int, nth_paragraph: int, first_word: str) -> Claims:
    return {
        "paragraphs": Range(num_paragraphs, num_paragraphs),
        "position of the paragraph": Range(nth_paragraph, num_paragraphs),
    }


@kind(
    "length_constraints:nth_paragraph_first_word",
    'Write {num_paragraphs:paragraph} with a blank line between them; paragraph {nth_paragraph} starts with the word "{first_word}".',
    claims=_blank_line_paragraphs,
    contains=lambda first_word, **_: [first_word],
)
def nth_paragraph_first_word(text: str, num_paragraphs: Count, nth_paragraph: Count, first_word: Phrase) -> str:
    """A number of paragraphs with blank lines between them, and the first word of one of them (case does not count)."""
    found = paragraphs(text)
    if wrong := unless("exactly", num_paragraphs, len(found), "paragraph"):
        return wrong
    starts = (tokens(found[nth_paragraph - 1]) or [""])[0]
    if starts.lower() == (tokens(first_word) or [first_word])[0].lower():
        return ""
    return f'Paragraph {nth_paragraph} starts with "{starts}" instead of "{first_word}".'


@kind(
    "count:word_count_range",
    "Use between {min_words} and {max_words} words.",
    claims=lambda min_words, max_words: {"words": Range(min_words, max_words)},
)
def word_count_range(text: str, min_words: Count, max_words: Count) -> str:
    """A number of words between two bounds, both included."""
    found = len(words(text))
    if min_words <= found <= max_words:
        return ""
    return f"It has {counted(found, 'word')}; between {min_words} and {max_words} were asked."


@kind(
    "count:unique_word_count",
    "Use at least {N} different words.",
    claims=lambda N: {"words": Range(N)},
)
def unique_word_count(text: str, N: Count) -> str:
    """A number of different words; case does not count."""
    return unless("at least", N, len({token.lower() for token in tokens(text)}), "different word")
