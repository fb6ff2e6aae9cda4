"""Words of a text as ROUGE counts them, and in every script."""

from __future__ import annotations

import re
import unicodedata

_ASCII = re.compile(r"[a-z0-9]+")
_WORDS = re.compile(r"[^\W_]+", re.UNICODE)
_ALONE = re.compile(
    r"[\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\U00020000-\U0003134F]"
)
"""Scripts that write no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


def rouge_words(text: str) -> list[str]:
    """Return the words that the `rouge-score` package compares: runs of ASCII letters and digits, in small letters."""
    return _ASCII.findall(text.lower())


def unicode_words(text: str) -> list[str]:
    """Return the words of any script, composed and case-folded; each character is a word where a script has no spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _WORDS.findall(_ALONE.sub(lambda found: f" {found.group()} ", folded))
