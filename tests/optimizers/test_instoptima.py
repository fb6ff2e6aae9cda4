"""InstOptima (187): evolution towards several objectives; what the paper says must hold."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.optimizers.candidate import BASELINE
from selftaught.optimizers.objectives import measured, points, ranked
from selftaught.optimizers.races import PairedRace, WholePool
from selftaught.optimizers.strategies.instoptima import OPERATORS, InstOptima
from selftaught.optimizers.strategy import Standing
from selftaught.pareto import dominates
from selftaught.programs import Predict
from selftaught.testing import OptimizerContract, answer_fields
from selftaught.testing.samples import Speak
from tests.optimizers.by_hand import STOPPED, lead, numbered, problem
from tests.optimizers.stepwise import compiled, text


class TestInstOptima(OptimizerContract):
    method = "instoptima"

    def make(self):
        return InstOptima(population=4, generations=2)


class TestInstOptimaWithDemonstrations(OptimizerContract):
    method = "instoptima"

    def make(self):
        return InstOptima(population=3, generations=2, shots=4, objectives=("quality",))


def inventive(messages, **settings):
    """A model whose instructions differ in length, and which is the better the longer they are."""
    if answer_fields(messages) == ["instruction"]:
        return {"instruction": "Loud. " * random.Random(str(settings["rollout_id"])).randint(1, 30)}
    word, skill = messages[-1]["content"], len(messages[0]["content"]) / 400
    return {"shouted": word.upper() if random.Random(word).random() < skill else word}


@pytest.fixture(scope="module")
def evolved(tmp_path_factory):
    optimizer = InstOptima(population=4, generations=3)
    program, _ = compiled(optimizer, tmp_path_factory.mktemp("run"), inventive, Predict(Speak))
    return optimizer.preference, program.tuning


def test_no_member_of_the_front_is_dominated_by_anything_that_was_evaluated(evolved):
    preference, outcome = evolved
    everything = [preference.point(one) for one in outcome.standings]
    assert len(outcome.front) > 1
    assert not any(dominates(other, preference.point(one)) for one in outcome.front for other in everything)


def test_the_seed_is_in_the_population_so_the_best_of_the_front_is_no_worse(evolved):
    _, outcome = evolved
    seed = next(one for one in outcome.standings if one.candidate.origin == "baseline")
    assert outcome.front[0].value >= seed.value


def test_everybody_met_the_whole_pool(evolved):
    _, outcome = evolved
    assert len({one.rows for one in outcome.standings}) == 1


def test_the_operators_see_how_the_parents_stand():
    strategy = InstOptima(population=3, generations=1).strategy(problem())
    _, _, lm = lead(strategy, lambda messages, **settings: {"instruction": numbered(**settings)}, lambda said: 0.3)
    own = f"quality 30, length {len(Speak.instructions)}"
    assert all(own in text(messages) for messages in lm.requests[:2])
    assert all("quality 30, length " in text(messages) for messages in lm.requests)


def test_two_parents_are_shown_to_the_operator_that_combines_them():
    strategy = InstOptima(population=6, generations=4).strategy(problem())
    _, _, lm = lead(strategy, lambda messages, **settings: {"instruction": numbered(**settings)}, lambda said: 0.3)
    combining = [str(m[-1]["content"]) for m in lm.requests if OPERATORS["combine"] in str(m[0]["content"])]
    assert combining
    for said in combining:
        pair = [line.split(": ", 1)[1] for line in said.splitlines() if line.startswith(("current:", "other:"))]
        assert len(set(pair)) == 2


def test_what_cannot_be_read_keeps_the_parent_and_is_counted():
    def broken_after_the_first(messages, **settings):
        calls.append(1)
        return "%% no json" if len(calls) > 3 else {"instruction": numbered(**settings)}

    calls = []
    strategy = InstOptima(population=4, generations=2).strategy(problem())
    asked, members, _ = lead(
        strategy, broken_after_the_first, lambda said: 0.3, lambda: [one.candidate.key for one in strategy.parents]
    )
    assert len(asked) == 2  # the baseline, then the first population; the first generation made nothing
    assert len(members[-1]) == 4
    assert [one.candidate.key for one in strategy.parents] == members[-1]
    assert strategy.reasons() == ["4 of 7 children were unusable or unchanged, so their parents stayed"]


@pytest.mark.parametrize(("said", "rounds"), [("", 1), (Speak.instructions, 1), ("Always the same.", 2)])
def test_a_stuck_proposer_ends_the_search(said, rounds):
    strategy = InstOptima(generations=9).strategy(problem())
    asked, _, _ = lead(strategy, lambda messages, **settings: {"instruction": said}, lambda text: 0.3)
    assert len(asked) == rounds


def test_a_candidate_that_a_guard_stopped_is_no_member():
    strategy = InstOptima(population=4, generations=1).strategy(problem())
    lead(
        strategy,
        lambda messages, **settings: {"instruction": numbered(**settings)},
        lambda said: 0.3 if said == Speak.instructions else STOPPED,
    )
    assert [one.candidate for one in strategy.parents] == [BASELINE]


def test_with_one_objective_it_is_an_elitist_search():
    worth = {Speak.instructions: 0.3}

    def value(said):
        return worth.setdefault(said, random.Random(said).choice([0.1, 0.2, 0.4, 0.6, 0.8]))

    strategy = InstOptima(population=3, generations=5, objectives=("quality",)).strategy(problem())
    _, members, _ = lead(
        strategy,
        lambda messages, **settings: {"instruction": numbered(**settings)},
        value,
        lambda: [one.value for one in strategy.parents],
    )
    best = [values[0] for values in members]
    assert best == sorted(best)
    assert members[-1] == sorted((round(one, 6) for one in worth.values()), reverse=True)[:3]


def test_with_one_objective_the_weak_leave_the_race_early():
    assert isinstance(InstOptima(objectives=("quality",)).race(), PairedRace)
    assert isinstance(InstOptima().race(), WholePool)


def test_a_shorter_instruction_survives_beside_a_better_one():
    texts = iter(
        [
            "Shout.",
            "Write every letter of the word as a capital letter, and nothing else.",
            "Write it in some way or other, please.",
        ]
    )
    worth = {"Shout.": 0.5, "Write it in some way or other, please.": 0.4}
    strategy = InstOptima(population=2, generations=1).strategy(problem())
    lead(
        strategy,
        lambda messages, **settings: {"instruction": next(texts)},
        lambda said: worth.get(said, 0.9 * said.startswith("Write")),
    )
    kept = {strategy.instruction_of(one.candidate) for one in strategy.parents}
    assert kept == {"Shout.", "Write every letter of the word as a capital letter, and nothing else."}


def test_a_candidate_that_left_the_race_early_is_no_member():
    strategy = InstOptima(population=4, generations=0, objectives=("quality",)).strategy(problem())
    lucky = dict.fromkeys(range(3), 1.0)
    lead(
        strategy,
        lambda messages, **settings: {"instruction": numbered(**settings)},
        lambda said: 0.2 if said == Speak.instructions else lucky,
    )
    assert [strategy.instruction_of(one.candidate) for one in strategy.parents] == [Speak.instructions]


def test_demonstrations_are_crossed_and_never_more_than_asked_for():
    strategy = InstOptima(population=6, generations=4, shots=3).strategy(problem())
    lead(strategy, lambda messages, **settings: {"instruction": numbered(**settings)}, lambda said: 0.3)
    shown = [one.candidate.tunings["self"].demos for one in strategy.told.values() if one.candidate.tunings]
    assert any(shown)
    assert all(demos is None or len(demos) == 3 for demos in shown)
    assert any(one.candidate.origin == "demonstrations" for one in strategy.told.values())


POINTS = hyp.lists(hyp.tuples(hyp.integers(0, 8), hyp.integers(0, 8)), min_size=1, max_size=12)


@given(POINTS)
def test_members_are_ordered_by_front_and_the_units_of_an_objective_do_not_matter(found):
    order = ranked(found)
    assert sorted(order) == list(range(len(found)))
    assert not any(dominates(found[late], found[early]) for at, early in enumerate(order) for late in order[at + 1 :])
    assert order == ranked([(quality / 8, 1024 * length) for quality, length in found])


@given(hyp.lists(hyp.integers(0, 5), min_size=1, max_size=10))
def test_one_objective_is_plain_order(values):
    found = [(value,) for value in values]
    assert [values[index] for index in ranked(found)] == sorted(values, reverse=True)


def test_an_unknown_cost_counts_as_the_worst_known():
    def one(cost):
        return Standing(None, 0.5, (0, 1), 1, 0, {}, {"usd": cost})

    assert points([one(1.0), one(None), one(3.0)], ("quality", "usd")) == [(0.5, -1.0), (0.5, -3.0), (0.5, -3.0)]
    assert points([one(None)], ("quality", "usd")) == [(0.5, 0.0)]
    assert measured(one(None), ("quality", "usd")) == "quality 50"
    assert measured(one(2.5), ("quality", "usd")) == "quality 50, usd 2.5"


def test_the_population_is_fitted_to_the_budget():
    assert InstOptima(population=9, generations=3).strategy(problem(affordable=120)).keep == 3
    assert InstOptima(population=9, generations=3).strategy(problem(affordable=1)).keep == 2
    assert InstOptima(population=9, generations=3).strategy(problem()).keep == 9


def test_a_generation_asks_for_no_more_than_is_affordable():
    known = problem(affordable=200)
    strategy = InstOptima(population=5, generations=3).strategy(known)
    known.affordable = 25
    asked, _, _ = lead(strategy, lambda messages, **settings: {"instruction": numbered(**settings)}, lambda said: 0.3)
    assert [len(one) for one in asked] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("knobs", [{"population": 1}, {"generations": -1}, {"shots": -1}, {"temperature": 0.0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="population is at least 2"):
        InstOptima(**knobs)


def test_unknown_objectives_are_refused():
    with pytest.raises(SettingError, match="perplexity"):
        InstOptima(objectives=("quality", "perplexity"))
