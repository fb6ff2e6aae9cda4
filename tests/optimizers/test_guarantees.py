"""What a run promises, by simulation: never worse, and a search that finds what there is for few calls."""

import random

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.metrics import Row, as_metric
from selftaught.optimizers import APE, MIPRO, Auto, RealGain
from selftaught.optimizers.policies import LEVEL
from selftaught.programs import Predict
from selftaught.racing import pool_race
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, exact, words
from selftaught.testing.simulated import Skill, simulated


def rows(generator, chance, count):
    return [Row(index, {}, [{}], score=float(generator.random() < chance)) for index in range(count)]


def test_a_worse_program_is_returned_at_most_at_the_stated_rate():
    """200 runs with noise and useless proposals: the best of 12 on 20 rows against the baseline on 20 unseen rows.

    Proposals are worse than the baseline by 20 points or as good; those that are worse must hardly ever come back.
    """
    generator, returned, worse = random.Random(3), 0, 0
    metric = as_metric(exact)
    for _ in range(200):
        skill = [0.5, *(generator.choice((0.3, 0.5)) for _ in range(12))]
        pool = {str(i): [row.score for row in rows(generator, chance, 20)] for i, chance in enumerate(skill)}
        alive = [name for name, p in pool_race({name: mine[:10] for name, mine in pool.items()}, 20).items() if p > 0.2]
        winner = int(max(alive, key=lambda name: sum(pool[name])))
        before, after = rows(generator, skill[0], 20), rows(generator, skill[winner], 20)
        if winner and RealGain().decide(before, after, metric, 0).confirmed:
            returned += 1
            worse += skill[winner] < skill[0]
    assert returned / 200 <= LEVEL
    assert worse / 200 <= LEVEL / 5


@pytest.mark.parametrize("seed", range(6))
def test_through_the_whole_engine_useless_proposals_leave_the_baseline(tmp_path, seed):
    lm, data = FakeLM(simulated(Skill(base=0.5, shown=0.0, useful=False))), words(48)
    with dspy.context(lm=lm):
        tuned = APE(exact, shots=4, proposals=6).compile(
            Predict(Speak),
            trainset=data[:8],
            valset=data[8:],
            budget=Budget(calls=250),
            run_dir=tmp_path,
            seed=seed,
            progress=False,
        )
    gain = tuned.tuning.gain
    assert not tuned.tuning.confirmed or gain.p <= LEVEL
    assert lm.calls <= 250


EFFICIENT = {
    "auto": (lambda: Auto(exact), 0.70),
    "ape": (lambda: APE(exact, shots=8), 0.72),
    "mipro": (lambda: MIPRO(exact, trials=10, instructions=4, sets=3), 0.55),
}
"""Each with the mean score that it must reach, a little below what it reached when this was written: the best possible is 0.91, and 0.46 without a rule."""


@pytest.mark.parametrize("name", EFFICIENT)
def test_a_search_stays_as_efficient_as_it_is(tmp_path, name):
    """Mean expected score over four seeds with 200 calls each, on a model whose skill depends on rule and demonstrations."""
    make, least = EFFICIENT[name]
    skill, reached = Skill(), []
    for seed in range(4):
        lm, data = FakeLM(simulated(skill)), words(70)
        with dspy.context(lm=lm):
            tuned = make().compile(
                Predict(Speak), trainset=data[:30], valset=data[30:], budget=Budget(calls=200), run_dir=tmp_path / str(seed), seed=seed,
                progress=False,
            )  # fmt: skip
        assert lm.calls <= 200
        said = "capital" in tuned.signature.instructions.lower()
        reached.append(skill.base + skill.said * said + skill.shown * min(len(tuned.demos), skill.most_shown))
    assert sum(reached) / len(reached) >= least, reached
