"""Compression: the contracts; the ratio holds whatever the model writes, and pruning keeps what moves the embedding."""

import dspy
import numpy as np
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs import Predict
from selftaught.programs.retrieve.compress import Compress
from selftaught.programs.retrieve.prune import prune
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import Survey

TASK = dspy.Signature("passages: list[str], question -> answer")
LONG = "The old brass trumpet does not cost more than 300 dollars in the small shop of Ulm which is very nice"
OTHER = "A red apple lies on the table and nobody has eaten it so far because it is made of painted wood and wax"


class TestTcraSummary(ProgramContract):
    method = "tcra-llm"

    def make(self, task):
        return Compress(task, mode="summary")

    def inputs(self, task):
        return {"word": "a tree and a house"} if task is not Survey else super().inputs(task)


class TestTcraSemantic(ProgramContract):
    method = "tcra-llm-semantic"

    def make(self, task):
        return Compress(task, mode="semantic")

    def inputs(self, task):
        return {"word": "a tree and a house"} if task is not Survey else super().inputs(task)


def subsequence(short, long):
    rest = iter(long.split())
    return all(word in rest for word in short.split())


def summarising(summary):
    def script(messages, **settings):
        if answer_fields(messages) != ["shorter"]:
            return {"answer": "x"}
        said = summary(messages[-1]["content"]) if callable(summary) else summary
        return "garbage" if said is None else {"shorter": said}

    return FakeLM(script)


def run(lm, given, **settings):
    with dspy.context(lm=lm):
        return Compress(TASK, **settings)(passages=given, question="What does the trumpet cost?")


@pytest.mark.parametrize("ratio", [0.1, 0.33, 0.5, 0.9])
@pytest.mark.parametrize("unit", ["words", "sentences"])
def test_semantic_compression_keeps_a_subsequence_within_the_ratio_and_calls_nobody(ratio, unit):
    lm = FakeLM(lambda messages, **settings: {"answer": "x"})
    texts = [LONG, f"{LONG}. {OTHER}. And so on."]
    found = run(lm, texts, ratio=ratio, mode="semantic", unit=unit)
    assert lm.calls == 1
    for short, long in zip(found.context, texts, strict=True):
        assert 1 <= len(short.split()) <= ratio * len(long.split())
        assert subsequence(short, long)
    assert found.words_after <= ratio * found.words_before


@pytest.mark.parametrize("said", [OTHER * 3, "Short.", "", LONG])
def test_a_summary_is_within_the_ratio_whatever_the_model_writes(said):
    found = run(summarising(said), [LONG, OTHER], ratio=0.5)
    limits = (len(LONG.split()) // 2, len(OTHER.split()) // 2)
    assert all(1 <= len(short.split()) <= limit for short, limit in zip(found.context, limits, strict=True))


@pytest.mark.parametrize("mode", ["summary", "semantic"])
def test_ratio_1_is_the_plain_program(mode):
    lm, plain = summarising("x"), summarising("x")
    run(lm, [LONG, OTHER], ratio=1.0, mode=mode)
    with dspy.context(lm=plain):
        Predict(TASK)(passages=[LONG, OTHER], question="What does the trumpet cost?")
    assert lm.requests == plain.requests


def test_a_passage_that_stands_there_twice_is_summarised_once():
    lm = summarising("Short.")
    assert run(lm, [LONG, LONG, "tiny"]).context == ["Short.", "Short.", "tiny"]
    assert lm.calls == 2


def test_the_summariser_sees_the_question_and_one_passage():
    lm = summarising("Short.")
    run(lm, [LONG, OTHER])
    asked = [messages[-1]["content"] for messages in lm.requests[:2]]
    assert all("What does the trumpet cost?" in text and "limit: 1" in text for text in asked)
    assert [LONG in text for text in asked] == [True, False]


def test_a_failed_summary_is_cut_instead_and_all_failed_is_an_error():
    found = run(summarising(lambda text: None if "apple" in text else "Short."), [LONG, OTHER])
    assert found.context[0] == "Short."
    assert subsequence(found.context[1], OTHER)
    with pytest.raises(CallError):
        run(summarising(None), [LONG, OTHER])


def test_the_nearest_passages_are_taken_in_their_order():
    texts = [OTHER, "The trumpet costs 3.", "Rain falls.", "What it costs: a trumpet."]
    found = run(summarising("s"), texts, most=2, ratio=1.0)
    assert found.context == [texts[1], texts[3]]


def test_a_text_is_one_passage_and_stays_a_text():
    lm = FakeLM(lambda messages, **settings: {"answer": "x"})
    with dspy.context(lm=lm):
        found = Compress("text, question -> answer", mode="semantic")(text=LONG, question="?")
    assert lm.requests[0][-1]["content"] == f"text: {found.context[0]}\nquestion: ?"


def weighing(weights):
    """An encoder in which each word has its own direction and weight."""
    names = sorted(weights)

    def encode(texts):
        return [[weights[name] * text.split().count(name) for name in names] + [1.0] for text in texts]

    return encode


def test_the_words_that_move_the_embedding_least_go():
    encode = weighing({"a": 0.1, "b": 0.9, "c": 0.5, "d": 0.2})
    assert prune("a b c d", 2, encode) == "b c"
    assert prune("a b c d", 3, encode) == "b c d"


def test_numbers_and_negations_go_last():
    encode = weighing({"big": 0.9, "word": 0.8, "7": 0.0, "not": 0.0, "isn't": 0.0})
    assert prune("big word not 7", 2, encode) == "not 7"
    assert prune("big isn't word", 1, encode) == "isn't"
    assert prune("big word not", 1, encode, keep=()) == "big"


def test_sentences_are_left_out_whole_and_words_where_none_would_fit():
    text = "A red apple. A brass trumpet of Ulm. Rain."
    assert prune(text, 4, unit="sentences") in ("A red apple. Rain.", "A red apple.")
    assert len(prune("one two three four five six.", 2, unit="sentences").split()) == 2


def test_pruning_is_deterministic_and_a_short_text_is_unchanged():
    assert prune(LONG, 7) == prune(LONG, 7)
    assert prune("  two  words ", 2) == "  two  words "
    assert len(prune("word " * 500, 20).split()) == 20


@pytest.mark.parametrize("settings", [{"ratio": 0.0}, {"ratio": 1.1}, {"mode": "zip"}, {"unit": "letters"}, {"most": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        Compress(TASK, **settings)


def test_an_encoder_that_gives_no_rows_is_refused():
    with pytest.raises(SettingError, match="encoder"):
        prune(LONG, 3, lambda texts: np.zeros(3))
