"""Which constraints a text satisfies already, found by reading it: true by construction, and checked all the same.

Groups: `length` (words, from below and above), `sentences`, `bullets`, `keywords` (its rarest words), `forbidden` (rare words of other
texts that it lacks), `ending`, `letters` (case, commas), `format` (JSON, a title, quotation marks).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

from selftaught.programs.judge.constraints import Constraint, constraint
from selftaught.programs.judge.constraints.text import lines, sentences, words
from selftaught.programs.judge.constraints.vocabulary import STOP_WORDS

SLACK = 0.2
"""How far the bounds of a length lie from the length."""
MOST_SENTENCES, KEYWORDS, LONG_WORD = 8, 3, 4
_PLAIN = (
    ("letters", "change_case:english_lowercase"), ("letters", "change_case:english_capital"), ("letters", "punctuation:no_comma"),
    ("format", "detectable_format:json_format"), ("format", "detectable_format:title"), ("format", "startend:quotation"),
)  # fmt: skip
GROUPS = ("length", "sentences", "bullets", "keywords", "forbidden", "ending", "letters", "format")


class Finder:
    """Finds constraints in texts of one collection, whose rare words are known.

    Args:
        texts: the collection.
        held_out: groups, or kinds such as `punctuation:no_comma`, that are never found.
    """

    def __init__(self, texts: Sequence[str], held_out: Sequence[str] = ()) -> None:
        self.held_out = set(held_out)
        self.often = Counter(word for text in texts for word in set(content(text)))

    def find(self, text: str, draws: random.Random) -> dict[str, list[Constraint]]:
        """Return what a text satisfies, by group, in the order of `GROUPS`."""
        made = {
            "length": self.length(text), "sentences": self.sentences(text), "bullets": self.bullets(text),
            "keywords": self.keywords(text), "forbidden": self.forbidden(text, draws), "ending": self.ending(text),
        }  # fmt: skip
        for group, kind in _PLAIN:
            made.setdefault(group, []).append(constraint(kind))
        found = {group: [one for one in made[group] if one.kind not in self.held_out and one.check(text)] for group in GROUPS}
        return {group: those for group, those in found.items() if those and group not in self.held_out}

    def length(self, text: str) -> list[Constraint]:
        """Return bounds of the number of words."""
        count = len(words(text))
        bounds = {"at least": max(1, math.floor(count * (1 - SLACK))), "at most": math.ceil(count * (1 + SLACK))}
        return [
            constraint("length_constraints:number_words", num_words=bound, relation=relation)
            for relation, bound in bounds.items()
            if bound > 1
        ]

    def sentences(self, text: str) -> list[Constraint]:
        """Return the number of sentences, where there are few."""
        count = len(sentences(text))
        kind = "length_constraints:number_sentences"
        return [constraint(kind, num_sentences=count, relation="exactly")] if 1 <= count <= MOST_SENTENCES else []

    def bullets(self, text: str) -> list[Constraint]:
        """Return the number of bullet points, where there are two or more."""
        count = sum(line.lstrip().startswith("* ") for line in lines(text))
        return [constraint("detectable_format:number_bullet_lists", num_bullets=count)] if count > 1 else []

    def keywords(self, text: str) -> list[Constraint]:
        """Return the text's rarest content words."""
        rare = sorted(dict.fromkeys(content(text)), key=lambda word: self.often[word])[:KEYWORDS]  # stable: the first of equals
        return [constraint("keywords:existence", keywords=rare)] if rare else []

    def forbidden(self, text: str, draws: random.Random) -> list[Constraint]:
        """Return content words of other texts that this one lacks."""
        own = set(content(text))
        others = sorted(self.often.keys() - own)
        absent = draws.sample(others, min(2, len(others)))
        return [constraint("keywords:forbidden_words", forbidden_words=absent)] if absent else []

    def ending(self, text: str) -> list[Constraint]:
        """Return the words that it ends with, where it has more than a few."""
        parts = text.split()
        return [constraint("startend:end_checker", end_phrase=" ".join(parts[-3:]))] if len(parts) > 6 else []


def content(text: str) -> list[str]:
    """Return the longer words that are no function words, in small letters."""
    return [word.lower() for word in words(text) if len(word) >= LONG_WORD and word.isalpha() and word.lower() not in STOP_WORDS]
