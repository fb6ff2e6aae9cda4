"""Answers that got longer, go round in circles, are empty, or live by their looks.

Length: the mean of the logarithm of the words. Labelled answers say what length is wanted; without any, only threefold
growth of answers that were no fragments counts.
Repetition: a loop, or text that compresses as prose does not.
Emptiness: nothing is left without markup and invisible characters, or it is a refusal.
Markup: headings (which count twice), bullets, bold, rules, tables, emoji, lines in capitals, for each hundred words.
Long words: the share of words of ten letters or more.
Characters: invisible ones, and letters of other scripts or fonts inside Latin words.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from selftaught.metrics import Row
from selftaught.optimizers.guards.base import Context, Finding, Rise, mean, paired, percent
from selftaught.optimizers.guards.texts import compression, loops, words

FRAGMENT = 12.0
"""Words up to which an answer may be a fragment, whose growth says nothing."""
PROSE_COMPRESSES_TO = 0.38
"""Compressed size over size: English prose of a hundred words lies at about 0.55, of a thousand at about 0.45."""


class LengthGrowth(Rise):
    """Answers grew by half and beyond the labelled ones; or, without labels, threefold from more than fragments.

    Growth to no more than a fragment ("The answer is 7.") does not count.
    """

    name = "length growth"
    least = math.log2(1.5)
    without_labels = math.log2(3.0)

    def value(self, row: Row, context: Context) -> float:
        """Return the binary logarithm of the words."""
        return math.log2(len(words(context.text(row))) + 1)

    def says(self, before: float, after: float) -> str:
        """Say it in words of the answers."""
        return f"answers grew from about {2**before - 1:.0f} to {2**after - 1:.0f} words"

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Compare the lengths; growth that no labelled answer can be held against must be larger."""
        found = super().look(before, after, context)
        if found is None or 2 ** (found.after or 0.0) <= FRAGMENT:
            return None
        if context.labels():
            return found
        old = [self.value(a, context) for a, _ in paired(before, after)]
        grown = (found.after or 0.0) - (found.before or 0.0)
        return found if grown >= self.without_labels and 2 ** mean(old) > FRAGMENT else None


class Repetition(Rise):
    """Answers repeat themselves."""

    name = "repetition"

    def value(self, row: Row, context: Context) -> float:
        """Return 1 for an answer with a loop, or one that compresses as prose does not."""
        text = context.text(row)
        return float(loops(text) or (len(words(text)) >= 20 and compression(text) < PROSE_COMPRESSES_TO))

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of the answers repeat themselves, {percent(before)} before"


class Emptiness(Rise):
    """Answers are empty or refuse."""

    name = "empty answers"

    def value(self, row: Row, context: Context) -> float:
        """Return 1 for an empty answer or a refusal."""
        said = _letters(context.text(row))
        return float(not said or REFUSAL.match(said.lower()) is not None)

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of the answers are empty or refuse, {percent(before)} before"


class Markup(Rise):
    """Answers live by headings, bullets and bold type. Much of it stops a candidate, some is only reported."""

    name = "format tricks"
    least = 4.0
    much = 8.0

    def value(self, row: Row, context: Context) -> float:
        """Return the marks for each hundred words."""
        text = context.text(row)
        return 100.0 * min(1.0, _marks(text) / max(10, len(words(text))))

    def says(self, before: float, after: float) -> str:
        """Say it as marks for each hundred words."""
        return f"headings, bullets and the like went from {before:.0f} to {after:.0f} for each hundred words"

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Compare; what stays below `much` is a warning, unless the labelled answers say how they should look."""
        found = super().look(before, after, context)
        if found is None or context.labels() or (found.after or 0.0) - (found.before or 0.0) >= self.much:
            return found
        return found.excused("much for prose, though not beyond doubt")


class LongWords(Rise):
    """Answers are inflated with long words. Fragments, whose words say little about style, do not count."""

    name = "inflated words"
    least = 0.08

    def value(self, row: Row, context: Context) -> float:
        """Return the share of words of at least ten letters."""
        said = words(context.text(row))
        return sum(len(word) >= 10 for word in said) / len(said) if said else 0.0

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of the words have ten letters or more, {percent(before)} before"

    def look(self, before: Sequence[Row], after: Sequence[Row], context: Context) -> Finding | None:
        """Compare where both are more than fragments."""
        kept = [[row for row in side if row.answers and len(words(context.text(row))) > FRAGMENT] for side in (before, after)]
        return super().look(kept[0], kept[1], context)


class Characters(Rise):
    """Answers hold invisible characters, or letters of another script or font inside Latin words."""

    name = "unusual characters"
    excusable = False
    least = 0.1

    def value(self, row: Row, context: Context) -> float:
        """Return 1 for an answer with such characters that its input does not have."""
        strange = _strange(context.text(row))
        return float(bool(strange) and not strange <= _strange(context.given(row)))

    def says(self, before: float, after: float) -> str:
        """Say it as shares."""
        return f"{percent(after)} of the answers hold invisible or disguised characters, {percent(before)} before"


def _letters(text: str) -> str:
    kept = "".join(one for one in text if unicodedata.category(one)[0] in "LNSP" or one == " ")
    return " ".join(words(kept)) or ("" if not re.search(r"[^\s#*_\-=|>`~.:]", kept) else kept)


def _marks(text: str) -> int:
    return sum(len(pattern.findall(text)) for pattern in (*MARKS, MARKS[0])) + sum(
        unicodedata.category(one) == "So" for one in text
    )


def _strange(text: str) -> set[str]:
    found = {one for one in text if unicodedata.category(one) in ("Cf", "Co", "Cn") and one not in JOINERS}
    found |= {one for one in text if "MATHEMATICAL" in (name := unicodedata.name(one, "")) or "FULLWIDTH LATIN" in name}
    for word in MIXED.findall(text):
        scripts = {unicodedata.name(one, "").split(" ")[0] for one in word if one.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            found |= {one for one in word if unicodedata.name(one, "").split(" ")[0] != "LATIN"}
    if re.search(r"[̀-ͯ]{3,}", text):
        found.add("stacked marks")
    return found


JOINERS = "­‍"
MIXED = re.compile(r"[^\W\d_]{3,}")
MARKS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^\s{0,3}#{1,6}\s", r"^\s*(?:[-*+•–▪►✓✔]|\d{1,2}[.)])\s", r"\*\*[^*\n]+\*\*|__[^_\n]+__", r"^\s*(?:[-*_=]\s?){3,}$",
        r"^\s*\|.*\|\s*$", r"^\s*>\s", r"^[A-Z][A-Z \W]{6,}$", r"</?(?:b|h\d|ul|li|strong|em|p|div)\b",
    )
)  # fmt: skip
REFUSAL = re.compile(
    r"(?:(?:i(?: a|')?m|we(?:'re| are)) (?:very |so )?(?:sorry|afraid|unable)|sorry\b|unfortunately,? (?:i|we)\b|i apologi[sz]e|as an? (?:ai|(?:large )?language model)"
    r"|(?:i|we) (?:cannot|can't|can not|won't|will not|must decline|decline|prefer not)\b|n/?a$|none$|(?:it|that) depends$"
    r"|no (?:answer|comment|response)\b|(?:this|that) is (?:a )?(?:hard|difficult|complex|interesting|great|good) question\W*$|not (?:able|sure|available)\b)"
)
