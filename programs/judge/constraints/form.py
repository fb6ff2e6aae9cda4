"""The outer form of a text: bullets, highlights, sections, title, placeholders, JSON (IFEval's format and content groups).

Departures from the published checkers: (1) a rule such as `---`, a line that begins with emphasis and a negative number are no
bullets; `+` marks one too. (2) A bullet's mark opens no highlight. (3) Sections are counted by their different
numbers. (4) JSON is an object or a list; every bare number would be JSON. (5) A link or a check box is no placeholder.
(6) Of the fixed options exactly one is given: an answer that lists all of them chose none.
"""

from __future__ import annotations

import json
import re

from selftaught.programs.judge.constraints.arguments import Count, Phrase, Phrases, listed, unless
from selftaught.programs.judge.constraints.case import case_of
from selftaught.programs.judge.constraints.claims import Edge, Range, one_of
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted, lines

BULLET = re.compile(r"\s*(?:[*+-]\s+\S|\*[^*\s][^*]*$|-[^\W\d])")
RULE = re.compile(r"\s*([*_-])(\s*\1){2,}\s*")
ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
SPACES = one_of("some")


def bullets(text: str) -> list[str]:
    """Return the lines that are markdown bullets."""
    return [line for line in lines(text) if BULLET.match(line) and not RULE.fullmatch(line)]


@kind(
    "detectable_format:number_bullet_lists",
    "Give exactly {num_bullets:bullet point}, each on a line that starts with an asterisk and a space.",
    claims=lambda num_bullets: {"bullets": Range(num_bullets, num_bullets), "spaces": SPACES},
)
def number_bullet_lists(text: str, num_bullets: Count) -> str:
    """A number of markdown bullets."""
    return unless("exactly", num_bullets, len(bullets(text)), "bullet point")


@kind(
    "detectable_format:number_highlighted_sections",
    "Highlight at least {num_highlights:passage} with markdown asterisks, as in *highlighted*.",
)
def number_highlighted_sections(text: str, num_highlights: Count) -> str:
    """A number of passages between asterisks, single or double."""
    found = re.findall(r"(?<!\*)(\*{1,3})(?=[^\s*])[^*\n]*(?<=[^\s*])\1(?!\*)", text)
    return unless("at least", num_highlights, len(found), "highlighted passage")


@kind(
    "detectable_format:multiple_sections",
    'Divide the answer into at least {num_sections:section}, headed "{section_spliter} 1", "{section_spliter} 2" and so on.',
    claims=lambda section_spliter, num_sections: {"case": case_of(section_spliter)},
    contains=lambda section_spliter, num_sections: [section_spliter],
)
def multiple_sections(text: str, section_spliter: Phrase, num_sections: Count) -> str:
    """A number of section headings; the case of the heading counts."""
    numbers = set(re.findall(rf"(?<!\w){re.escape(section_spliter)}\s*(\d+)", text))
    return unless("at least", num_sections, len(numbers), "numbered section")


@kind(
    "detectable_format:title",
    "Give it a title in double angle brackets, as in <<a title>>.",
)
def title(text: str) -> str:
    """A title between << and >>."""
    found = re.findall(r"<<([^\n<>]+)>>", text)
    return "" if any(map(str.strip, found)) else "It has no title in double angle brackets."


@kind(
    "detectable_format:json_format",
    "Answer with JSON and nothing else.",
    claims=lambda: {"beginning": Edge(("{", "[", "```")), "ending": Edge(("}", "]", "```"), at_end=True)},
)
def json_format(text: str) -> str:
    """The whole text is a JSON object or list, with or without a code fence."""
    fenced = re.fullmatch(r"```\w*\s*\n?(.*?)```", text.strip(), re.DOTALL)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        return f"It is not JSON: {error}."
    return "" if isinstance(found, dict | list) else "It is a bare JSON value, not an object or a list."


@kind(
    "detectable_format:constrained_response",
    "Answer with one of these sentences, word for word: {options}.",
    claims=lambda options: {"case": one_of(*(value for option in options for value in case_of(option).values))},
)
def constrained_response(text: str, options: Phrases = ANSWERS) -> str:
    """Exactly one of some fixed sentences is there; the case counts."""
    chosen = [option for option in options if option in text]
    if len(chosen) == 1:
        return ""
    return f"It gives {listed(chosen)}; only one was asked." if chosen else f"It gives none of {listed(list(options))}."


@kind(
    "detectable_content:number_placeholders",
    "Leave at least {num_placeholders:placeholder} in square brackets, as in [address].",
)
def number_placeholders(text: str, num_placeholders: Count) -> str:
    """A number of placeholders in square brackets."""
    found = re.findall(r"\[(?!\s*[xX]?\s*\])[^\[\]\n]+\](?!\()", text)
    return unless("at least", num_placeholders, len(found), "placeholder")


@kind(
    "detectable_content:postscript",
    "Add a postscript at the end that starts with {postscript_marker}",
)
def postscript(text: str, postscript_marker: Phrase) -> str:
    """A postscript: its mark, in any case and with or without its full stops and spaces, and text after it."""
    letters = re.findall(r"\w", postscript_marker) if re.fullmatch(r"(\w\.?\s?)+", postscript_marker) else None
    mark = r"\.?\s?".join(letters) + r"\.?" if letters else re.escape(postscript_marker)
    found = re.search(rf"(?<!\w){mark}(?!\w)[^\w]*\w", text, re.IGNORECASE)
    return "" if found else f"It has no postscript that starts with {postscript_marker}"


@kind(
    "combination:two_responses",
    "Give two different answers with six asterisks between them: ******.",
    claims=lambda: {"answers": Range(2, 2)},
)
def two_responses(text: str) -> str:
    """Two different answers, divided by six asterisks; a divider at the very start or end does not count."""
    pieces = [piece.strip() for piece in re.split(r"(?<!\*)\*{6}(?!\*)", text)]
    inner = pieces[bool(not pieces[0]) : len(pieces) - bool(not pieces[-1])]
    if len(inner) != 2 or not all(inner):
        return f"It has {counted(len(list(filter(None, inner))), 'answer')} divided by ******; two were asked."
    return "Its two answers are the same." if inner[0] == inner[1] else ""
