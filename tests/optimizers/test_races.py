"""Races: who is dropped, and how often it is the wrong one."""

import numpy as np
import pytest

from selftaught.errors import SettingError
from selftaught.optimizers.races import Field, Halving, PairedRace, UpperBounds, WholePool
from selftaught.racing import pool_race


def run_race(race, scores, order=None, affordable=None, incumbents=()):
    """Run a race over known scores (key -> one score a row); return what each met and how many rows were paid."""
    rows = len(next(iter(scores.values())))
    met = {key: {} for key in scores}
    for key in incumbents:
        met[key] = dict(enumerate(scores[key]))
    runners = [key for key in scores if key not in incumbents]

    def value(key):
        known = [one for one in met[key].values() if one is not None]
        return sum(known) / len(known) if known else -1.0

    field = Field(runners, order or list(range(rows)), met.__getitem__, value, list(incumbents), affordable)
    paid = 0
    while found := race.next(field):
        for key, chosen in found:
            assert not set(chosen) & met[key].keys(), "a row is paid twice"
            met[key] |= {row: scores[key][row] for row in chosen}
            paid += len(chosen)
        field.blocks += 1
        if field.affordable is not None:
            field.affordable -= sum(len(chosen) for _, chosen in found)
    return {key: len(met[key]) for key in runners}, paid


def drawn(generator, chances, rows):
    return {f"c{i}": [float(one) for one in generator.random(rows) < chance] for i, chance in enumerate(chances)}


@pytest.mark.parametrize("level", [0.05, 0.2])
@pytest.mark.parametrize(
    "chances", [[0.6] * 8, [0.8, 0.75, *[0.3] * 6], [0.55, 0.5, 0.5, 0.45], np.linspace(0.2, 0.9, 12)], ids=["equal", "two lead", "close", "spread"]
)  # fmt: skip
def test_the_best_is_dropped_with_at_most_the_stated_probability(level, chances):
    """The guarantee, by simulation: 400 pools of 24 rows, all candidates in a random order of rows."""
    generator, lost = np.random.default_rng(7), 0
    runs = 400
    for _ in range(runs):
        scores = drawn(generator, chances, 24)
        met, _ = run_race(PairedRace(4, level), scores, list(generator.permutation(24)))
        totals = {key: sum(mine) for key, mine in scores.items()}
        best = next(key for key in totals if totals[key] == max(totals.values()))
        lost += met[best] < 24
    assert lost / runs <= level


def test_what_is_clearly_beaten_is_dropped_early():
    scores = {"good": [1.0] * 30, **{f"bad{i}": [0.0] * 30 for i in range(9)}}
    met, paid = run_race(PairedRace(5, 0.2), scores)
    assert met["good"] == 30
    assert all(met[f"bad{i}"] <= 10 for i in range(9))
    assert paid <= 30 + 90


def test_who_can_no_longer_catch_up_is_refuted_for_certain():
    p = pool_race({"a": [1.0] * 6, "b": [0.0] * 6}, rows=10)
    assert p["b"] == 0.0
    assert p["a"] == 1.0


def test_a_row_without_a_score_counts_as_no_difference():
    assert pool_race({"a": [1.0, None], "b": [0.0, None]}, 10)["b"] == pytest.approx(
        pool_race({"a": [1.0], "b": [0.0]}, 10)["b"], rel=0.3
    )


def test_an_incumbent_is_a_rival_and_costs_nothing():
    scores = {"leader": [1.0] * 20, "new": [0.0] * 20}
    met, paid = run_race(PairedRace(5, 0.2), scores, incumbents=["leader"])
    assert paid == met["new"] < 20


def test_the_budget_decides_who_meets_the_next_block():
    scores = {f"c{i}": [float(i == 3)] * 20 for i in range(6)}
    met, paid = run_race(PairedRace(5, 0.01), scores, affordable=40)
    assert paid <= 40
    assert met["c3"] == max(met.values())


@pytest.mark.parametrize("race", [PairedRace(5), Halving(5), UpperBounds(), WholePool()], ids=lambda race: type(race).__name__)
def test_every_race_ends_and_somebody_meets_the_whole_pool(race):
    scores = drawn(np.random.default_rng(1), [0.5, 0.6, 0.7, 0.4, 0.3], 20)
    met, _ = run_race(race, scores)
    assert max(met.values()) == 20


@pytest.mark.parametrize(
    "race", [Halving(5, finalists=2), UpperBounds(rounds=1, per_round=6, finalists=2)], ids=lambda race: type(race).__name__
)
def test_no_more_than_the_finalists_meet_the_whole_pool_even_when_they_disappoint(race):
    scores = {f"c{i}": [1.0] * 5 + [0.0] * 15 for i in range(6)}  # good on the first block, useless afterwards
    met, _ = run_race(race, scores)
    assert sum(rows == 20 for rows in met.values()) == 2
    assert sorted(met.values())[:4] == [5, 5, 5, 5] or type(race) is Halving


def test_a_candidate_that_only_fails_is_dropped():
    scores = {"fails": [None] * 20, "works": [0.0] * 20}
    met, _ = run_race(PairedRace(4, 0.01), scores)
    assert met["fails"] <= 8
    assert met["works"] == 20


def test_numbers_that_make_no_sense_are_refused():
    with pytest.raises(SettingError, match="block"):
        PairedRace(0)
    with pytest.raises(SettingError, match="level"):
        PairedRace(5, 1.0)
