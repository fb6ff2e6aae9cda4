"""Rules for what is made from documents: what points at the text instead of asking, and what a fact must name."""

from __future__ import annotations

import re

from selftaught.novelty.words import unicode_words

_POINTS = re.compile(
    r"\b(this|that|the|above|given|following)\s+(text|passage|document|article|paragraph|excerpt|section|author|writer|content|report|story|piece)\b"
    r"|\b(mentioned|described|stated|discussed|listed|shown) (above|here|below)\b|\baccording to (it|this|the text)\b",
    re.IGNORECASE,
)
PRONOUNS = frozenset(
    ["he", "she", "it", "they", "this", "that", "these", "those", "his", "her", "its", "their", "him", "them", "there", "here"]
)

PERSONAL = frozenset(["he", "she", "they", "his", "its", "their", "him", "them"])
EXPLETIVE = frozenset(
    ["called", "that", "possible", "like", "important", "necessary", "true", "when", "to", "known", "who", "better"]
)
"""What follows an `it` that stands for nothing."""


def leans(question: str) -> str:
    """Return why a question cannot be understood without its text, or an empty text."""
    words = unicode_words(question)
    if len(words) < 2:
        return "no question"
    if _POINTS.search(question):
        return "points at the text"
    if words[0] in PRONOUNS or any(word in PERSONAL for word in words[:3]):
        return "asks about a pronoun"
    place = words.index("it") if "it" in words[:3] else -1
    return "asks about a pronoun" if place >= 0 and not EXPLETIVE & set(words[place + 1 : place + 2]) else ""


def unnamed(statement: str, entity: str) -> str:
    """Return why a statement does not stand alone, or an empty text: it must name what it is about, and not begin with a "
    "pronoun."""
    words = unicode_words(statement)
    if len(words) < len(unicode_words(entity)) + 2:
        return "says nothing"
    if words[0] in PRONOUNS:
        return "begins with a pronoun"
    return "" if names(statement, entity) else "does not name what it is about"


def names(text: str, entity: str) -> bool:
    """True where all words of an entity stand in a text, in a row."""
    wanted = unicode_words(entity)
    return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(unicode_words(text))} "
