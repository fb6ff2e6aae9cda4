"""How a text is laid out: lines, lists, templates (IFBench's format group; nested marks are in `nesting`).

Departures from the published checkers, which pass texts that do not do what was asked: (1) stairs and lists need two lines.
(2) Sub-bullets need a bullet, and are lines, not hyphens. (3) A list's separator stands at the start of a line or between
spaces. (4) The parts of a template come in order, each with a text. (5) Where a text has headings, every section begins with
its thesis. (6) Text may follow the bullet points that follow two sentences.
"""

from __future__ import annotations

import re
from itertools import pairwise

from selftaught.programs.judge.constraints.arguments import Phrase, Phrases, listed, unless
from selftaught.programs.judge.constraints.claims import Range, one_of
from selftaught.programs.judge.constraints.form import SPACES
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import counted, lines, mark_of, sentences, words

HEADING = re.compile(r"^[ \t]*(?:#{1,6}\s.*|\*\*[^*\n]+\*\*:?|<h[1-6]>.*</h[1-6]>)[ \t]*$", re.MULTILINE)
THESIS = re.compile(r"\s*+(?:<p>\s*+)?<(i|em)>\s*[^<\s].*?</\1>.*?\w", re.DOTALL)


def choices(options: str) -> list[str]:
    """Return the options of a list such as `yes/no/maybe`, `this or that`, or `a), b), c)`."""
    pattern = "/" if "/" in options else r"\bor\b" if re.search(r"\bor\b", options) else ","
    return [option.strip() for option in re.split(pattern, options) if option.strip()]


@kind("format:options", "Answer with one of these options and nothing else: {options}")
def options(text: str, options: Phrase) -> str:
    """The whole text is one of the options; case and more punctuation around it do not count."""
    given = any(re.fullmatch(rf"\W*{re.escape(option)}\W*", text, re.IGNORECASE) for option in choices(options))
    return "" if given else f"It is none of the options {options}, or not that alone."


@kind("format:newline", "Write each word on a line of its own.")
def newline(text: str) -> str:
    """No line has two words."""
    wrong = [line.strip() for line in lines(text) if len(line.split()) > 1]
    return f"These lines have more than one word: {listed(wrong)}." if wrong else ""


@kind(
    "format:line_indent",
    "Indent each line further than the line before it, like stairs.",
    claims=lambda: {"lines": Range(2), "spaces": SPACES},
)
def line_indent(text: str) -> str:
    """Each line starts further to the right than the one before; blank lines do not count."""
    indents = [len(line) - len(line.lstrip()) for line in (line.expandtabs() for line in lines(text))]
    if len(indents) < 2:
        return "It has only one line; stairs need two."
    return (
        ""
        if all(one < two for one, two in pairwise(indents))
        else f"Its lines are indented by {', '.join(map(str, indents))} spaces."
    )


@kind("format:quote_unquote", "After every passage in double quotation marks, explain it without quotation marks.")
def quote_unquote(text: str) -> str:
    """Words follow every quoted passage, before the next one and at the end."""
    pieces = re.split(r'"[^"]*"', re.sub("[\u201c\u201d]", '"', text))
    bare = sum(not words(piece) for piece in pieces[1:])
    return f"It has {counted(bare, 'quoted passage')} without an explanation after it." if bare else ""


@kind("format:list", 'Answer with a list of items; mark each item with "{sep}" instead of a bullet.', contains=lambda sep: [sep])
def list_with(text: str, sep: Phrase) -> str:
    """A separator stands at the start of a line or between spaces, twice or more."""
    found = re.findall(rf"(?:^|(?<=\s)){re.escape(sep)}(?=\s|$)", text, re.MULTILINE)
    return unless("at least", 2, len(found), "time", f'"{sep}" ')


@kind("format:thesis", "Begin each section with its thesis in italics, in HTML: <i>thesis</i>.")
def thesis(text: str) -> str:
    """Each section under a heading, or some paragraph where there are no headings, begins with a passage in <i> or <em>."""
    if not HEADING.search(text):
        found = any(THESIS.match(text, start.end()) for start in re.finditer(r"^[ \t]*+(?=<)", text, re.MULTILINE))
        return "" if found else "No paragraph begins with a thesis in <i> or <em>."
    bodies = [body for body in HEADING.split(text)[1:] if body.strip()]
    wrong = sum(not THESIS.match(body) for body in bodies)
    return f"It has {counted(wrong, 'section')} without a thesis in <i> or <em> at the beginning." if wrong or not bodies else ""


@kind(
    "format:sub-bullets",
    "Use bullet points with *, each with at least one sub-bullet with - under it.",
    claims=lambda: {"spaces": SPACES},
)
def sub_bullets(text: str) -> str:
    """Every line with * is followed by a line with - before the next one with *."""
    marks = "".join(found[1] for found in (re.match(r"\s*([*-])(?!\1)", line) for line in lines(text)) if found)
    if "*" not in marks:
        return "It has no bullet points with *."
    return "" if re.fullmatch(r"-*(\*-+)+", marks) else "A bullet point has no sub-bullet with - under it."


@kind(
    "format:no_bullets_bullets",
    "Write at least two sentences that end in a full stop, and after them at least two bullet points with *.",
    claims=lambda: {"sentences": Range(2), "spaces": SPACES},
)
def no_bullets_bullets(text: str) -> str:
    """Two sentences or more, then two bullets or more."""
    found = [bool(re.match(r"\s*\*(?!\*)", line)) for line in lines(text)]
    before = "\n".join(lines(text)[: found.index(True) if True in found else len(found)])
    statements = sum(mark_of(sentence) == "." for sentence in sentences(before))
    if statements < 2:
        return f"It has {counted(statements, 'sentence')} with a full stop before its bullet points; at least 2 were asked."
    return unless("at least", 2, sum(found), "bullet point")


@kind("format:output_template", "Answer in this form, with a text after each part: {labels}.", contains=lambda labels: labels)
def output_template(text: str, labels: Phrases) -> str:
    """The labels are there in order, each with a text after it."""
    starts: list[int] = []
    ends: list[int] = []
    missing: list[str] = []
    for label in labels:
        found = re.compile(re.escape(label), re.IGNORECASE).search(text, ends[-1] if ends else 0)
        missing += [] if found else [label]
        starts += [found.start()] if found else []
        ends += [found.end()] if found else []
    if missing:
        return f"These parts are missing or out of order: {listed(missing)}."
    empty = [
        label for label, end, start in zip(labels, ends, [*starts[1:], len(text)], strict=True) if not words(text[end:start])
    ]
    return f"These parts have no text: {listed(empty)}." if empty else ""


@kind("format:no_whitespace", "Use no spaces and no line breaks.", claims=lambda: {"spaces": one_of("none")}, every_part=True)
def no_whitespace(text: str) -> str:
    """No white space inside the text."""
    found = len(re.findall(r"\s", text.strip()))
    return f"It has white space in {counted(found, 'place')}." if found else ""
