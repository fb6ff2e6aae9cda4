"""Refining in a diagnosis: flips, their decomposition, and the vote with as many calls."""

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

import selftaught as st
from selftaught.metrics import Row
from selftaught.programs.diagnose import diagnose
from selftaught.programs.diagnose.pool import Pool
from selftaught.programs.diagnose.refining import Refining, refining_of
from selftaught.testing import FakeLM, answer_fields
from selftaught.testing.samples import words
from tests.diagnose.test_diagnose_gap import item, sample

TASK = "word -> shouted"


def refined(before, after, calls=3, drawn=None):
    items = [item(i, drawn or [sample(b)] * 4, own=sample(b)) for i, b in enumerate(before)]
    rows = [Row(i, {}, [{}], None if a is None else float(a), calls=calls) for i, a in enumerate(after)]
    return Refining(TASK).conclude(refining_of(Pool(None, None, None, None, [], [], 4, items=items), rows))


@given(hyp.lists(hyp.tuples(hyp.booleans(), hyp.booleans()), min_size=2, max_size=40))
def test_the_decomposition_and_the_flips_add_up(pairs):
    found = refined(*zip(*pairs, strict=True))
    figures, counts = found.figures, found.counts
    before, after = figures["before"].value, figures["after"].value
    cl, cs = figures["cl"].value or 0.0, figures["cs"].value or 0.0
    assert after == pytest.approx(before * cl + (1 - before) * cs, abs=1e-9)
    assert counts["fixed"] + counts["broken"] + counts["kept"] + counts["stubborn"] == len(pairs)
    assert after == pytest.approx(before + (counts["fixed"] - counts["broken"]) / len(pairs))
    assert found.answer != "yes" or found.gain.interval[0] > 0


def test_an_echo_an_oracle_and_the_ends():
    echo, oracle = refined([1, 0, 0, 1, 0], [1, 0, 0, 1, 0]), refined([1, 0, 0, 1, 0], [1] * 5)
    assert [echo.figures[name].value for name in ("cl", "cs", "rss")] == pytest.approx([1, 0, 0.5])
    assert oracle.figures["rss"].value == pytest.approx((1 + 0.4) / (2 * 0.4))
    low, high = echo.figures["rss"].interval
    assert low < 0.5 < high  # that nothing flipped in five inputs is no certainty
    assert refined([1, 1], [1, 0]).figures["rss"].value is None
    assert refined([1, 1], [1, 0]).figures["cs"].value is None


def test_refining_that_changes_nothing_does_not_pass_and_a_real_gain_does():
    assert refined([1, 0] * 10, [1, 0] * 10).answer == "undetermined"
    assert refined([1, 0] * 100, [1, 0] * 100).answer == "no"
    gained = refined([0] * 12 + [1] * 8, [1] * 20)
    assert gained.answer == "yes"
    assert "it fixed 12 and broke 0 of 20 answers" in gained.decision
    harmed = refined([1] * 20, [0] * 12 + [1] * 8)
    assert harmed.answer == "no"
    assert harmed.decision.startswith("Refining harms here")


def test_a_failed_row_is_missing_data():
    found = refined([1, 0, 0], [1, None, 1])
    assert (found.counts["done"], found.counts["failed"], found.gain.n) == (2, 1, 2)


def test_the_vote_takes_as_many_samples_as_refining_took_calls():
    drawn = [sample(1), sample(0), sample(0), sample(1), sample(1)]  # by 1: right; by 3: wrong; by 5: right
    votes = [refined([0] * 4, [0] * 4, calls, drawn).figures["vote_with_as_many_calls"].value for calls in (1, 3, 5)]
    assert votes == [1.0, 0.0, 1.0]
    short = refined([0] * 4, [0] * 4, 9, drawn)
    assert short.counts["vote_limited"] == 4
    assert "at most as many calls" in short.decision


def test_a_better_vote_is_said():
    found = refined([0] * 20, [0] * 20, 3, [sample(1)] * 4)
    assert "A vote with as many calls is better: refining is -100 points" in found.decision


def test_the_first_draft_is_the_pools_and_the_samples_suffice_for_the_vote():
    def script(messages, **settings):
        if answer_fields(messages) == ["problems", "acceptable"]:
            return {"problems": ["small"], "acceptable": False}
        return {"shouted": "better" if "problems" in str(messages[-1]) else "no"}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        found = diagnose(TASK, words(6), samples=2, parts=["refining"], progress=False)
    assert Refining(TASK).votes() == 4
    assert found["refining"].counts["vote_limited"] == 0
    own, samples, critiques, revisions = 6, 6 * 4, 6, 6
    assert lm.calls == own + samples + critiques + revisions + 6  # the revision is reviewed too


def test_a_program_of_the_users_is_the_generator():
    program = st.programs.SelfConsistency(TASK, samples=3)
    assert Refining(TASK, generate=program).refine.generate is program
    assert Refining(TASK, generate=program).votes() == 2
