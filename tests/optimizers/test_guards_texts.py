"""The statistics of texts and the collapse monitor (081): what its card says must hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import DataError, SettingError
from selftaught.optimizers.guards import CollapseMonitor
from selftaught.optimizers.guards.texts import compression, distinct, health, loops, ngrams, unique, words

TEXTS = hyp.lists(hyp.text(alphabet="abc de.", max_size=60), min_size=1, max_size=12)
HONEST = [f"The {thing} stands near the {place} since {year}." for year, (thing, place) in enumerate(
    [("mill", "river"), ("church", "market"), ("school", "park"), ("tower", "gate"), ("bakery", "bridge"), ("museum", "port")], 1900
)]  # fmt: skip


@given(TEXTS)
def test_identical_rounds_are_ok(texts):
    assert [one.verdict for one in CollapseMonitor().watch([texts, texts, texts])] == ["ok", "ok", "ok"]


@given(hyp.sampled_from(HONEST))
def test_a_round_of_one_repeated_string_stops(text):
    assert CollapseMonitor().watch([HONEST, [text] * len(HONEST)])[1].verdict == "stop"


@given(TEXTS, hyp.randoms(use_true_random=False))
def test_the_order_of_the_texts_does_not_matter(texts, chance):
    assert health(texts) == health(chance.sample(texts, len(texts)))


@given(TEXTS)
def test_shares_lie_between_0_and_1(texts):
    found = health(texts)
    assert all(0.0 <= share <= 1.0 for share in (*found.distinct, found.repetition, found.unique))


def test_figures_worked_out_by_hand():
    assert words("It's 3 o'clock, isn’t it?") == ["it's", "3", "o'clock", "isn’t", "it"]
    assert ngrams("a b c", 2) == [("a", "b"), ("b", "c")]
    assert distinct(["a b a", "a c"], 1) == 3 / 5
    assert distinct(["a b a", "a c"], 2) == 1.0
    assert distinct(["a"], 4) == 1.0
    assert unique(["Yes", "yes ", "no", "no"]) == 0.5
    found = health(["one two three", "one"])
    assert (found.mean_length, found.repetition) == (2.0, 0.0)


def test_loops_are_runs_said_thrice_or_sentences_said_twice():
    assert loops("so it goes on " * 3)
    assert not loops("so it goes on so it goes on")
    assert loops("He went home at night. And then? He went home at night.")
    assert not loops("Yes. Yes. Yes. A different sentence stands here.")


def test_repetition_compresses_and_short_texts_do_not_count():
    assert compression("the same words again " * 20) < 0.2
    assert compression("yes yes yes") == 1.0


@pytest.mark.parametrize(("same", "verdict"), [(1, "ok"), (3, "ok"), (4, "warn"), (6, "stop")])
def test_a_small_fall_is_a_warning_and_a_greater_one_ends_the_loop(same, verdict):
    first = [f"a{i} b{i} c{i} d{i} e{i}" for i in range(30)]
    now = [first[0]] * same + first[same:]  # diversity falls by (same - 1) / 30
    assert CollapseMonitor(warn=0.09, stop=0.16).watch([first, now])[1].verdict == verdict


def test_nothing_to_watch_is_refused():
    with pytest.raises(DataError, match="rounds"):
        CollapseMonitor().watch([])
    with pytest.raises(DataError, match="texts"):
        CollapseMonitor().watch([["a"], []])
    with pytest.raises(SettingError, match="warn"):
        CollapseMonitor(warn=0.3, stop=0.2)
