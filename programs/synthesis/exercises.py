"""Exercises on a document, made by rules: what Self-Tuning (101) trains on. Every answer stands in the document."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

Exercise = dict[str, str]
BLANK = "____"
OPTIONS = 4
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？](?!\s|$)[^.!?。！？\n]*)*[.!?。！？]?")
_ENTITY = re.compile(
    r"\b[A-ZÄÖÜ][\w'’-]*(?:\s(?:of|the|de|van|von|der|la)\s[A-ZÄÖÜ][\w'’-]*|\s[A-ZÄÖÜ][\w'’-]*)*|\b\d[\d.,]*\d\b|\b\d\b"
)
LITTLE = frozenset(
    ["The", "A", "An", "In", "On", "At", "It", "He", "She", "They", "This", "That", "These", "Its", "His", "Her", "We", "I", "You", "And",
     "But", "For", "As", "If", "When", "After", "Before", "There", "From", "With", "By", "To"]
)  # fmt: skip
"""Capitalised at the beginning of a sentence only."""


def exercises(text: str, title: str, elsewhere: str, seed: str, most: int) -> list[Exercise]:
    """Return all exercises of a document.

    Args:
        text: the document.
        title: of it.
        elsewhere: another document, of which a statement is taken that this one does not decide.
        seed: of the draws.
        most: blanks, choices and completions each.
    """
    draws, found = random.Random(seed), entities(text)
    said = [one for one in sentences(text) if entities(one)]
    chosen = draws.sample(said, min(most, len(said)))
    return [
        memorise(text),
        title_task(text, title),
        *(
            [_exercise("Name the persons, places, dates and figures in the text.", text, ", ".join(found), "entities")]
            if found
            else []
        ),
        *statements(text, elsewhere, found, draws),
        tell_me(text, title),
        *([_exercise(f"Write a flashcard about: {title}", "", "; ".join(found), "flashcard")] if found else []),
        *(one for sentence in chosen for one in on_a_sentence(sentence, found, title, draws)),
    ]


def memorise(text: str) -> Exercise:
    """Return the document itself."""
    return _exercise("", "", text, "memorise")


def title_task(text: str, title: str) -> Exercise:
    """Return the exercise to find the title."""
    return _exercise("Write a title for the text.", text, title, "title")


def tell_me(text: str, title: str) -> Exercise:
    """Return the exercise to say the document."""
    return _exercise(f"Tell me about: {title}", "", text, "tell")


def statements(text: str, elsewhere: str, found: Sequence[str], draws: random.Random) -> list[Exercise]:
    """Return a statement that holds, one that does not, and one that the text does not decide."""
    asked = "Does the text say so? Answer true, false or unknown."
    said = [one for one in sentences(text) if entities(one)]
    if not said:
        return []
    told = draws.choice(said)
    made = [_exercise(f"{asked}\n{told}", text, "true", "statement")]
    entity = draws.choice(entities(told))
    if others := [one for one in found if one != entity and one not in told and kind(one) == kind(entity)]:
        false = told.replace(entity, draws.choice(others), 1)
        made += [_exercise(f"{asked}\n{false}", text, "false", "statement")] if false not in text else []
    if strange := [one for one in sentences(elsewhere) if one not in text]:
        made.append(_exercise(f"{asked}\n{draws.choice(strange)}", text, "unknown", "statement"))
    return made


def on_a_sentence(sentence: str, found: Sequence[str], title: str, draws: random.Random) -> list[Exercise]:
    """Return a blank, a choice and a completion of one sentence that holds an entity."""
    inside = entities(sentence)
    entity = draws.choice(inside)
    start = sentence.index(entity)
    blank = sentence[:start] + BLANK + sentence[start + len(entity) :]
    about = f"This is from: {title}\n"
    made = [_exercise(f"{about}Fill the blank: {blank}", "", entity, "blank")]
    others = [one for one in found if one != entity]
    if others:
        options = [entity, *draws.sample(others, min(OPTIONS - 1, len(others)))]
        draws.shuffle(options)
        made.append(_exercise(f"{about}What fills the blank? {blank}\nOptions: {' | '.join(options)}", "", entity, "choice"))
    cut = sentence.rindex(inside[-1])
    if cut:
        made.append(_exercise(f"{about}Complete the sentence: {sentence[:cut]}", "", sentence[cut:], "completion"))
    return made


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [one.strip() for one in _SENTENCE.findall(text) if len(one.split()) > 2]


def entities(text: str) -> list[str]:
    """Return the names and figures of a text in the order in which they first come; a single capitalised little word is none."""
    found = [_without_little(one) for one in _ENTITY.findall(text)]
    return list(dict.fromkeys(one for one in found if one))


def kind(entity: str) -> str:
    """Return whether an entity is a figure or a name."""
    return "figure" if entity[0].isdigit() else "name"


def _without_little(name: str) -> str:
    words = name.split()
    while words and words[0] in LITTLE:
        words = words[1:]
    return " ".join(words)


def _exercise(instruction: str, given: str, output: str, task: str) -> Exercise:
    return {"instruction": instruction, "input": given, "output": output, "task": task}
