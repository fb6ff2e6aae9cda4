"""How a text is cut into words, sentences and paragraphs. Every constraint counts with these, so that all count alike."""

from __future__ import annotations

import re

_LETTER = r"\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0df3\u0e31-\u0e4e"
"""What words are made of: Python's `\\w`, and the marks that scripts of Asia write above and below a letter."""

EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u231a-\u23ff\u3030\u303d\u3297\u3299\u200d\ufe0f\u20e3"
"""The inside of a character class: emoji and the signs that join or colour them."""

_WORD = re.compile(f"[{_LETTER}]+")
_TOKEN_BREAK = re.compile(r"[\s\u2014\u2013]+|--+")
_SIGN = re.compile(rf"(?!_)[{_LETTER}]")
_MARK = r".!?\u2026\u203d"
_WIDE_MARK = r"\u3002\uff01\uff1f\u0964\u061f\u06d4"
_CLOSING = r"\"'\u201d\u2019\u00bb)\]}*_`"
_END = re.compile(
    rf"(?<![{_MARK}])(?P<mark>[{_MARK}]++)(?P<close>[{_CLOSING}]*+(?:\s*+[{EMOJI}])*+)(?=\s|$)"
    rf"|(?P<wide>[{_WIDE_MARK}]++)[{_CLOSING}]*+"
)
_AFTER_MARK = re.compile(rf"[{EMOJI}{_CLOSING}\s]")
_ANY_MARK = re.compile(f"[{_MARK}{_WIDE_MARK}]")
_SOLID = re.compile(r"\S")


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_NEVER_LAST = _set("mr mrs ms dr prof st rev gen sen rep gov capt lt col hon vs e.g i.e cf viz al p.s p.p.s")
_MAYBE_LAST = _set("etc inc ltd co corp jr sr u.s u.k u.n a.m p.m ph.d b.a m.a approx est dept")
_BEFORE_A_NUMBER = _set("no nos fig figs vol p pp ch sec eq ca")
_SPACED = r"0-9A-Za-z\u00c0-\u055f\u0561-\u0588\u05b0-\u05ea\u0620-\u0669\u066e-\u06d3\u06d5-\u06ff\u0900-\u0963\u0966-\u0df3"
"""Letters and digits of scripts that write spaces between words."""


def words(text: str) -> list[str]:
    """Return the runs of letters and digits, as IFEval counts words: `don't` is two of them."""
    return _WORD.findall(text)


def tokens(text: str) -> list[str]:
    """Return what stands between spaces and dashes, without the punctuation around it: `don't` is one."""
    pieces = ((piece, [sign.start() for sign in _SIGN.finditer(piece)]) for piece in _TOKEN_BREAK.split(text))
    return [piece[places[0] : places[-1] + 1] for piece, places in pieces if places]


def lines(text: str) -> list[str]:
    """Return the lines that are not blank, with their indentation."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def paragraphs(text: str) -> list[str]:
    """Return what blank lines separate."""
    return [piece.strip() for piece in re.split(r"\n\s*\n", text) if piece.strip()]


def occurrences(phrase: str, text: str) -> int:
    """Return how often a word or phrase is in a text, as whole words, in any case, with any spaces between its words.

    Where a script writes no spaces between words (Chinese, Thai), a part of a longer run counts too.
    """
    before = rf"(?<![{_SPACED}])" if re.match(f"[{_SPACED}]", phrase[0]) else ""
    after = rf"(?![{_SPACED}])" if re.match(f"[{_SPACED}]", phrase[-1]) else ""
    inside = r"\s+".join(re.escape(part) for part in phrase.split())
    return len(re.findall(before + inside + after, text, re.IGNORECASE))


def sentences(text: str) -> list[str]:
    """Return the sentences, each with its closing marks; a line break ends none, because a title belongs to what follows.

    An end is one of `.!?…` (or a full stop of another script) before a space, but not after an abbreviation, an initial or
    the number of a list item, and not inside a quotation that goes on in small letters. Emoji after an end belong to it.
    """
    found, start = [], 0
    for end in _END.finditer(text):
        if _ends(text, start, end):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return [piece for piece in [*found, text[start:].strip()] if _WORD.search(piece)]


def _ends(text: str, start: int, end: re.Match[str]) -> bool:
    if end["wide"]:
        return True
    solid = _SOLID.search(text, end.end())
    following = solid[0] if solid else ""
    goes_on = following.islower()
    if goes_on and (end["mark"] in ("...", "\u2026") or re.search("[\"'\u201d\u2019]", end["close"])):
        return False
    if end["mark"] != ".":
        return True
    before = text[start : end.start()]
    line = before.rsplit("\n", 1)[-1]
    if re.fullmatch(r"[\s>*#-]*\d{1,3}", line):
        return False
    last = re.split(r"[\s(\[\"'\u201c\u2018]", before)[-1]
    if re.fullmatch("[A-HJ-Z]", last) and following:
        return False
    last = last.lower()
    if last in _NEVER_LAST:
        return not following
    if last in _BEFORE_A_NUMBER:
        return not following.isdigit()
    return last not in _MAYBE_LAST or not goes_on


def mark_of(sentence: str) -> str:
    """Return how a sentence ends: `?` (also `?!`), `!`, `.`, or an empty string where it has no mark."""
    end = _back(sentence, len(sentence), _AFTER_MARK)
    marks = set(sentence[_back(sentence, end, _ANY_MARK) : end])
    if not marks:
        return ""
    if marks & set("?\u203d\uff1f\u061f"):
        return "?"
    return "!" if marks & set("!\uff01") else "."


def _back(text: str, end: int, signs: re.Pattern[str]) -> int:
    """Return where the run of signs that ends at a place begins."""
    while end and signs.match(text, end - 1):
        end -= 1
    return end


def counted(count: int | float, noun: str) -> str:
    """Return a number with its noun: `1 word`, `3 words`."""
    plural = noun if count == 1 else noun + "s"
    return f"{count:g} {plural}"
