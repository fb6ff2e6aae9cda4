"""Duplicates, contamination and diversity on planted cases."""

import numpy as np
import pytest

from selftaught.errors import DataError, SettingError
from selftaught.novelty import alike_by_meaning, alike_by_minhash, contamination, diversity, same_text
from selftaught.novelty.diversity import distinct, opening, self_bleu, vendi


def test_the_same_text_with_and_without_case_and_punctuation():
    texts = ["Add 2 and 3.", "add 2 and 3", "Add 2 and 3.", "?", "!", "?"]
    assert same_text(texts) == [None, 0, 0, None, None, 3]
    assert same_text(texts, normalised=False) == [None, None, 0, None, None, 3]


def test_minhash_finds_planted_near_duplicates():
    pytest.importorskip("datasketch", reason="datasketch is not installed")
    base = [" ".join(f"w{row}x{i}" for i in range(30)) for row in range(10)]
    near = [text + " end" for text in base]
    assert alike_by_minhash(base + near, 0.7) == [None] * 10 + list(range(10))
    with pytest.raises(SettingError):
        alike_by_minhash(base, 1.0)


def test_meaning_is_the_encoders_business():
    rows = {"cat": [1, 0], "kitten": [0.99, 0.14], "car": [0, 1]}
    found = alike_by_meaning(["cat", "car", "kitten", "cat"], 0.9, encoder=lambda texts: [rows[text] for text in texts])
    assert found == [None, None, 0, 0]
    assert alike_by_meaning([]) == []
    assert alike_by_meaning(["Write a poem about autumn.", "Write a poem about autumn!", "Sort these numbers."]) == [
        None,
        0,
        None,
    ]


def test_contamination_by_runs_of_words():
    evaluation = [
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
        "short row of five words",
        "too short",
    ]
    rows = [
        "zero ONE two, three four five six seven eight nine ten eleven twelve thirteen",
        "one two three four five six seven eight nine ten eleven twelve",
        "here stands a Short row of five words!",
        "too short",
        "nothing of that",
    ]
    found = contamination(rows, evaluation)
    assert [(one.row, one.evaluation) for one in found] == [(0, 0), (2, 1)]
    assert found[1].words == "short row of five words"
    assert contamination(rows, []) == []
    with pytest.raises(SettingError):
        contamination(rows, evaluation, run=3)


def test_diversity_of_equal_and_of_different_texts():
    same, different = ["Write a short poem."] * 20, [f"w{i} x{i} y{i} z{i} v{i}" for i in range(20)]
    low, high = diversity(same), diversity(different)
    assert low.vendi == pytest.approx(1.0)
    assert high.vendi > 15
    assert low.self_bleu == pytest.approx(1.0)
    assert high.self_bleu < 0.2
    assert low.distinct == (4 / 80, 3 / 60)
    assert high.distinct == (1.0, 1.0)
    assert low.openings == {"write poem": 20}
    assert (low.texts, low.sample, low.words) == (20, 20, 4.0)


def test_figures_by_hand():
    assert vendi(np.eye(4)) == pytest.approx(4.0)
    assert distinct([["a", "b", "a"]], 1) == 2 / 3
    assert self_bleu([["a"]]) == 0.0
    assert self_bleu([["a", "b"], ["c", "d"]]) < self_bleu([["a", "b"], ["a", "d"]]) < self_bleu([["a", "b"], ["a", "b"]])
    assert opening(["please", "write", "the", "poem"]) == "write poem"
    assert opening(["please"]) == ""


@pytest.mark.parametrize("call", [lambda: same_text("one"), lambda: same_text(["a", None]), lambda: diversity([])])
def test_what_is_no_list_of_texts_is_refused(call):
    with pytest.raises(DataError):
        call()


def test_half_a_surrogate_pair_does_not_break_the_figures():
    assert diversity(["a \ud800 b", "a b"]).texts == 2
