"""The tree of errors at the top of its file is the tree that there is, and each says whether the caller can mend it."""

import copy
import inspect
import pickle
import re

from hypothesis import given
from hypothesis import strategies as hyp

from selftaught import errors
from selftaught.errors import AnswerError, CallError, SelftaughtError, TruncatedAnswer, nearest

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, SelftaughtError)}


def drawn():
    """Read the tree from the docstring: name -> the name it hangs on."""
    parents, path = {}, {}
    for line in errors.__doc__.splitlines():
        found = re.match(r"^([│├└─\s]*)([A-Z]\w+)(\s{2,}|$)", line)
        if found:
            depth = len(found[1]) // 4
            path[depth] = found[2]
            parents[found[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_the_drawn_tree_is_the_tree():
    assert drawn() == {name: kind.__base__.__name__ for name, kind in CLASSES.items()}


def test_every_error_has_a_sentence_of_its_own():
    sentences = [kind.__doc__ for kind in CLASSES.values()]
    assert all(sentences)
    assert len(set(sentences)) == len(sentences)


@given(hyp.text(), hyp.one_of(hyp.none(), hyp.text()))
def test_a_failed_call_keeps_what_the_model_said(message, raw):
    for kind in (CallError, AnswerError, TruncatedAnswer):
        error = kind(message, raw=raw)
        assert (str(error), error.raw) == (message, raw)
        for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own, for other processes
            assert (type(again), str(again), again.raw) == (kind, message, raw)


@given(hyp.text(max_size=8), hyp.lists(hyp.text(max_size=8), max_size=5))
def test_the_nearest_name_is_one_of_the_known_or_none(name, known):
    hint = nearest(name, known)
    assert hint == "" or any(hint == f" (did you mean {one!r}?)" for one in known)


def test_a_typo_is_recognized_and_nonsense_is_not():
    assert nearest("quesiton", ["answer", "question"]) == " (did you mean 'question'?)"
    assert nearest("xyz", ["answer", "question"]) == ""
    assert nearest("xyz", []) == ""
