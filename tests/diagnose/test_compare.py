"""compare: every statement that it prints is one that the figures bear."""

import asyncio
import json
import random

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

import selftaught as st
from selftaught.errors import DataError, SettingError
from selftaught.ledger import Usage
from selftaught.metrics import Metric, Row
from selftaught.programs.base import Calls, Program
from selftaught.programs.diagnose import flips_of
from selftaught.programs.diagnose.result import Contestant, conclude
from selftaught.programs.judge import Agreement, Exact
from selftaught.racing import Bet, anytime_interval, chance_to_show
from selftaught.statistics import holm, pareto_front
from selftaught.testing import FakeLM
from selftaught.testing.samples import obliging, words

TASK = "word -> shouted"


class Luck(Program):
    """Right on a fixed share of the words, at a fixed number of calls."""

    def __init__(self, share, calls=1, seed=0, fails=0.0):
        super().__init__(TASK)
        self.share, self.calls, self.seed, self.fails = share, calls, seed, fails
        self.step = st.Predict(TASK)

    async def aforward(self, word):
        drawn = random.Random(f"{self.seed}{word}")
        for number in range(self.calls):
            await self.step.acall(word=word, config={"rollout_id": f"{self.seed}/{number}", "temperature": 1.0})
        if drawn.random() < self.fails:
            raise ValueError("no luck")
        return dspy.Prediction(shouted=word.upper() if drawn.random() < self.share else "wrong")

    def cost(self):
        return Calls(self.calls, self.calls)


def compared(programs, count=60, metric=None, **settings):
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        found = st.compare(programs, words(count), metric or Exact(), progress=False, **settings)
    return found, lm


def test_scores_costs_and_pairs_are_those_of_the_programs():
    found, lm = compared({"plain": Luck(0.5), "dear": Luck(0.9, calls=3, seed=1)}, adaptive=False)
    assert (found["plain"].calls, found["dear"].calls) == (1.0, 3.0)
    assert found.spent == found.exhaustive == lm.calls == 60 * 4
    with dspy.context(lm=FakeLM(obliging)):
        alone = st.evaluate(Luck(0.9, calls=3, seed=1), words(60), Exact(), progress=False)
    assert (found["dear"].score, found["dear"].interval, found["dear"].n) == (alone.score, alone.interval, 60)
    assert found["dear"].to_baseline.value == pytest.approx(found["dear"].score - found["plain"].score)


def test_a_clear_gain_is_advised_and_none_is_not():
    found, _ = compared({"plain": Luck(0.3), "good": Luck(0.95, calls=2, seed=1), "same": Luck(0.3, calls=4, seed=0)}, adaptive=False)  # fmt: skip
    assert found.advised == "good"
    assert found["good"].sentence.startswith("Better than plain: ")
    assert "No difference from plain is shown" in found["same"].sentence
    assert found["same"].flips.broken == found["same"].flips.fixed == 0
    low, high = found["same"].to_baseline.interval
    assert low < 0 < high  # that nothing moved on 60 examples is no proof that nothing moves


def test_a_dear_program_that_is_clearly_worse_stops_early_and_says_why():
    found, lm = compared({"plain": Luck(0.9), "bad": Luck(0.1, calls=8, seed=1), "good": Luck(0.9, calls=2, seed=2)}, count=120)
    bad = found["bad"]
    assert bad.dropped_by in ("plain", "good")
    assert bad.dropped_at < 60
    assert bad.n == bad.dropped_at
    assert f"Stopped after {bad.dropped_at} examples: clearly worse than {bad.dropped_by}, which costs no more" in bad.sentence
    assert found.spent == lm.calls < 0.6 * found.exhaustive
    assert found.advised == "plain"


def test_a_cheap_program_is_not_dropped_for_a_dear_one_and_the_baseline_never():
    found, _ = compared({"cheap": Luck(0.1), "dear": Luck(1.0, calls=5, seed=1)}, count=120)
    assert found["cheap"].dropped_by is None
    assert found.advised == "dear"
    found, _ = compared({"dear": Luck(0.1, calls=5), "cheap": Luck(1.0, seed=1)}, count=120)
    assert found["dear"].dropped_by is None


def test_a_margin_drops_what_cannot_gain_it():
    same = {"plain": Luck(0.5), "dear": Luck(0.5, calls=5, seed=0)}
    found, _ = compared(same, count=150, margin=0.2, futility=0.0)
    assert "clearly not better by at least 20 points than plain, which costs less" in found["dear"].sentence
    assert compared(same, count=150, futility=0.0)[0]["dear"].dropped_by is None


def test_a_dear_program_that_can_hardly_be_shown_better_any_more_is_stopped_and_nothing_is_claimed_of_it():
    found, _ = compared({"plain": Luck(0.5), "dear": Luck(0.5, calls=5, seed=0), "good": Luck(0.95, calls=2, seed=1)}, count=80)
    dear = found["dear"]
    assert dear.hopeless
    assert dear.dropped_by == "plain"
    assert dear.dropped_at < 40
    assert "That it is no better is not shown" in dear.sentence
    assert (found.advised, found["good"].dropped_by) == ("good", None)
    assert found["good"].to_baseline.better


def test_the_chance_to_show_a_difference_follows_what_was_seen_and_what_is_to_come():
    assert chance_to_show([0.0] * 40, 40) < 0.05
    assert chance_to_show([1.0] * 20, 0) == 1.0
    assert chance_to_show([-1.0] * 20, 20) < 0.01
    assert chance_to_show([1.0, 1.0, 0.0, 0.0] * 5, 40) > 0.9
    assert chance_to_show([1.0] * 4 + [0.0] * 16, 0) == 0.0, "four changes cannot be significant at 5 % in both directions"
    few, many = chance_to_show([1.0, 0.0, 0.0, 0.0, -1.0] * 4, 10), chance_to_show([1.0, 0.0, 0.0, 0.0, -1.0] * 4, 200)
    assert few < many


def test_a_real_gain_is_seldom_given_up():
    """A gain of 30 points on 80 examples: nearly always shown at the end, and hardly ever stopped before."""
    generator, given_up = random.Random(11), 0
    for _ in range(40):
        moves = generator.choices((1.0, 0.0, -1.0), (0.4, 0.5, 0.1), k=80)
        given_up += any(chance_to_show(moves[:seen], 80 - seen) < 0.05 for seen in range(16, 80, 8))
    assert given_up <= 3


def test_the_exhaustive_comparison_advises_the_same():
    programs = {"plain": Luck(0.4), "bad": Luck(0.1, calls=6, seed=1), "good": Luck(0.9, calls=3, seed=2)}
    quick, _ = compared(programs, count=100)
    whole, _ = compared(programs, count=100, adaptive=False)
    assert quick.advised == whole.advised == "good"
    assert quick["good"].to_baseline.value == whole["good"].to_baseline.value
    assert quick.spent < whole.spent


# --- the guarantees


def test_the_best_is_dropped_no_oftener_than_stated():
    """Two equal programs, looked at after every example: a bet is won at most as often as its level says."""
    generator, lost = random.Random(3), 0
    for _ in range(400):
        bet = Bet()
        for _ in range(150):
            bet.see(generator.choice((-1.0, 0.0, 0.0, 1.0)))
        lost += bet.p <= 0.1
    assert lost / 400 <= 0.1 + 2 * (0.1 * 0.9 / 400) ** 0.5


def test_a_bet_on_what_is_true_is_won_soon_and_values_out_of_bounds_are_refused():
    bet = Bet()
    for _ in range(20):
        bet.see(1.0)
    assert bet.p < 1e-4
    with pytest.raises(ValueError, match="outside"):
        bet.see(1.5)


@given(hyp.lists(hyp.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=40)
def test_an_interval_for_any_stopping_time_holds_the_mean_and_only_narrows_with_evidence(values):
    low, high = anytime_interval(values)
    assert 0.0 <= low <= high <= 1.0
    assert low - 0.01 <= sum(values) / len(values) <= high + 0.01
    more = anytime_interval(values * 3)
    assert more[1] - more[0] <= high - low + 1e-9


def test_an_interval_for_any_stopping_time_covers_at_the_worst_time_to_stop():
    generator, covered = random.Random(5), 0
    for _ in range(60):
        seen, ok = [], True
        for _ in range(30):
            seen.append(float(generator.random() < 0.7))
            if len(seen) % 5 == 0:
                low, high = anytime_interval(seen)
                ok = ok and low <= 0.7 <= high
        covered += ok
    assert covered / 60 >= 0.93


def test_holm_against_its_definition():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_the_front_holds_whom_nobody_beats():
    assert pareto_front([(0.5, 1.0), (0.6, 2.0), (0.5, 2.0), (0.6, 3.0), (0.4, 0.5)]) == [0, 1, 4]
    assert pareto_front([(0.5, 1.0), (0.5, 1.0)]) == [0, 1]


# --- flips


def rows(scores):
    return [Row(index, {}, [{}], score) for index, score in enumerate(scores)]


@given(hyp.lists(hyp.tuples(hyp.booleans(), hyp.booleans()), min_size=1, max_size=60))
def test_the_decomposition_is_an_identity(pairs):
    found = flips_of(rows([float(a) for a, _ in pairs]), rows([float(b) for _, b in pairs]))
    assert found.n == len(pairs)
    assert found.after == pytest.approx(found.before + (found.fixed - found.broken) / found.n)
    cl, cs = found.cl[0] or 0.0, found.cs[0] or 0.0
    assert found.after == pytest.approx(found.before * cl + (1 - found.before) * cs, abs=1e-9)


def test_an_echo_an_oracle_and_the_ends():
    before = rows([1, 1, 0, 0, 0])
    echo, oracle = flips_of(before, before), flips_of(before, rows([1] * 5))
    assert (echo.cl[0], echo.cs[0], echo.rss) == (1.0, 0.0, pytest.approx(0.5))
    assert (oracle.cl[0], oracle.cs[0]) == (1.0, 1.0)
    assert oracle.rss == pytest.approx((1 + 0.4) / (2 * 0.4))
    assert flips_of(rows([1, 1]), rows([1, 0])).rss is None
    assert flips_of(rows([1, 1]), rows([1, 0])).cs[0] is None
    assert flips_of(rows([0, 0]), rows([1, 0])).cl[0] is None


def test_a_failed_row_is_in_no_pair():
    found = flips_of(rows([1, None, 0]), rows([None, 1, 1]))
    assert (found.n, found.fixed) == (1, 1)


# --- controls


def test_each_control_takes_the_calls_of_its_program_on_the_very_example():
    def content(messages, **_):
        text = messages[-1]["content"]
        if "acceptable" in messages[0]["content"]:
            word = text.split("word: ")[1].split("\n")[0]
            fine = int(word[4:]) % 2 == 0
            return json.dumps({"problems": [] if fine else ["small letters"], "acceptable": fine})
        return obliging(messages)

    programs = {"plain": st.Predict(TASK), "refine": st.programs.SelfRefine(TASK, rounds=2)}
    with dspy.context(lm=FakeLM(content)):
        found = st.compare(programs, words(10), Exact(), progress=False, adaptive=False)
    taken = {row.index: row.calls for row in found["refine"].rows}
    assert set(taken.values()) == {2, 4}, "an unchanged revision is not reviewed again"
    for control in ("refine ~ vote", "refine ~ retry"):
        assert {row.index: row.calls for row in found[control].rows} == taken
        assert found[control].control_of == "refine"
    assert [one.name for one in found.programs] == ["plain", "refine"]
    assert {one.against for one in found["refine"].to_controls} == {"refine ~ vote", "refine ~ retry"}
    assert "not shown to add anything" in found["refine"].sentence


def test_controls_can_be_left_out_and_votes_have_none():
    programs = {"plain": st.Predict(TASK), "vote": st.programs.SelfConsistency(TASK, samples=3)}
    assert len(compared(programs, count=6)[0].contestants) == 2
    refining = {"plain": st.Predict(TASK), "refine": st.programs.SelfRefine(TASK)}
    assert len(compared(refining, count=6, controls=False)[0].contestants) == 2


# --- what is not known is said


def test_a_program_without_any_answer_is_undetermined_and_stops():
    found, _ = compared({"plain": Luck(0.9), "broken": Luck(0.9, calls=2, fails=1.0)}, count=40)
    assert (found["broken"].score, found["broken"].n) == (None, 0)
    assert "could not answer any" in found["broken"].sentence
    assert found.advised == "plain"


def test_many_failures_are_told_with_the_score_that_counts_them():
    found, _ = compared({"plain": Luck(0.9), "shaky": Luck(0.9, calls=2, seed=4, fails=0.5)}, count=40, adaptive=False)
    shaky = found["shaky"]
    assert shaky.failed > 5
    assert shaky.n + shaky.failed == 40
    assert f"{shaky.failed} of 40 examples failed" in shaky.sentence
    assert shaky.if_failures_wrong < shaky.score
    assert shaky.to_baseline.n == shaky.n


def test_a_spent_budget_leaves_an_incomplete_comparison_that_continues(tmp_path):
    programs = {"plain": Luck(0.5), "dear": Luck(0.9, calls=3, seed=1)}
    part, lm = compared(programs, count=40, budget=st.Budget(calls=50), run_dir=tmp_path, adaptive=False)
    assert not part.complete
    assert part.advised is None
    assert part.advice.startswith("Incomplete")
    assert lm.calls <= 50
    whole, again = compared(programs, count=40, run_dir=tmp_path, adaptive=False)
    assert whole.complete
    assert again.calls + lm.calls == 160
    fresh, _ = compared(programs, count=40, adaptive=False)
    assert whole.to_dict()["programs"][1]["to_baseline"] == fresh.to_dict()["programs"][1]["to_baseline"]


def test_ties_everywhere_advise_the_cheapest():
    found, _ = compared({"dear": Luck(1.0, calls=3), "cheap": Luck(1.0)}, count=20)
    assert found.advised == "cheap"


@pytest.mark.parametrize(
    ("programs", "settings", "words_of"),
    [
        ({"one": Luck(1.0)}, {}, "at least two"),
        ({"a": Luck(1.0), "b": st.Predict("word -> other")}, {}, "different tasks"),
        ({"a": Luck(1.0), "b": Luck(0.5)}, {"baseline": "c"}, "baseline"),
        ({"a": Luck(1.0), "b": Luck(0.5)}, {"delta": 0.0}, "delta"),
        ({"a": Luck(1.0), "b": Luck(0.5)}, {"margin": 1.0}, "margin"),
        ({"a": Luck(1.0), "b": Luck(0.5)}, {"futility": 0.7}, "futility"),
        ({"a": Luck(1.0), "b": Luck(0.5)}, {"metric": Agreement(TASK)}, "no mean"),
        ({"a": Luck(1.0), "b": Luck(0.5)}, {"block": 0}, "block"),
    ],
)
def test_what_cannot_be_compared_is_refused(programs, settings, words_of):
    with pytest.raises(SettingError, match=words_of):
        compared(programs, count=4, **settings)


def test_no_examples_are_refused():
    with pytest.raises(DataError):
        compared({"a": Luck(1.0), "b": Luck(0.5)}, count=0)


def test_a_score_outside_0_to_1_is_refused():
    with pytest.raises(SettingError, match=r"\[0, 1\]"):
        compared({"a": Luck(1.0), "b": Luck(0.5)}, count=4, metric=lambda example, prediction: 3)


# --- the forms it is told in


def test_table_json_and_page_hold_the_same_figures(tmp_path):
    found, _ = compared({"plain": Luck(0.5), "<b>dear</b>": Luck(0.9, calls=3, seed=1)}, adaptive=False)
    text, page = str(found), found.report(tmp_path / "comparison.html")
    assert f"{found['plain'].score * 100:.0f} %" in text
    assert found.advice in text.replace("\n", " ")
    data = json.loads(page.with_suffix(".json").read_text())
    assert data == json.loads(json.dumps(found.to_dict()))
    html = page.read_text()
    assert "<b>dear" not in html
    assert "&lt;b&gt;dear" in html
    assert "<svg" in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org", "")


class Halves(Metric):
    name = "halves"


def test_conclusions_do_not_depend_on_the_order_of_programs():
    def contestants():
        generator = random.Random(8)
        made = []
        for name, share, calls in (("a", 0.3, 1), ("b", 0.8, 2), ("c", 0.5, 3)):
            made.append(Contestant(name, [Row(i, {}, [{}], float(generator.random() < share), calls=calls) for i in range(80)]))
        return made

    def told(order):
        made = contestants()
        return conclude(
            [made[i] for i in order], baseline="a", asked=80, metric=Halves(), unit="calls", delta=0.05, margin=0.0,
            right_from=0.5, complete=True, usage=Usage(),
        )  # fmt: skip

    one, other = told([0, 1, 2]), told([2, 0, 1])
    assert one.advised == other.advised == "b"
    assert {c.name: c.sentence for c in one.contestants} == {c.name: c.sentence for c in other.contestants}


def test_it_works_inside_a_running_event_loop():
    async def inside():
        return compared({"plain": Luck(0.5), "good": Luck(0.9, seed=1)}, count=10)

    found, _ = asyncio.run(inside())
    assert found["good"].n == 10


def test_a_race_can_be_run_to_the_end_in_the_same_folder(tmp_path):
    programs = {"plain": Luck(0.5), "dear": Luck(0.5, calls=5, seed=0)}
    race, first = compared(programs, count=80, run_dir=tmp_path)
    assert race["dear"].dropped_by == "plain"
    whole, second = compared(programs, count=80, run_dir=tmp_path, adaptive=False)
    assert whole["dear"].n == 80
    assert first.calls + second.calls == 80 * 5, "the first call is the same request for both"
