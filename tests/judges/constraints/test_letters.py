"""First letters, vowels and lengths of words that were chosen for them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from selftaught.programs.judge.constraints.letters import ALPHABET, plain
from tests.judges.constraints.build import SIZES, WORD

LETTER = st.sampled_from(ALPHABET)


@given(LETTER, st.lists(WORD, min_size=1, max_size=40), st.data())
def test_the_alphabet_goes_round(first, rests, data):
    start = ALPHABET.index(first)
    said = [ALPHABET[(start + place) % 26] + rest for place, rest in enumerate(rests)]
    one = constraint("words:alphabet")
    assert one.check(", ".join(said).upper())
    if len(said) > 1:
        place = data.draw(st.integers(0, len(said) - 2))
        assert not one.check(" ".join([*said[:place], said[place], *said[place:]]))


@given(st.lists(st.text("aeioué", min_size=1), min_size=1))
def test_three_vowels_are_the_most(said):
    used = set(plain("".join(said)))
    assert constraint("words:vowel").check(" ".join(f"b{word}" for word in said)) == (len(used) <= 3)


@given(
    st.lists(st.sampled_from(["sand", "try", "spa", "10"]), min_size=1), st.lists(st.sampled_from(["sea", "a", "banana", "to"]))
)
def test_every_word_has_two_consonants_in_a_row(with_pair, without):
    assert constraint("words:consonants").check(" ".join(with_pair + without)) == (not without)


@given(st.lists(st.text("abc", min_size=2, max_size=4)), SIZES)
def test_palindromes_are_counted(halves, asked):
    said = [half + half[::-1] if len(half) > 2 else half + "x" + half[::-1] for half in halves]
    one = constraint("words:palindrome", palindromes=asked)
    assert one.check(" ".join([*said, "noon", "seaside"])) == (len(said) >= asked)


@given(st.lists(st.integers(1, 30), min_size=1))
def test_prime_lengths_are_prime(lengths):
    primes = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29}
    assert constraint("words:prime_lengths").check(" ".join("x" * length for length in lengths)) == (set(lengths) <= primes)


@given(st.lists(LETTER, min_size=1))
def test_neighbours_start_differently(firsts):
    text = ", ".join(letter.upper() + "x" if place % 2 else letter + "y" for place, letter in enumerate(firsts))
    same = any(one == two for one, two in pairwise(firsts))
    assert constraint("words:no_consecutive").check(text) == (not same)
