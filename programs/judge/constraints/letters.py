"""What each word is made of: its first letter, its vowels, its length (IFBench's words group).

Words stand between spaces, without the punctuation around them; marks inside them (`don't`) do not count as letters.

Departures from the published checkers: (1) numbers have no consonants and are let pass where letters are asked. (2) Accents do
not count: é is an e. (3) A paragraph of three vowels may have line breaks, but no blank line.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from selftaught.programs.judge.constraints.arguments import Count, listed, unless
from selftaught.programs.judge.constraints.claims import Range
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import paragraphs, tokens

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
VOWELS = frozenset("aeiou")
CONSONANTS = frozenset(ALPHABET) - VOWELS


def plain(word: str) -> str:
    """Return the letters and digits of a word, small and without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", word.lower()) if sign.isalnum())


def _plain_words(text: str) -> list[str]:
    return [word for word in map(plain, tokens(text)) if word]


@kind("words:alphabet", "Let each word start with the next letter of the alphabet; after Z comes A again.")
def alphabet(text: str) -> str:
    """Each word starts with the letter after the first letter of the word before; the first word may start with any."""
    said = _plain_words(text)
    if not said or said[0][0] not in ALPHABET:
        return "The first word does not start with a letter from A to Z."
    first = ALPHABET.index(said[0][0])
    for place, word in enumerate(said):
        expected = ALPHABET[(first + place) % 26]
        if word[0] != expected:
            return f'Word {place + 1}, "{word}", does not start with "{expected}".'
    return ""


@kind(
    "words:vowel",
    "Write one paragraph that has only three of the vowels a, e, i, o, u.",
    claims=lambda: {"paragraphs": Range(1, 1), "different vowels": Range(0, 3)},
)
def vowel(text: str) -> str:
    """One paragraph with at most three different vowels."""
    if wrong := unless("exactly", 1, len(paragraphs(text)), "paragraph"):
        return wrong
    used = sorted(VOWELS & set("".join(_plain_words(text))))
    return f"It has the vowels {', '.join(used)}; three were asked." if len(used) > 3 else ""


@kind("words:consonants", "Let each word have two or more consonants in a row.", every_part=True)
def consonants(text: str) -> str:
    """Each word has two consonants in a row; y is one."""
    said = [word for word in _plain_words(text) if not word.isdigit()]
    wrong = [word for word in said if not any(one in CONSONANTS and two in CONSONANTS for one, two in pairwise(word))]
    return f"These words have no two consonants in a row: {listed(wrong)}." if wrong else ""


@kind(
    "words:palindrome",
    "Use at least {palindromes:palindrome} of one word, each of at least {letters:letter}.",
    claims=lambda palindromes, letters: {"words": Range(palindromes)},
)
def palindrome(text: str, palindromes: Count = 10, letters: Count = 5) -> str:
    """A number of words that read the same backwards; a repeated one counts again."""
    found = [word for word in _plain_words(text) if len(word) >= letters and word == word[::-1]]
    return unless("at least", palindromes, len(found), "palindrome")


@kind("words:prime_lengths", "Use only words whose number of letters is a prime number.", every_part=True)
def prime_lengths(text: str) -> str:
    """Each word has 2, 3, 5, 7, 11 ... letters."""
    wrong = [word for word in _plain_words(text) if not _is_prime(len(word))]
    return f"The length of these words is no prime number: {listed(wrong)}." if wrong else ""


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % factor for factor in range(2, int(number**0.5) + 1))


@kind("words:no_consecutive", "Let no two words in a row start with the same letter.", every_part=True)
def no_consecutive(text: str) -> str:
    """Neighbouring words start differently."""
    wrong = [f"{one} {two}" for one, two in pairwise(_plain_words(text)) if one[0] == two[0]]
    return f"These neighbours start with the same letter: {listed(wrong)}." if wrong else ""
