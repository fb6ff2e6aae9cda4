"""Asking for a constraint: what is refused, and what the message says."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.constraints import Constraint, constraint, kinds

WORDS = "length_constraints:number_words"
IFEVAL_GROUPS = (
    "keywords:",
    "language:",
    "length_constraints:",
    "detectable_",
    "combination:",
    "change_case:",
    "startend:",
    "punctuation:",
)


def test_the_25_kinds_of_ifeval_and_most_of_ifbench_are_there():
    ifeval = [kind for kind in kinds() if kind.startswith(IFEVAL_GROUPS)]
    assert len(ifeval) == 25
    assert len(kinds()) - len(ifeval) >= 50
    assert list(kinds()) == sorted(kinds())


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("length_constraints:number_word", {}, WORDS),
        (None, {}, "kinds()"),
        (WORDS, {"num_words": 3}, "needs the argument 'relation'"),
        (WORDS, {"num_wrods": 3, "relation": "at least"}, "no argument 'num_wrods' .did you mean 'num_words'"),
        (WORDS, {"num_words": "three", "relation": "at least"}, "num_words='three'"),
        (WORDS, {"num_words": True, "relation": "at least"}, "num_words=True"),
        (WORDS, {"num_words": 2.5, "relation": "at least"}, "num_words=2.5"),
        (WORDS, {"num_words": 0, "relation": "at least"}, "num_words=0"),
        (WORDS, {"num_words": 3, "relation": "around"}, "relation='around'"),
        ("keywords:existence", {"keywords": []}, "keywords="),
        ("keywords:existence", {"keywords": ["sea", " "]}, "not blank"),
        ("keywords:existence", {"keywords": "sea"}, "keywords='sea'"),
        ("keywords:letter_frequency", {"letter": "ee", "let_frequency": 1, "let_relation": "at least"}, "letter='ee'"),
        ("ratio:stop_words", {"percentage": 101}, "percentage=101"),
        ("count:conjunctions", {"small_n": 8}, "small_n=8"),
        ("count:word_count_range", {"min_words": 9, "max_words": 3}, "no text can have words from 9 to 3"),
        ("count:person_names", {"N": 3, "names": ["Ana", "Ben"]}, "no text can have names"),
        ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "so"}, "paragraph"),
        ("repeat:repeat_span", {"prompt_to_repeat": "a b", "n_start": 3, "n_end": 4}, "index"),
        ("change_case:capital_word_frequency", {"capital_frequency": 0, "capital_relation": "less than"}, "capital words"),
        ("punctuation:no_comma", {"anything": 1}, "no argument 'anything'.* It takes: no arguments"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_what_to_do(kind, arguments, said):
    with pytest.raises(SettingError, match=said):
        constraint(kind, **arguments)


def test_a_constraint_made_by_hand_is_checked_too():
    with pytest.raises(SettingError, match="num_words"):
        Constraint(WORDS, (("num_words", -1), ("relation", "at least")))


def test_numbers_may_be_written_as_the_data_sets_write_them():
    assert constraint(WORDS, num_words=4.0, relation="at least") == constraint(WORDS, relation="at least", num_words=4)


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        (WORDS, {"num_words": 1, "relation": "at least"}, "Use at least 1 word."),
        ("keywords:existence", {"keywords": ["sea", "sky"]}, 'Use each of these words: "sea", "sky".'),
        ("language:response_language", {"language": "HI"}, "Write the whole answer in Hindi, and in no other language."),
        (
            "ratio:stop_words",
            {"percentage": 23.0},
            "At most 23% of the words may be function words such as the, of, and, is, it.",
        ),
        ("format:parentheses", {}, "Nest brackets (and [these {and these}]) at least 5 levels deep."),
    ],
)
def test_the_description_is_a_plain_instruction(kind, arguments, said):
    assert constraint(kind, **arguments).describe() == said
