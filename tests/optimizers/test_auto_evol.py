"""Auto Evol-Instruct (31): a method evolved from its failures; what the paper says must hold."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught.errors import SettingError
from selftaught.optimizers.candidate import BASELINE
from selftaught.optimizers.strategies.auto_evol import AutoEvolInstruct
from selftaught.programs import Predict
from selftaught.testing import answer_fields
from selftaught.testing.samples import Speak, learner, words
from tests.optimizers.by_hand import POOL, STOPPED, lead, numbered, problem
from tests.optimizers.stepwise import StepwiseContract, asked, compiled, knowing, text

STEPS = {("failures",): lambda messages, settings: {"failures": f"They are not loud. {numbered(**settings)}"}}


class TestAutoEvolInstruct(StepwiseContract):
    method = "auto-evol-instruct"

    def make(self):
        return AutoEvolInstruct(steps=2)

    def steps(self):
        return STEPS


def evolving(revise, **knobs):
    """Return a strategy, and a model that answers every word wrong and revises with `revise(messages, **settings)`."""

    def script(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            return revise(messages, **settings)
        return {"failures": "They are not loud."} if answer_fields(messages) == ["failures"] else {"shouted": "wrong"}

    return AutoEvolInstruct(**knobs).strategy(problem()), script


def fresh(messages, **settings):
    return {"instruction": numbered(**settings)}


@settings(max_examples=25, deadline=None)
@given(hyp.integers(0, 10**6))
def test_success_and_score_of_the_method_never_fall_on_the_rows_that_both_met(seed):
    def worth(said):
        chooser = random.Random(f"{seed} {said}")
        return {row: chooser.choice([None, 0.0, 1.0, 1.0]) for row in range(chooser.choice([4, POOL]) if "Try" in said else POOL)}

    strategy, script = evolving(fresh, steps=4, revisions=3)
    _, methods, _ = lead(strategy, script, worth, lambda: strategy.current)
    for before, after in itertools.pairwise(methods):
        rows = set(before.scores) & set(after.scores)
        both = [row for row in rows if before.scores[row] is not None and after.scores[row] is not None]
        assert sum(after.scores[row] is not None for row in rows) >= sum(before.scores[row] is not None for row in rows)
        assert sum(after.scores[row] for row in both) >= sum(before.scores[row] for row in both)


def test_a_revision_that_scores_better_but_answers_less_is_not_accepted():
    def worth(said):
        return {row: (1.0 if row < 6 else None) if "Try" in said else float(row < 3) for row in range(POOL)}

    strategy, script = evolving(fresh, steps=1)
    lead(strategy, script, worth)
    assert strategy.current.candidate == BASELINE


def test_an_equal_revision_is_accepted_and_with_a_margin_it_is_not():
    for margin, moved in ((0.0, True), (0.05, False)):
        strategy, script = evolving(fresh, steps=1, margin=margin)
        lead(strategy, script, lambda said: 0.5)
        assert (strategy.current.candidate != BASELINE) == moved


def test_the_best_of_those_that_stayed_in_the_race_is_accepted():
    texts = iter(["Left early.", "Good.", "Better.", "Bad."])
    worth = {"Left early.": dict.fromkeys(range(3), 1.0), "Good.": 0.6, "Better.": 0.8, "Bad.": 0.1}
    strategy, script = evolving(lambda messages, **settings: {"instruction": next(texts)}, steps=1, revisions=4)
    lead(strategy, script, lambda said: worth.get(said, 0.3))
    assert strategy.instruction_of(strategy.current.candidate) == "Better."


def test_a_revision_that_a_guard_stopped_is_not_accepted():
    strategy, script = evolving(fresh, steps=1)
    lead(strategy, script, lambda said: STOPPED if "Try" in said else 0.0)
    assert strategy.current.candidate == BASELINE


@pytest.mark.parametrize(
    "said", ["%% no json", {"instruction": ""}, {"instruction": Speak.instructions}, {"instruction": "Same."}]
)
def test_malformed_output_leaves_the_method_unchanged_and_ends_the_search(said):
    strategy, script = evolving(lambda messages, **settings: said, steps=9)
    rounds, _, _ = lead(strategy, script, lambda text: 0.3 if text == Speak.instructions else 0.1)
    assert strategy.current.candidate == BASELINE
    assert len(rounds) <= 2


def test_an_analysis_that_failed_leads_to_no_revision():
    strategy, script = evolving(fresh)

    def mute(messages, **settings):
        return "%% nothing" if answer_fields(messages) == ["failures"] else script(messages, **settings)

    _, _, lm = lead(strategy, mute, lambda said: 0.3)
    assert not asked(lm, "instruction")


def test_analyses_and_revisions_are_drawn_at_a_temperature():
    seen = []
    strategy, script = evolving(fresh, steps=1, revisions=3)

    def noting(messages, **settings):
        if answer_fields(messages) != ["shouted"]:
            seen.append((settings["temperature"], settings["rollout_id"]))
        return script(messages, **settings)

    lead(strategy, noting, lambda said: 0.3)
    assert len(seen) == len(set(seen)) == 6
    assert all(temperature > 0 for temperature, _ in seen)


def test_the_trajectory_shows_what_came_out_wrong_and_nothing_else():
    strategy, script = evolving(fresh, steps=1)

    def half(messages, **settings):
        said = script(messages, **settings)
        word = str(messages[-1]["content"])
        return {"shouted": word.upper()} if "shouted" in said and word < "word4" else said

    _, _, lm = lead(strategy, half, lambda said: 0.3)
    cases = text(asked(lm, "failures")[0])
    assert "Input: word5\nGiven answer: wrong\nRight answer: WORD5" in cases
    assert "word1" not in cases


def test_a_batch_without_failures_is_followed_by_the_rest():
    def only_one_is_wrong(messages, **settings):
        said = script(messages, **settings)
        word = str(messages[-1]["content"])
        return {"shouted": word.upper()} if "shouted" in said and word != hard else said

    strategy, script = evolving(fresh, steps=1, batch=4)
    order = random.Random(0).sample(words(8), 8)
    hard = order[-1].word
    _, _, lm = lead(strategy, only_one_is_wrong, lambda said: 0.3)
    assert len(asked(lm, "shouted")) == 8
    assert f"Input: {hard}\n" in text(asked(lm, "failures")[0])


def test_where_nothing_fails_nothing_is_proposed():
    strategy, _ = evolving(fresh)
    _, _, lm = lead(strategy, lambda messages, **settings: {"shouted": str(messages[-1]["content"]).upper()}, lambda said: 0.9)
    assert len(lm.requests) == 8
    assert strategy.current.candidate == BASELINE


def test_the_rollout_of_the_next_step_follows_the_accepted_method():
    strategy, script = evolving(fresh, steps=2, revisions=1)
    _, methods, lm = lead(strategy, script, lambda said: 0.9 if "Try" in said else 0.3, lambda: strategy.current.candidate)
    accepted = strategy.instruction_of(methods[1])
    followed = [str(m[0]["content"]) for m in asked(lm, "shouted")]
    assert [Speak.instructions in one for one in followed[:8]] == [True] * 8
    assert [accepted in one for one in followed[8:]] == [True] * 8


def test_a_clause_that_prevents_the_failures_is_found_and_no_selection_row_is_shown(tmp_path):
    def revise(messages, **settings):
        return {"instruction": random.Random(str(settings["rollout_id"])).choice(["Say it twice.", "Use capital letters only."])}

    steps = {
        ("failures",): lambda messages, settings: {"failures": "No capitals."},
        ("instruction",): lambda m, s: revise(m, **s),
    }
    program, lm = compiled(AutoEvolInstruct(steps=2), tmp_path / "run", knowing(steps, learner), Predict(Speak))
    assert program.tuning.winner.instructions == {"self": "Use capital letters only."}
    shown = "\n".join(text(messages) for messages in [*asked(lm, "failures"), *asked(lm, "instruction")])
    assert not any(f"Input: word{number}\n" in shown for number in range(8, 48))
    assert any(f"Input: word{number}\n" in shown for number in range(8))


def test_revisions_are_fitted_to_the_budget():
    assert AutoEvolInstruct(steps=2, revisions=8).strategy(problem(affordable=40)).revisions == 3
    assert AutoEvolInstruct(steps=2, revisions=8).strategy(problem(affordable=1)).revisions == 1


@pytest.mark.parametrize("knobs", [{"steps": 0}, {"batch": 0}, {"revisions": 0}, {"temperature": 0.0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="the temperature is above 0"):
        AutoEvolInstruct(**knobs)
