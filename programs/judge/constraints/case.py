"""Capital letters, small letters and punctuation marks.

Departures from the published checkers: (1) IFEval's all-capital and all-small kinds also ask a language detector whether
the text is English; it errs on short and capital texts, so here most letters must be Latin, and `language:response_language`
does the rest. (2) IFBench's title case lets through any word that mixes cases; here every major word must start with a
capital, and the small words that titles keep small may be either.
"""

from __future__ import annotations

import re
import unicodedata

from selftaught.programs.judge.constraints.arguments import Whole, listed, unless
from selftaught.programs.judge.constraints.claims import OneOf, Range, Relation, one_of, span
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted, tokens

MINOR = frozenset(["a", "an", "the", "and", "but", "or", "nor", "for", "so", "yet", "as", "at", "by", "in", "of", "off", "on", "per",
                   "to", "up", "via", "from", "into", "with", "over", "if", "than", "vs"])  # fmt: skip
MARKS = (".", ",", "!", "?", ";", ":")


def case_of(phrase: str) -> OneOf:
    """Return in which cases a text can be written that must hold a phrase to the letter."""
    if phrase == phrase.upper() or phrase == phrase.lower():
        return one_of("mixed", "title", "capital" if phrase == phrase.upper() else "small")
    return one_of("mixed", "title")


def _cased(text: str, wanted: str) -> str:
    letters = [letter for letter in text if letter.isalpha()]
    foreign = [letter for letter in letters if not unicodedata.name(letter, "").startswith("LATIN")]
    if not letters:
        return "It has no letters."
    if len(foreign) > len(letters) / 2:
        return f"English was asked; it has the letters {listed(list(dict.fromkeys(foreign)))}."
    wrong = [token for token in tokens(text) if token != (token.upper() if wanted == "capital" else token.lower())]
    return f"Only {wanted} letters were asked; it has {listed(wrong)}." if wrong else ""


@kind(
    "change_case:english_capital",
    "Write in English, in capital letters only.",
    claims=lambda: {"case": one_of("capital"), "language": one_of("en"), "capital words": Range(1)},
)
def english_capital(text: str) -> str:
    """Every letter is a capital, most of them Latin."""
    return _cased(text, "capital")


@kind(
    "change_case:english_lowercase",
    "Write in English, in small letters only, without any capital.",
    claims=lambda: {"case": one_of("small"), "language": one_of("en"), "capital words": Range(0, 0)},
)
def english_lowercase(text: str) -> str:
    """Every letter is a small one, most of them Latin."""
    return _cased(text, "small")


@kind(
    "change_case:capital_word_frequency",
    "Write {capital_relation} {capital_frequency:word} all in capital letters.",
    claims=lambda capital_frequency, capital_relation: {"capital words": span(capital_relation, capital_frequency)},
)
def capital_word_frequency(text: str, capital_frequency: Whole, capital_relation: Relation) -> str:
    """A number of words in capitals only; a word of one letter counts."""
    return unless(capital_relation, capital_frequency, sum(token.isupper() for token in tokens(text)), "all-capital word")


@kind(
    "format:title_case",
    "Write everything in title case: every major word starts with a capital letter.",
    claims=lambda: {"case": one_of("capital", "title")},
)
def title_case(text: str) -> str:
    """The first word and every other but small ones such as "of" start with a capital."""
    said = [token for token in tokens(text) if not token.isdigit()]
    wrong = [token for place, token in enumerate(said) if token[0].islower() and (place == 0 or token not in MINOR)]
    return f"These words start with a small letter: {listed(wrong)}." if wrong else ""


@kind("punctuation:no_comma", "Use no commas.", claims=lambda: {"commas": Range(0, 0)}, every_part=True)
def no_comma(text: str) -> str:
    """No comma, that of other scripts included."""
    found = len(re.findall("[,\uff0c\u060c\u3001]", text))
    return f"It has {counted(found, 'comma')}; none are allowed." if found else ""


@kind(
    "count:punctuation",
    "Use each of the marks . , ! ? ; : at least once, and also an interrobang (?!).",
    claims=lambda: {"commas": Range(1)},
)
def punctuation(text: str) -> str:
    """Every common mark is there; the interrobang does not count as its halves."""
    without = re.sub(r"\?!|!\?|\u203d", "", text, count=1)
    missing = [mark for mark in MARKS if mark not in without] + ([] if without != text else ["?!"])
    return f"It lacks these marks: {' '.join(missing)}" if missing else ""


@kind("count:numbers", "Use exactly {N:number} written in digits.", claims=lambda N: {"numbers": Range(N, N)})
def numbers(text: str, N: Whole) -> str:
    """A number of numbers; `1,000`, `3.5` and `10:30` are one each."""
    return unless("exactly", N, len(re.findall(r"\d+(?:[.,:]\d+)*", text)), "number")
