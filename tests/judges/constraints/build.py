"""Random pieces from which texts are built that satisfy or break a constraint by construction."""

from hypothesis import strategies as st

WORD = st.text("bcdfghklmnprstuvwxz", min_size=3, max_size=7)
"""A word without vowels (y is one too) and not of one letter: no abbreviation, no palindrome of the examples, no keyword."""

WORDS = st.lists(WORD, min_size=1, max_size=8)
SIZES = st.integers(1, 12)
RELATIONS = ("less than", "at most", "exactly", "at least", "more than")


def holds(found: int, relation: str, asked: int) -> bool:
    """Return whether a count stands in a relation, said a second time for the tests."""
    return {
        "less than": found < asked,
        "at most": found <= asked,
        "exactly": found == asked,
        "at least": found >= asked,
        "more than": found > asked,
    }[relation]
