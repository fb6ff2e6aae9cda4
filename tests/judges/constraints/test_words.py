"""Keywords, letters, names and function words of texts that were built with a known number of them."""

from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import constraint
from selftaught.programs.judge.constraints.vocabulary import CONJUNCTIONS, PRONOUNS
from tests.judges.constraints.build import RELATIONS, SIZES, WORDS, holds
from tests.judges.constraints.examples import FIVE, NAMES


def spread(said, keyword, times):
    """Return a text of words with a keyword among them, a number of times."""
    return " ".join(said) + f" {keyword}," * times


@given(WORDS, st.integers(0, 6), st.integers(1, 6), st.sampled_from(RELATIONS))
def test_a_keyword_is_counted(said, times, asked, relation):
    one = constraint("keywords:frequency", keyword="Sea", frequency=asked, relation=relation)
    assert one.check(spread(said, "sea", times)) == holds(times, relation, asked)


@given(WORDS, st.integers(0, 3), st.sampled_from(["sea", "seas", "SEA", "oversea"]))
def test_asking_for_a_word_and_forbidding_it_are_opposites(said, times, word):
    text = spread(said, word, times)
    asked, forbidden = (
        constraint("keywords:existence", keywords=["sea"]),
        constraint("keywords:forbidden_words", forbidden_words=["sea"]),
    )
    assert asked.check(text) != forbidden.check(text)


@given(WORDS, st.lists(st.sampled_from(["sea", "sky", "sun"]), unique=True))
def test_every_keyword_is_needed_and_the_missing_are_named(said, there):
    one = constraint("keywords:existence", keywords=["sea", "sky", "sun"])
    why = one.explain(" ".join([*said, *there]))
    assert (why == "") == (len(there) == 3)
    assert all((f'"{word}"' in why) == (word not in there) for word in ("sea", "sky", "sun"))


def test_a_long_list_of_what_is_wrong_is_cut():
    said = constraint("keywords:forbidden_words", forbidden_words=list("abcde")).explain
    assert said("a b c") == 'It uses "a", "b", "c".'
    assert said("a b c d e") == 'It uses "a", "b", "c" and 2 more.'


@given(st.text("xyz E", min_size=1), st.integers(1, 6), st.sampled_from(RELATIONS))
def test_a_letter_is_counted_in_any_case(text, asked, relation):
    one = constraint("keywords:letter_frequency", letter="e", let_frequency=asked, let_relation=relation)
    assert one.check(text) == (bool(text.strip()) and holds(text.count("E"), relation, asked))


@given(
    st.permutations([word for word, times in zip(FIVE.values(), (1, 2, 3, 5, 7), strict=True) for _ in range(times)]),
    st.integers(0, 17),
)
def test_five_keywords_have_their_five_numbers_in_any_order(said, dropped):
    one = constraint("count:keywords_multiple", **FIVE)
    assert one.check(" ".join(said))
    assert not one.check(" ".join(said[:dropped] + said[dropped + 1 :]))


@given(WORDS, st.lists(st.sampled_from(sorted(CONJUNCTIONS)), max_size=9), st.integers(1, 7))
def test_conjunctions_are_counted_once_each(said, joined, asked):
    text = ", ".join([*said, *joined, *map(str.upper, joined)])
    assert constraint("count:conjunctions", small_n=asked).check(text) == (len(set(joined)) >= asked)


@given(WORDS, st.lists(st.sampled_from(NAMES)), st.integers(1, len(NAMES)))
def test_names_are_counted_once_each_and_only_with_their_capital(said, named, asked):
    text = " ".join([*said, *named, *map(str.lower, NAMES)])
    assert constraint("count:person_names", N=asked, names=NAMES).check(text) == (len(set(named)) >= asked)


@given(WORDS, st.lists(st.sampled_from(sorted(PRONOUNS))), SIZES)
def test_pronouns_are_counted_each_time(said, named, asked):
    assert constraint("count:pronouns", N=asked).check(" ".join([*said, *named])) == (len(named) >= asked)


@given(WORDS, st.lists(st.sampled_from(["the", "Of", "is", "and"]), max_size=8), st.integers(0, 100))
def test_function_words_have_at_most_their_share(said, small, percentage):
    share = 100 * len(small) / (len(said) + len(small))
    assert constraint("ratio:stop_words", percentage=percentage).check(" ".join([*said, *small])) == (share <= percentage)


@given(WORDS, SIZES, SIZES)
def test_no_word_comes_more_often_than_allowed(said, times, allowed):
    text = " ".join(dict.fromkeys(said)) + " sea, SEA." * times
    assert constraint("words:repeats", small_n=allowed).check(text) == (2 * times <= allowed)
