"""Embeddings: deterministic, without state, of length 1; near texts are near; broken encoders are refused by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.embedding import FEATURES, embed, similarities, text_of
from selftaught.errors import SettingError
from selftaught.testing.samples import Survey


@given(hyp.lists(hyp.text(max_size=30), min_size=1, max_size=5))
def test_a_text_has_one_embedding_whatever_stands_beside_it(texts):
    together = embed(texts)
    assert together.shape == (len(texts), FEATURES)
    assert all(np.array_equal(row, embed([text])[0]) for row, text in zip(together, texts, strict=True))
    lengths = np.linalg.norm(together, axis=1)
    assert all(abs(length - 1) < 1e-9 or length == 0 for length in lengths)


def test_texts_with_the_same_stems_and_words_are_nearer_than_others():
    one, *others = embed(["the price of apples", "what an apple costs", "he plays the trumpet loudly"])
    near, far = similarities(one, np.array(others))
    assert near > far
    assert similarities(one, np.array([one]))[0] == pytest.approx(1.0)


def test_another_process_gives_the_same_numbers(fresh_process):
    code = "from selftaught.embedding import embed; print(embed(['ein Baum'])[0].tolist())"
    assert fresh_process(code).strip() == str(embed(["ein Baum"])[0].tolist())


def test_an_encoder_of_ones_own_is_any_function_from_texts_to_rows():
    found = embed(["aa", "b"], lambda texts: [[len(text), 0.0] for text in texts])
    assert found.tolist() == [[1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    "wrong", [lambda texts: [1.0, 2.0], lambda texts: [[1.0]], lambda texts: "no", lambda texts: [[float("nan")], [1.0]]]
)
def test_an_encoder_that_gives_something_else_is_refused(wrong):
    with pytest.raises(SettingError, match="encoder"):
        embed(["a", "b"], wrong)


def test_programs_import_without_scikit_learn(fresh_process):
    code = "import sys, selftaught.programs, selftaught.programs.demonstrate, selftaught.programs.route; print('sklearn' in sys.modules)"
    assert fresh_process(code).strip() == "False"


def test_several_inputs_are_one_text():
    assert text_of(Survey, {"text": "Ulm", "tags": ["a"], "mood": "good"}) == 'text: Ulm\ntags: ["a"]'
