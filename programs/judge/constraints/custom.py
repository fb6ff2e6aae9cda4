"""Single tasks whose answers have a checkable form (IFBench's custom group), and the overlap with a given text.

IFBench fixes what these tasks are about in its checkers; here it is an argument, so that they serve other tasks too. What the
answer must know (the countries of Africa, Napoleon's battles) is not checked, only its form.

Departures from the published checkers: (1) dates are real dates of any year. (2) An introduction before the answer breaks its form; the loose reading of a judge drops it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from itertools import pairwise

from selftaught.programs.judge.constraints.arguments import LONGEST, Count, Percentage, Phrase, listed, unless
from selftaught.programs.judge.constraints.claims import Range
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import lines, sentences, tokens


@kind(
    "custom:multiples",
    "Write the multiples of {factor} from {first} to {last}, in order, and no other numbers.",
    claims=lambda first, last, factor: {"numbers": Range(*[len(range(first + -first % factor, last + 1, factor))] * 2)},
)
def multiples(text: str, first: Count, last: Count, factor: Count) -> str:
    """The numbers in the text are the multiples of a factor between two bounds, both included."""
    wanted = [str(number) for number in range(first + -first % factor, last + 1, factor)]
    found = [number.lstrip("0") for number in re.findall(r"\d+", text)]
    return "" if found == wanted else f"Its numbers are {_row(found)}; {_row(wanted)} were asked."


def _row(numbers: list[str]) -> str:
    return ", ".join(number[:LONGEST] for number in numbers[:12]) or "none"


@kind(
    "custom:mcq_count_length",
    'Write {questions:question}, each starting with the label "Question", each longer than the last and with {options} options A), B), C) ...',
)
def mcq_count_length(text: str, questions: Count, options: Count) -> str:
    """Multiple-choice questions that grow in length, each with a number of lettered options."""
    start, *found = re.split(r"^[*# \t]*Question\b[ \t]*\d*[.:)*]*", text, flags=re.MULTILINE)
    if start.strip():
        return 'It does not begin with the label "Question".'
    if wrong := unless("exactly", questions, len(found), "question"):
        return wrong
    option = re.compile(r"\s*[-*]?\s*\(?[A-Za-z][.)]\s*\S")
    counts = [sum(bool(option.match(line)) for line in lines(question)) for question in found]
    if set(counts) != {options}:
        return f"Its questions have {', '.join(map(str, counts))} options; {options} each were asked."
    lengths = [len(" ".join(line.strip() for line in lines(question) if not option.match(line)).strip()) for question in found]
    return "" if all(one < two for one, two in pairwise(lengths)) else "Its questions do not grow in length."


@kind(
    "custom:reverse_newline",
    "Write at least {items:item}, each on a line of its own, in reverse alphabetical order.",
    claims=lambda items: {"lines": Range(items)},
)
def reverse_newline(text: str, items: Count) -> str:
    """The lines are in reverse alphabetical order; accents, case and list numbers do not count."""
    found = [_sortable(line) for line in lines(text) if _sortable(line)]
    wrong = [f"{one} / {two}" for one, two in pairwise(found) if one < two]
    return f"These lines are not in reverse order: {listed(wrong)}." if wrong else unless("at least", items, len(found), "item")


def _sortable(line: str) -> str:
    plain = unicodedata.normalize("NFKD", line).encode("ascii", "ignore").decode().lower()
    letters = [sign.start() for sign in re.finditer("[a-z]", plain)]
    return plain[letters[0] : letters[-1] + 1] if letters else ""


@kind(
    "custom:word_reverse",
    "Write one sentence with its words in reverse order; it says: {phrase}",
    contains=lambda phrase: phrase.split(),
)
def word_reverse(text: str, phrase: Phrase) -> str:
    """Read from the last word to the first, the text has a phrase."""
    said = [token.lower() for token in reversed(tokens(text))]
    return (
        ""
        if f" {phrase.lower()} " in f" {' '.join(said)} "
        else "Read from its last word to its first, it does not say what it should."
    )


@kind(
    "custom:character_reverse",
    "Write one sentence with its letters in reverse order; it says: {phrase}",
    contains=lambda phrase: [phrase[::-1]],
)
def character_reverse(text: str, phrase: Phrase) -> str:
    """Read from the last letter to the first, the text has a phrase."""
    return (
        "" if phrase.lower() in text.lower()[::-1] else "Read from its last letter to its first, it does not say what it should."
    )


@kind(
    "custom:sentence_alphabet",
    "Write 26 sentences, the first starting with A, the next with B, and so on to Z.",
    claims=lambda: {"sentences": Range(26, 26)},
)
def sentence_alphabet(text: str) -> str:
    """26 sentences that start with the letters from A to Z in turn."""
    firsts = [token[0][0].lower() for token in map(tokens, sentences(text)) if token]
    if wrong := unless("exactly", 26, len(firsts), "sentence"):
        return wrong
    off = [place for place, letter in enumerate(firsts) if ord(letter) != ord("a") + place]
    return f"Sentence {off[0] + 1} does not start with {chr(ord('A') + off[0])}." if off else ""


@kind(
    "custom:date_format_list",
    "Write dates as YYYY-MM-DD with commas between them, and nothing else.",
    claims=lambda: {"numbers": Range(1)},
)
def date_format_list(text: str) -> str:
    """What stands between commas are dates of the calendar."""
    wrong = [item.strip() for item in text.split(",") if not _is_date(item.strip())]
    return f"These are no dates in the form YYYY-MM-DD: {listed(wrong)}." if wrong else ""


def _is_date(item: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", item) and date.fromisoformat(item))
    except ValueError:
        return False


@kind(
    "ratio:overlap",
    'Share {percentage}% (2 more or less) of your trigrams of letters with this text: "{reference_text}"',
)
def overlap(text: str, percentage: Percentage, reference_text: Phrase) -> str:
    """The share of the text's different three-letter pieces that are also in a reference text; case and spaces count."""
    found, wanted = ({one[place : place + 3] for place in range(len(one) - 2)} for one in (text, reference_text))
    share = 100 * len(found & wanted) / len(found) if found else 0.0
    return "" if abs(share - percentage) <= 2 else f"It shares {share:.0f}% of its trigrams; {percentage:g}% were asked."
