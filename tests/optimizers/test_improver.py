"""STOP (114) and MoH (200): improvers that are improved; what the papers say must hold."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.optimizers.candidate import BASELINE, Candidate, Tuning
from selftaught.optimizers.improver import gained
from selftaught.optimizers.strategies.moh import MoH, by_rank
from selftaught.optimizers.strategies.stop import STOP
from selftaught.testing import OptimizerContract
from selftaught.testing.samples import Speak
from tests.optimizers.by_hand import POOL, STOPPED, lead, numbered, problem, standing


class TestSTOP(OptimizerContract):
    method = "stop"

    def make(self):
        return STOP()


class TestMoH(OptimizerContract):
    method = "moh"

    def make(self):
        return MoH()


SEED = "Improve it somehow."
WORTH = {Speak.instructions: 0.3, "Poor.": 0.2, "Fair.": 0.5, "Good.": 0.7, "Great.": 0.9}
MAKES = {SEED: "Fair.", "Improve it well.": "Great.", "Improve it badly.": "Poor.", "Improve it like before.": "Fair."}
"""What an improver makes of an instruction."""


def made_by(*variants, makes=MAKES):
    """A model that makes these improvers of improvers, one after the other, and of an instruction what the improver is good for."""
    left = list(variants)

    def script(messages, **settings):
        said = str(messages[0]["content"])
        if "how to rewrite instructions" in said:
            return {"instruction": left.pop(0)} if left else "%% nothing"
        found = next((made for improver, made in makes.items() if said.startswith(improver)), None)
        return "%% nothing" if found is None else {"instruction": found}

    return script


def stop(**knobs):
    return STOP(**{"improver": SEED, "recursions": 1, "variants": 1, "samples": 1, **knobs}).strategy(problem())


def moh(**knobs):
    chosen = {"operators": [SEED], "iterations": 1, "variants": 1, "sources": 1, "samples": 1, **knobs}
    return MoH(**chosen).strategy(problem())


def rewriting(lm, *, improvers):
    """Return the requests that rewrite improvers, or those that rewrite instructions."""
    return [m for m in lm.requests if ("how to rewrite instructions" in str(m[0]["content"])) == improvers]


def test_without_recursions_the_seed_improver_is_returned_and_used_once():
    strategy = stop(recursions=0, samples=3, repetitions=2)
    asked, _, lm = lead(strategy, made_by("Improve it well."), WORTH.get)
    assert strategy.improver.text == SEED
    assert asked == [[Speak.instructions], ["Fair."]]
    assert len(lm.requests) == 6


def test_without_iterations_every_seed_operator_is_used_once_on_each_source():
    strategy = moh(iterations=0, operators=[SEED, "Improve it well."], sources=3)
    asked, _, lm = lead(strategy, made_by("Improve it badly."), WORTH.get)
    assert asked == [[Speak.instructions], ["Fair.", "Great."]]
    used = Counter(str(m[0]["content"])[:16] for m in lm.requests)
    assert used == {SEED[:16]: 3, "Improve it well.": 3}
    assert strategy.improver.text == "Improve it well."


@pytest.mark.parametrize("make", [stop, moh])
def test_the_better_improver_takes_over_and_rewrites_itself(make):
    strategy = make(**({"recursions": 2} if make is stop else {"iterations": 2}))
    _, seen, lm = lead(strategy, made_by("Improve it well.", "Improve it badly."), WORTH.get, lambda: strategy.improver.text)
    assert seen[1:] == [SEED, "Improve it well.", "Improve it well."]
    rewriters = [str(m[0]["content"]) for m in rewriting(lm, improvers=True)]
    assert [one.startswith(text) for one, text in zip(rewriters, [SEED, "Improve it well."], strict=True)] == [True, True]


@pytest.mark.parametrize("make", [stop, moh])
@pytest.mark.parametrize("variant", ["Improve it badly.", "Improve it like before."])
def test_the_improver_in_force_stays_unless_another_is_better(make, variant):
    strategy = make()
    lead(strategy, made_by(variant), WORTH.get)
    assert strategy.improver.text == SEED


def test_without_keeping_the_incumbent_it_can_get_worse():
    strategy = stop(keep_incumbent=False)
    lead(strategy, made_by("Improve it badly."), WORTH.get)
    assert strategy.improver.text == "Improve it badly."


@pytest.mark.parametrize("keep_incumbent", [True, False])
def test_the_improver_in_force_has_the_highest_utility_of_those_measured(keep_incumbent):
    strategy = stop(variants=3, keep_incumbent=keep_incumbent)
    lead(strategy, made_by("Improve it badly.", "Improve it well.", "Improve it like before."), WORTH.get)
    assert strategy.improver.text == "Improve it well."
    assert strategy.improver.utility == pytest.approx(0.6)


@pytest.mark.parametrize("make", [stop, moh])
def test_a_broken_improver_has_no_utility_and_the_run_goes_on(make):
    strategy = make(variants=2)
    asked, _, _ = lead(strategy, made_by("Break everything.", "Improve it well."), WORTH.get)
    assert "Great." in asked[-1]
    assert strategy.improver.text == "Improve it well."
    assert "Break everything." not in [one.text for one in strategy.improvers]


def test_an_improver_that_a_guard_stops_never_takes_over():
    strategy = stop(keep_incumbent=False)
    lead(strategy, made_by("Improve it well."), lambda said: STOPPED if said == "Great." else WORTH[said])
    assert strategy.improver.text == SEED


def test_an_improver_never_makes_more_than_it_may():
    strategy = STOP(improver=SEED, recursions=3, variants=2, samples=3, repetitions=2).strategy(problem())
    _, _, lm = lead(strategy, lambda messages, **settings: {"instruction": numbered(**settings)}, lambda said: 0.3)
    used = Counter(str(m[0]["content"]).partition(" The text tells")[0] for m in rewriting(lm, improvers=False))
    assert len(used) > 1
    assert set(used.values()) == {6}


def test_the_utility_is_the_mean_of_the_best_of_each_repetition():
    said = iter(["Fair.", "Poor.", "Good.", "Great."])
    strategy = stop(recursions=0, samples=2, repetitions=2)
    lead(strategy, lambda messages, **settings: {"instruction": next(said)}, WORTH.get)
    assert strategy.improver.utility == pytest.approx(((0.5 - 0.3) + (0.9 - 0.3)) / 2)


def test_an_improver_sees_what_it_made_and_gained():
    _, _, lm = lead(stop(), made_by("Improve it well."), WORTH.get)
    (messages,) = rewriting(lm, improvers=True)
    assert "+20 points: Fair." in str(messages[-1]["content"])
    assert f"text: {SEED}" in str(messages[-1]["content"])


def test_the_one_in_force_is_measured_beside_the_new_ones_on_the_same_instructions():
    def script(messages, **settings):
        improver = "how to rewrite instructions" in str(messages[0]["content"])
        return {"instruction": f"{'Improve' if improver else 'Use'} {numbered(**settings)}"}

    strategy = moh(iterations=3, variants=2, sources=2)
    _, seen, _ = lead(
        strategy, script, lambda said: random.Random(said).random(),
        lambda: (strategy.improver.text, [(one.text, [source.candidate.key for source, _ in made]) for one, made in strategy.contest]),
    )  # fmt: skip
    assert len(seen) == 5
    for (inforce, _), (_, contest) in pairwise(seen[1:]):
        assert contest[0][0] == inforce
        assert len(contest) == 3
        assert len({tuple(sources) for _, sources in contest}) == 1


@settings(max_examples=25, deadline=None)
@given(hyp.integers(0, 30), hyp.integers(1, 4))
def test_populations_are_sorted_small_and_hold_nothing_that_failed(seed, size):
    def worth(said):
        found = random.Random(f"{seed} {said}").choice([None, 0.1, 0.5, 0.8])
        return 0.3 if said == Speak.instructions else found

    strategy = moh(iterations=3, variants=2, sources=2, population=size)
    script = lambda messages, **settings: {"instruction": numbered(**settings)}  # noqa: E731
    _, seen, _ = lead(
        strategy, script, worth, lambda: ([one.value for one in strategy.parents], [one.value for one in strategy.improvers])
    )
    for instructions, operators in seen:
        assert max(len(instructions), len(operators)) <= size
        assert instructions == sorted(instructions, reverse=True)
        assert operators == sorted(operators, reverse=True)
        assert -1.0 not in instructions
    best = [instructions[0] for instructions, _ in seen]
    assert best == sorted(best)


def test_a_meta_operator_rewrites_operators_where_one_is_given():
    strategy = moh(meta_operator="Think of another way.")
    _, _, lm = lead(strategy, made_by("Improve it well."), WORTH.get)
    assert [str(m[0]["content"]).startswith("Think of another way.") for m in rewriting(lm, improvers=True)] == [True]
    assert strategy.improver.text == "Improve it well."


def test_instructions_that_were_made_are_improved_further():
    strategy = moh(iterations=3, operators=[SEED, "Improve it well."])
    _, _, lm = lead(strategy, made_by("Improve it badly.", "Improve it like before."), WORTH.get)
    sources = {str(m[-1]["content"]).rpartition("text: ")[2] for m in rewriting(lm, improvers=False)}
    assert sources - {Speak.instructions}


@given(hyp.integers(2, 8), hyp.integers(0, 99))
def test_the_better_rank_is_drawn_more_often(size, seed):
    drawn = Counter(by_rank(range(size), 4000, random.Random(seed)))
    assert drawn[0] > drawn[size - 1]
    assert drawn[0] / 4000 == pytest.approx((2 / size) / sum(1 / (rank + size / 2) for rank in range(size)), abs=0.05)


@pytest.mark.parametrize("make", [stop, moh])
@pytest.mark.parametrize("said", ["", "Always the same.", Speak.instructions, SEED])
def test_a_stuck_proposer_ends_the_search(make, said):
    strategy = make(**({"recursions": 9} if make is stop else {"iterations": 9}))
    asked, _, _ = lead(strategy, lambda messages, **settings: {"instruction": said}, lambda text: 0.3)
    assert len(asked) <= 3
    assert strategy.improver.text == SEED


def test_rows_that_were_not_met_count_as_no_gain():
    before = standing(BASELINE, "", lambda said: dict.fromkeys(range(POOL), 0.5))
    other = Candidate({"self": Tuning("x")})

    def gain(scores):
        return gained(before, standing(other, "x", lambda said: scores), POOL)

    assert gain(dict.fromkeys(range(POOL), 1.0)) == pytest.approx(0.5)
    assert gain(dict.fromkeys(range(2), 1.0)) == pytest.approx(0.1)
    assert gain(dict.fromkeys(range(2), 0.0)) == pytest.approx(-0.5)
    assert gain({0: 1.0, 1: None}) == pytest.approx(0.05)
    assert gain({0: None}) is None


def test_the_search_is_fitted_to_the_budget():
    small, rich = STOP().strategy(problem(affordable=20)), STOP().strategy(problem(affordable=10_000))
    assert (small.samples, small.variants) == (3, 1)
    assert (rich.samples, rich.variants) == (STOP().samples, STOP().variants)
    tight = MoH().strategy(problem(affordable=20))
    assert (tight.count, tight.variants) == (1, 1)


@pytest.mark.parametrize("knobs", [{"recursions": -1}, {"variants": 0}, {"samples": 0}, {"repetitions": 0}, {"temperature": 0}])
def test_bad_knobs_of_stop_are_refused(knobs):
    with pytest.raises(SettingError, match="at least 1, recursions at least 0"):
        STOP(**knobs)


@pytest.mark.parametrize("knobs", [{"iterations": -1}, {"variants": 0}, {"sources": 0}, {"population": 0}, {"temperature": 0}])
def test_bad_knobs_of_moh_are_refused(knobs):
    with pytest.raises(SettingError, match="at least 1, iterations at least 0"):
        MoH(**knobs)


@pytest.mark.parametrize("operators", ["Make it shorter.", [""], [3]])
def test_operators_that_are_no_texts_are_refused(operators):
    with pytest.raises(SettingError, match="expected texts"):
        MoH(operators=operators)
