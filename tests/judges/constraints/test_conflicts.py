"""Contradictions: the pairs that the paper keeps apart, numbers that exclude each other, phrases that cannot be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import compatible, conflicts, constraint
from tests.judges.constraints.build import RELATIONS, holds

NUMBER = "length_constraints:number_words"
CAPITAL, SMALL = ("change_case:english_capital", {}), ("change_case:english_lowercase", {})
REPEAT = ("combination:repeat_prompt", {"prompt_to_repeat": "Add one, then two."})
APART = [
    (CAPITAL, SMALL),
    (CAPITAL, ("language:response_language", {"language": "hi"})),
    (SMALL, ("language:response_language", {"language": "de"})),
    (SMALL, ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"})),
    (SMALL, ("format:title_case", {})),
    (SMALL, ("detectable_format:multiple_sections", {"section_spliter": "Section", "num_sections": 2})),
    (("language:response_language", {"language": "de"}), ("language:response_language", {"language": "fr"})),
    ((NUMBER, {"num_words": 50, "relation": "exactly"}), (NUMBER, {"num_words": 51, "relation": "exactly"})),
    ((NUMBER, {"num_words": 50, "relation": "less than"}), ("count:word_count_range", {"min_words": 50, "max_words": 60})),
    ((NUMBER, {"num_words": 3, "relation": "at most"}), REPEAT),
    ((NUMBER, {"num_words": 9, "relation": "less than"}), ("count:pronouns", {"N": 10})),
    ((NUMBER, {"num_words": 3, "relation": "at most"}), ("words:keywords_specific_position", {"keyword": "sea", "n": 2, "m": 3})),
    (("punctuation:no_comma", {}), REPEAT),
    (("punctuation:no_comma", {}), ("count:punctuation", {})),
    (("punctuation:no_comma", {}), ("startend:end_checker", {"end_phrase": "Well, bye."})),
    (("keywords:existence", {"keywords": ["Sea"]}), ("keywords:forbidden_words", {"forbidden_words": ["sea"]})),
    (("keywords:existence", {"keywords": ["deep sea"]}), ("keywords:forbidden_words", {"forbidden_words": ["sea"]})),
    (
        ("keywords:frequency", {"keyword": "sea", "frequency": 2, "relation": "at least"}),
        ("keywords:frequency", {"keyword": "SEA", "frequency": 2, "relation": "less than"}),
    ),
    (("keywords:letter_frequency", {"letter": "e", "let_frequency": 1, "let_relation": "less than"}), REPEAT),
    (("startend:quotation", {}), REPEAT),
    (("startend:quotation", {}), ("detectable_format:json_format", {})),
    (("startend:end_checker", {"end_phrase": "Bye."}), ("startend:end_checker", {"end_phrase": "Hello."})),
    (("format:no_whitespace", {}), ("detectable_format:number_bullet_lists", {"num_bullets": 2})),
    (("format:no_whitespace", {}), ("startend:end_checker", {"end_phrase": "The end."})),
    (("words:consonants", {}), ("keywords:existence", {"keywords": ["sea"]})),
    (("words:prime_lengths", {}), ("keywords:existence", {"keywords": ["four"]})),
    (("words:no_consecutive", {}), ("keywords:existence", {"keywords": ["deep dive"]})),
    (("words:repeats", {"small_n": 2}), ("keywords:existence", {"keywords": ["so so so"]})),
    (("custom:multiples", {"first": 1, "last": 9, "factor": 3}), ("count:numbers", {"N": 4})),
]
TOGETHER = [
    (CAPITAL, ("language:response_language", {"language": "en"})),
    (CAPITAL, ("keywords:existence", {"keywords": ["sea"]})),
    (SMALL, ("startend:end_checker", {"end_phrase": "Bye."})),
    (CAPITAL, ("detectable_format:multiple_sections", {"section_spliter": "SECTION", "num_sections": 2})),
    (("punctuation:no_comma", {}), ("keywords:existence", {"keywords": ["sea"]})),
    (("custom:multiples", {"first": 1, "last": 9, "factor": 3}), ("count:numbers", {"N": 3})),
    (("startend:quotation", {}), ("startend:end_checker", {"end_phrase": "Bye."})),
    (("startend:end_checker", {"end_phrase": "Bye."}), ("startend:end_checker", {"end_phrase": "Good bye."})),
    (("keywords:existence", {"keywords": ["season"]}), ("keywords:forbidden_words", {"forbidden_words": ["sea"]})),
    ((NUMBER, {"num_words": 4, "relation": "at most"}), ("words:keywords_specific_position", {"keyword": "sea", "n": 2, "m": 3})),
    ((NUMBER, {"num_words": 50, "relation": "at least"}), (NUMBER, {"num_words": 50, "relation": "at most"})),
]


def made(one):
    return constraint(one[0], **one[1])


@pytest.mark.parametrize(("one", "other"), APART)
def test_contradictions_are_found_both_ways_round(one, other):
    assert conflicts(made(one), made(other))
    assert conflicts(made(other), made(one))
    assert not compatible([made(one), made(("count:numbers", {"N": 1})), made(other)])


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_what_one_text_can_do_is_no_contradiction(one, other):
    assert not conflicts(made(one), made(other))
    assert compatible([made(one), made(other)])


@given(st.integers(1, 9), st.sampled_from(RELATIONS), st.integers(1, 9), st.sampled_from(RELATIONS))
def test_numbers_conflict_when_no_number_satisfies_both(one, relation, other, another):
    possible = any(holds(number, relation, one) and holds(number, another, other) for number in range(20))
    pair = constraint(NUMBER, num_words=one, relation=relation), constraint(NUMBER, num_words=other, relation=another)
    assert conflicts(*pair) == (not possible)


def test_nothing_and_one_constraint_are_compatible():
    assert compatible([])
    assert compatible([made(CAPITAL)])
