"""Embeddings of texts, and how near they are to one another.

The default needs no download and no state: hashed character n-grams and words. It knows spelling and topic words, not
meaning. For meaning give an encoder of your own, such as `SentenceTransformer(...).encode`: any function from texts to an
array with one row for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np

from selftaught.errors import SettingError
from selftaught.signatures import Task, input_names, render

FEATURES = 1024
WORDS = FEATURES // 4
"""Features for whole words; the rest is for runs of letters."""
WEIGHT_OF_WORDS = 0.5
"""Against the letters. Measured on four labelled sets of sentences: more, and little words such as `the` decide what is near."""


class Encoder(Protocol):
    """What turns texts into vectors: one row each, all of one width."""

    def __call__(self, texts: list[str], /) -> Any:
        """Return an array of shape (texts, features)."""


def embed(texts: Sequence[str], encoder: Encoder | None = None) -> np.ndarray:
    """Return one row for each text, of length 1 (of length 0 where a text says nothing).

    Args:
        texts: at least one.
        encoder: hashed n-grams by default.

    Raises:
        SettingError: the encoder does not return one row of numbers for each text.
    """
    try:
        found = np.asarray((encoder or hashed)(list(texts)), dtype=float)
    except (TypeError, ValueError) as error:
        raise SettingError(f"The encoder {encoder!r} gave no array of numbers: {error}.") from error
    if found.ndim != 2 or len(found) != len(texts) or not np.isfinite(found).all():
        raise SettingError(f"The encoder {encoder!r} gave an array of shape {found.shape} for {len(texts)} texts: expected one row of numbers for each.")  # fmt: skip
    return _of_length_one(found)


def hashed(texts: Sequence[str]) -> np.ndarray:
    """Return hashed runs of three and four letters, and hashed words. The same text always gives the same row."""
    whole = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # half a surrogate pair cannot be hashed
    letters, words = (np.asarray(vectorizer.transform(whole).toarray()) for vectorizer in _vectorizers())
    return np.hstack([_damped(letters), WEIGHT_OF_WORDS * _damped(words)])


def rarity(rows: np.ndarray) -> np.ndarray:
    """Return a weight for each hashed feature: what stands in few of these rows tells more (inverse document frequency)."""
    return np.log((1 + len(rows)) / (1 + (rows != 0).sum(axis=0))) + 1


def _damped(counts: np.ndarray) -> np.ndarray:
    """Let repetitions count less and less, and every text as much."""
    damped = np.sign(counts) * np.log1p(np.abs(counts))
    return _of_length_one(damped)


def _of_length_one(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


@cache
def _vectorizers() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import HashingVectorizer  # heavy, and needed by few

    letters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=FEATURES - WORDS, norm=None)
    return letters, HashingVectorizer(n_features=WORDS, token_pattern=r"(?u)\b\w+\b", norm=None)


def weighted(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return embeddings with weighted features, again of length 1."""
    return _of_length_one(rows * weights)


def similarities(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the cosine of one embedded text with each of the others."""
    return np.einsum("ij,j->i", others, one)  # in one thread: it runs beside others


def text_of(task: Task, inputs: Mapping[str, Any]) -> str:
    """Return the inputs of a task as the text that is embedded."""
    return render(input_names(task), inputs)
