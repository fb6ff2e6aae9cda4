"""The novelty filter: the decisions of rouge-score, exactly; incremental, batch, saved; and what it refuses."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught.errors import DataError, SettingError
from selftaught.novelty import NoveltyFilter
from selftaught.novelty.rouge import f_measure, fewest, least_common
from selftaught.novelty.words import rouge_words, unicode_words

WORDS = [f"w{i}" for i in range(12)]


def lcs(one, other):
    """The longest common subsequence, by the textbook's table."""
    row = [0] * (len(other) + 1)
    for a in one:
        above = 0
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], above + 1 if a == b else max(row[j], row[j - 1])
    return row[-1]


def by_definition(texts, threshold, words=rouge_words):
    """Keep a text where its F with every kept one is at most the threshold: all pairs, nothing pruned."""
    kept, decisions = [], []
    for text in texts:
        own = words(text)
        new = all(f_measure(lcs(own, other), len(own), len(other)) <= threshold for other in kept)
        decisions.append(new)
        if new:
            kept.append(own)
    return decisions


def sentences(seed, count, vocabulary=WORDS, longest=14):
    draws = random.Random(seed)
    return [" ".join(draws.choices(vocabulary, k=draws.randint(0, longest))) for _ in range(count)]


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_decisions_are_those_of_the_definition(threshold):
    for seed in range(6):
        texts = sentences(seed, 120, WORDS[: 4 + 2 * seed])
        assert NoveltyFilter(threshold).filter(texts) == by_definition(texts, threshold)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), max_size=25), st.floats(0.1, 1.0))
def test_decisions_are_those_of_the_definition_for_any_threshold(rows, threshold):
    texts = [" ".join(row) for row in rows]
    assert NoveltyFilter(threshold).filter(texts) == by_definition(texts, threshold)


def test_decisions_are_those_of_the_rouge_score_package():
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="rouge-score is not installed").RougeScorer(["rougeL"])
    texts = sentences(3, 70, [*WORDS[:6], "Don't", "x-ray", "naïve", "2.5", "_under_"])
    kept, expected = [], []
    for text in texts:
        new = all(scorer.score(other, text)["rougeL"].fmeasure <= 0.7 for other in kept)
        expected.append(new)
        kept += [text] if new else []
    assert NoveltyFilter().filter(texts) == expected


def test_one_by_one_in_batches_and_after_loading_decide_alike(tmp_path):
    texts = sentences(1, 400)
    whole = NoveltyFilter().filter(texts)
    single = NoveltyFilter()
    assert [single.add(text) for text in texts] == whole
    half = NoveltyFilter()
    first = half.filter(texts[:150])
    half.save(tmp_path / "kept.jsonl")
    loaded = NoveltyFilter.load(tmp_path / "kept.jsonl")
    assert first + loaded.filter(texts[150:]) == whole
    assert loaded.texts == single.texts


def test_asking_keeps_nothing():
    made = NoveltyFilter()
    assert made.is_new("Name a colour of the rainbow.")
    assert len(made) == 0
    assert made.add("Name a colour of the rainbow.")
    assert not made.is_new("name a colour of the rainbow")


def test_the_nearest_come_with_their_exact_scores():
    made = NoveltyFilter(1.0)
    texts = sentences(5, 60)
    made.filter(texts)
    query = "w1 w2 w3 w4 w5 w6"
    own = rouge_words(query)
    scores = [f_measure(lcs(own, rouge_words(text)), len(own), len(rouge_words(text))) for text in made.texts]
    expected = sorted(((-score, index) for index, score in enumerate(scores)))[:5]
    assert [(-one.score, one.index) for one in made.nearest(query, 5)] == expected
    assert [one.text for one in made.nearest(query, 1)] == [made.texts[expected[0][1]]]
    assert made.nearest("!!!", 3) == []
    assert NoveltyFilter().nearest("a") == []


def test_a_text_without_words_is_always_new_as_in_the_reference():
    assert NoveltyFilter().filter(["!!!", "!!!", "", "写一首诗", "写一首诗"]) == [True] * 5


def test_unicode_mode_compares_every_script():
    texts = [
        "写一首关于秋天的诗",
        "写一首关于春天的诗",
        "Напиши стихи",
        "НАПИШИ стихи!",
        "écris un poème",
        "écris un poe\u0300me",
    ]
    assert NoveltyFilter(unicode=True).filter(texts) == [True, False, True, False, True, False]
    assert unicode_words("ﬁne 写x") == ["fine", "写", "x"]


def test_repeated_words_count_as_often_as_they_are_there():
    assert NoveltyFilter(0.5).filter(["a", "a a a a a a a", "a a a a a a a a"]) == [True, True, False]


def test_more_words_than_characters_are_still_told_apart():
    made = NoveltyFilter()
    made.add("one two three four")
    made._ids = {**made._ids, **{f"x{i}": i for i in range(4, 0x110001)}}
    assert made.add("alpha beta gamma delta")
    assert not made.add("alpha beta gamma delta epsilon")
    assert not made.add("one two three four")


def test_long_texts_meet_short_ones():
    long = " ".join(f"v{i}" for i in range(3000))
    made = NoveltyFilter()
    assert made.filter([long, "v1 v2 v3", long + " end", " ".join(reversed(long.split()))]) == [True, True, False, True]


@pytest.mark.parametrize("size", [1, 2, 5, 17, 40])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7, 1.0])
def test_the_bounds_are_the_least_that_exceed(size, threshold):
    for other in range(1, 3 * size + 5):
        least = least_common(size, other, threshold)
        expected = [one for one in range(1, min(size, other) + 1) if f_measure(one, size, other) > threshold]
        assert (least == expected[0]) if expected else (least > min(size, other))
        if expected:
            assert fewest(size, threshold) <= least


@pytest.mark.parametrize("threshold", [0, 0.05, 1.1, -1, "0.7", None, True, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(SettingError, match="threshold"):
        NoveltyFilter(threshold)


def test_what_is_no_text_is_refused_and_nothing_is_lost():
    made = NoveltyFilter()
    made.add("a b c")
    with pytest.raises(DataError, match="no text"):
        made.add(None)
    with pytest.raises(DataError):
        made.filter(["d e f", 3])
    assert made.texts == ["a b c"]


@pytest.mark.parametrize(
    "written",
    ["", "no json", "{}", json.dumps({"format": "selftaught novelty filter 1", "threshold": 0.7, "unicode": False, "texts": 2}) + '\n"one"\n',
     json.dumps({"format": "other"}), json.dumps({"format": "selftaught novelty filter 1", "threshold": 0.7, "unicode": False, "texts": 1}) + "\n3\n"],
)  # fmt: skip
def test_a_broken_file_is_refused(tmp_path, written):
    (tmp_path / "broken").write_text(written)
    with pytest.raises(DataError, match="no saved novelty filter"):
        NoveltyFilter.load(tmp_path / "broken")
    with pytest.raises(DataError):
        NoveltyFilter.load(tmp_path / "absent")


def test_surrogates_and_control_characters_are_texts_like_any(tmp_path):
    made = NoveltyFilter(unicode=True)
    assert made.filter(["a\x00b \ud800 c", "a\x00b \ud800 c"]) == [True, False]
    made.save(tmp_path / "kept")
    assert NoveltyFilter.load(tmp_path / "kept").texts == made.texts
