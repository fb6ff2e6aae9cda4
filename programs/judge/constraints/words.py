"""Which words and letters a text has, and how often (IFEval's keywords, IFBench's counts).

Departures from the published checkers: (1) a keyword is a whole word or phrase, in any case; IFEval finds "less" in
"unless", except where it forbids. So asking for a word and forbidding it are opposites. (2) A keyword is plain text, never
a pattern. (3) Stop words and pronouns come from lists of our own (`vocabulary`), close to the published ones.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field

from selftaught.programs.judge.constraints.arguments import (
    Count,
    Letter,
    Percentage,
    Phrase,
    Phrases,
    is_upper_bound,
    listed,
    unless,
)
from selftaught.programs.judge.constraints.claims import Claims, Range, Relation, span
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted, occurrences, tokens, words
from selftaught.programs.judge.constraints.vocabulary import CONJUNCTIONS, PRONOUNS, STOP_WORDS

TIMES = (1, 2, 3, 5, 7)


def _times(bounds: dict[str, Range]) -> Claims:
    return {f'times of the word "{word.lower()}"': bound for word, bound in bounds.items()}


@kind(
    "keywords:existence",
    "Use each of these words: {keywords}.",
    claims=lambda keywords: _times(dict.fromkeys(keywords, Range(1))),
    contains=lambda keywords: keywords,
)
def existence(text: str, keywords: Phrases) -> str:
    """Every keyword is there."""
    missing = [word for word in keywords if not occurrences(word, text)]
    return f"It lacks {listed(missing)}." if missing else ""


@kind(
    "keywords:forbidden_words",
    "Use none of these words: {forbidden_words}.",
    claims=lambda forbidden_words: _times(dict.fromkeys(forbidden_words, Range(0, 0))),
    every_part=True,
)
def forbidden(text: str, forbidden_words: Phrases) -> str:
    """No forbidden word is there."""
    present = [word for word in forbidden_words if occurrences(word, text)]
    return f"It uses {listed(present)}." if present else ""


@kind(
    "keywords:frequency",
    'Use the word "{keyword}" {relation} {frequency:time}.',
    claims=lambda keyword, frequency, relation: _times({keyword: span(relation, frequency)}),
    contains=lambda keyword, frequency, relation: [keyword] if span(relation, frequency).low > 0 else [],
    every_part=is_upper_bound,
)
def frequency(text: str, keyword: Phrase, frequency: Count, relation: Relation) -> str:
    """A keyword is there a number of times."""
    return unless(relation, frequency, occurrences(keyword, text), "time", f'"{keyword}" ')


@kind(
    "keywords:letter_frequency",
    'Use the letter "{letter}" {let_relation} {let_frequency:time}.',
    claims=lambda letter, let_frequency, let_relation: {
        f'times of the letter "{letter.lower()}"': span(let_relation, let_frequency)
    },
    contains=lambda letter, let_frequency, let_relation: [letter] if span(let_relation, let_frequency).low > 0 else [],
    every_part=lambda let_relation, **_: is_upper_bound(let_relation),
)
def letter_frequency(text: str, letter: Letter, let_frequency: Count, let_relation: Relation) -> str:
    """A character is there a number of times, in any case."""
    return unless(let_relation, let_frequency, text.lower().count(letter.lower()), "time", f'"{letter}" ')


def _five(keyword1: str, keyword2: str, keyword3: str, keyword4: str, keyword5: str) -> dict[str, int]:
    return dict(zip((keyword1, keyword2, keyword3, keyword4, keyword5), TIMES, strict=True))


@kind(
    "count:keywords_multiple",
    'Use the word "{keyword1}" once, "{keyword2}" twice, "{keyword3}" 3 times, "{keyword4}" 5 times and "{keyword5}" 7 times.',
    claims=lambda **five: _times({word: Range(times, times) for word, times in _five(**five).items()}),
    contains=lambda **five: list(five.values()),
)
def keywords_multiple(text: str, keyword1: Phrase, keyword2: Phrase, keyword3: Phrase, keyword4: Phrase, keyword5: Phrase) -> str:
    """Five keywords are there exactly 1, 2, 3, 5 and 7 times."""
    asked = _five(keyword1, keyword2, keyword3, keyword4, keyword5)
    wrong = [unless("exactly", times, occurrences(word, text), "time", f'"{word}" ') for word, times in asked.items()]
    return " ".join(filter(None, wrong))


@kind("count:conjunctions", "Use at least {small_n} different ones of the conjunctions for, and, nor, but, or, yet, so.")
def conjunctions(text: str, small_n: Annotated[Count, Field(le=7)]) -> str:
    """A number of different coordinating conjunctions."""
    return unless("at least", small_n, len({word.lower() for word in words(text)} & CONJUNCTIONS), "different conjunction")


@kind(
    "count:person_names",
    "Name at least {N} different people from this list: {names}.",
    claims=lambda N, names: {"names": Range(N, len(set(names)))},
)
def person_names(text: str, N: Count, names: Phrases) -> str:
    """A number of different names from a list; here the case counts, because "grace" is none."""
    found = sum(occurrences(name, text) > 0 and name in text for name in set(names))
    return unless("at least", N, found, "different name")


@kind("count:pronouns", "Use at least {N:pronoun}.", claims=lambda N: {"words": Range(N)})
def pronouns(text: str, N: Count) -> str:
    """A number of pronouns (personal, pointing, asking, indefinite), repeated ones counted again."""
    return unless("at least", N, sum(word.lower() in PRONOUNS for word in words(text)), "pronoun")


@kind("ratio:stop_words", "At most {percentage}% of the words may be function words such as the, of, and, is, it.")
def stop_words(text: str, percentage: Percentage) -> str:
    """A greatest share of function words."""
    found = words(text)
    share = 100 * sum(word.lower() in STOP_WORDS for word in found) / len(found) if found else 100.0
    return f"{share:.0f}% of its words are function words; at most {percentage:g}% were asked." if share > percentage else ""


@kind("words:repeats", "Use no word more often than {small_n:time}.", every_part=True)
def repeats(text: str, small_n: Count) -> str:
    """No word is there more often than a number of times."""
    worst = Counter(token.lower() for token in tokens(text)).most_common(1)
    word, times = worst[0] if worst else ("", 0)
    return f'It uses "{word}" {counted(times, "time")}; at most {small_n} are allowed.' if times > small_n else ""
