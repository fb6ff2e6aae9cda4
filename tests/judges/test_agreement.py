"""Guarded agreement: honest programs score, cheats do not."""

import random

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.evaluation import evaluate
from selftaught.metrics import Row
from selftaught.programs import Predict
from selftaught.programs.judge import Agreement
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, words

GIVEN, FREE = words(6), [example.inputs() for example in words(16)[6:]]


def score(answer, data=None, **settings):
    """Agreement of a program whose answer is `answer(word, own)`, where `own` is False for a resample."""

    def script(messages, **given):
        return {"shouted": answer(str(messages[-1]["content"]), not given.get("rollout_id"), str(given.get("rollout_id")))}

    metric = Agreement(Shout, samples=4, **settings)
    with dspy.context(lm=FakeLM(script)):
        found = evaluate(Predict(Shout), data or [*GIVEN, *FREE], metric, progress=False)
    return found, metric


def test_a_program_that_knows_its_task_scores_one():
    assert score(lambda word, own, draw: word.upper())[0].score == 1.0


def test_a_constant_gets_nothing_although_it_agrees_with_itself():
    found, metric = score(lambda word, own, draw: "yes", FREE)
    assert (metric.parts(found.rows)["raw"], found.score) == (1.0, 0.0)


def test_a_copy_gets_nothing_although_it_agrees_with_itself():
    found, metric = score(lambda word, own, draw: word, FREE)
    assert (metric.parts(found.rows)["raw"], found.score) == (1.0, 0.0)


def test_copies_are_allowed_where_the_labelled_answers_are_copies():
    copies = [dspy.Example(word=f"word{i}", shouted=f"word{i}").with_inputs("word") for i in range(6)]
    assert score(lambda word, own, draw: word, [*copies, *FREE])[0].score == 1.0


def test_consistent_nonsense_fails_on_the_given_examples():
    assert score(lambda word, own, draw: word[::-1] + "!")[0].score == 0.0


@pytest.mark.parametrize("guards", [("copy", "given"), ("information", "given"), ("information", "copy")])
def test_each_guard_is_needed(guards):
    cheats = {
        ("copy", "given"): (lambda word, own, draw: "yes", FREE),
        ("information", "given"): (lambda word, own, draw: word, FREE),
        ("information", "copy"): (lambda word, own, draw: word[::-1] + "!", None),
    }
    answer, data = cheats[guards]
    found, metric = score(answer, data, guards=guards)
    assert found.score == 1.0
    assert "without" in metric.name


def test_a_coin_is_between():
    def coin(word, own, draw):
        return word.upper() if random.Random(word + draw).random() < 0.7 else random.Random(word + draw).choice("abcdefgh")

    found, _ = score(coin, FREE)
    assert 0.2 < found.score < 0.9


def test_two_classes_answered_surely_score_one_and_by_majority_nothing():
    def classes(word, own, draw):
        return "odd" if int(word.removeprefix("word")) % 2 else "even"

    assert score(classes, FREE)[0].score == pytest.approx(1.0)
    assert score(lambda word, own, draw: "odd", FREE)[0].score == 0.0


def test_a_labelled_example_costs_one_call_and_a_free_one_its_samples():
    found, _ = score(lambda word, own, draw: word.upper())
    assert found.usage.calls == len(GIVEN) + 4 * len(FREE)


def test_scores_do_not_depend_on_the_order_of_rows():
    def by_length(word, own, draw):
        return word.upper()[: 5 if own else 6]

    assert score(by_length)[0].score == score(by_length, [*FREE[::-1], *GIVEN[::-1]])[0].score


def row(own, again, word):
    detail = {"own": own, "text": own, "again": again, "agreement": sum(one == own for one in again) / len(again)}
    return Row(0, {"word": word}, score=detail["agreement"], detail=detail)


shares = hyp.lists(hyp.integers(0, 8), min_size=1, max_size=6)
bands = hyp.tuples(hyp.floats(0, 1), hyp.floats(0, 1)).map(sorted).filter(lambda band: band[1] - band[0] > 0.01).map(tuple)


def rows_of(agreeing):
    return [row(f"a{i}", [f"a{i}"] * share + ["other"] * (8 - share), f"w{i}") for i, share in enumerate(agreeing)]


@given(agreeing=shares, band=bands)
def test_a_band_maps_its_ends_to_none_and_full_and_what_is_between_by_a_straight_line(agreeing, band):
    rows = rows_of(agreeing)
    Agreement(Shout, band=band).finish(rows)
    for one, share in zip(rows, agreeing, strict=True):
        assert one.score == pytest.approx(min(1.0, max(0.0, (share / 8 - band[0]) / (band[1] - band[0]))))


@given(agreeing=shares, band=bands)
def test_looking_at_the_rows_again_changes_nothing(agreeing, band):
    metric, rows = Agreement(Shout, band=band), rows_of(agreeing)
    metric.finish(rows)
    once = [one.score for one in rows]
    metric.finish(rows)
    assert [one.score for one in rows] == once


def test_above_the_band_nothing_is_gained_by_unanimity():
    def mostly(word, own, draw):
        return word.upper() if own or "1" not in draw else "other"

    def always(word, own, draw):
        return word.upper()

    assert score(mostly, FREE)[0].score < score(always, FREE)[0].score
    assert score(mostly, FREE, band=(0.0, 0.6))[0].score == score(always, FREE, band=(0.0, 0.6))[0].score == 1.0


def test_a_band_does_not_help_those_that_the_guards_catch():
    for cheat in (lambda word, own, draw: "yes", lambda word, own, draw: word):
        assert score(cheat, FREE, band=(0.0, 0.2))[0].score == 0.0


@pytest.mark.parametrize("band", [(0.5, 0.5), (0.8, 0.2), (-0.1, 0.5), (0.5, 1.1)])
def test_a_band_without_room_is_refused(band):
    with pytest.raises(SettingError, match="band"):
        Agreement(Shout, band=band)


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="at least 2"):
        Agreement(Shout, samples=1)
    with pytest.raises(SettingError, match="copies"):
        Agreement(Shout, guards=["copies"])
