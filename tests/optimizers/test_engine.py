"""The engine: the loop in the caller's hands, budgets, resume, knobs, programs, objectives, bad input."""

import random
import signal
import subprocess
import sys
import time

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.errors import BudgetError, DataError, OverlapWarning, RunError, SettingError
from selftaught.optimizers import APE, Candidate, NoImprovement, NotWorse, Optimizer, StructureSearch, Tuning, WholePool
from selftaught.optimizers.generations import Generations
from selftaught.pareto import crowding, dominates, fronts, knee
from selftaught.programs import Predict, SelfConsistency
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract
from selftaught.testing.samples import Speak, exact, learner, words
from selftaught.testing.simulated import Skill, simulated

DATA = words(48)
SETTINGS = {"trainset": DATA[:8], "valset": DATA[8:], "metric": exact, "progress": False}


class Given(Optimizer):
    """Races what it is given, one list a round."""

    def __init__(self, *rounds, **settings):
        super().__init__(**settings)
        self.rounds = rounds

    def strategy(self, problem):
        return _Given(problem, self.rounds)


class _Given(Generations):
    def __init__(self, problem, rounds):
        super().__init__(problem, rounds=len(rounds))
        self.given = rounds

    async def first(self):
        return list(self.given[0])

    async def next(self):
        return list(self.given[self.round - 1])


def says(text, demos=None, **more):
    return Candidate({"self": Tuning(text, demos)}, Candidate().key, text, **more)


GOOD, BAD = says("Write in capital letters, please, and nothing else than that."), says("Repeat it.")


def tune(optimizer, folder, script=learner, calls=600, program=None, **more):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        tuned = optimizer.compile(program or Predict(Speak), budget=Budget(calls=calls), run_dir=folder, **{**SETTINGS, **more})
    return tuned, lm


def events(folder, kind):
    with Run(folder) as run:
        return [data for _, data in run.events(kind)]


def test_the_caller_may_own_the_loop(tmp_path):
    whole, lm = tune(APE(shots=4), tmp_path / "whole")
    own = FakeLM(learner)
    with (
        dspy.context(lm=own),
        APE(shots=4).study(Predict(Speak), budget=Budget(calls=600), run_dir=tmp_path / "own", **SETTINGS) as study,
    ):
        while trials := study.ask():
            assert all(len(trial.examples) == len(trial.rows) for trial in trials)
            study.tell(study.evaluate(trials))
        tuned = study.finish()
    assert tuned.tuning.winner == whole.tuning.winner
    assert own.calls == lm.calls


def test_the_caller_may_tell_scores_of_their_own(tmp_path):
    lm = FakeLM(learner)
    with (
        dspy.context(lm=lm),
        Given([GOOD, BAD]).study(Predict(Speak), budget=Budget(calls=600), run_dir=tmp_path, **SETTINGS) as study,
    ):
        while trials := study.ask():
            study.tell([[float("capital" in trial.candidate.instructions["self"])] * len(trial.rows) for trial in trials])
        standings = study.standings()
        assert study.finish().tuning.winner.key == GOOD.key
    assert standings[0].candidate.key == GOOD.key
    assert standings[0].score == 1.0


def test_a_study_refuses_results_that_do_not_fit(tmp_path):
    with (
        dspy.context(lm=FakeLM(learner)),
        Given([GOOD]).study(Predict(Speak), budget=Budget(calls=600), run_dir=tmp_path, **SETTINGS) as study,
    ):
        trials = study.ask()
        with pytest.raises(SettingError, match="one for each"):
            study.tell([])
        with pytest.raises(SettingError, match="scores were told"):
            study.tell([[1.0]])
        with pytest.raises(SettingError, match="lies in"):
            study.tell([[2.0] * len(trials[0].rows)])


def test_a_study_outside_its_block_is_refused():
    with pytest.raises(SettingError, match="with block"):
        APE().study(Predict(Speak), **SETTINGS).ask()


def test_no_candidate_meets_a_row_twice_and_all_meet_the_same_rows(tmp_path):
    tune(Given([GOOD, BAD], [GOOD, says("Say it.")]), tmp_path)
    seen = {}
    for asked, told in zip(events(tmp_path, "asked"), events(tmp_path, "told"), strict=True):
        rows = [tuple(trial["rows"]) for trial in asked["trials"]]
        for trial, found in zip(asked["trials"], told["rows"], strict=True):
            new = {row["index"] for row in found}
            assert not new & seen.get(trial["key"], set())
            seen.setdefault(trial["key"], set()).update(new)
        assert len(set(rows)) == 1


def test_a_budget_is_refused_with_advice_before_any_call(tmp_path):
    lm = FakeLM(learner)
    with dspy.context(lm=lm), pytest.raises(BudgetError, match=r"Give Budget\(calls=160\)"):
        APE().compile(Predict(Speak), budget=Budget(calls=50), run_dir=tmp_path, **SETTINGS)
    assert lm.calls == 0


def test_the_estimate_holds_and_is_told(tmp_path):
    optimizer = APE(shots=4)
    with dspy.context(lm=FakeLM(learner)):
        expected = optimizer.estimate(Predict(Speak), trainset=DATA[:8], valset=DATA[8:], metric=exact, budget=Budget(calls=600))
    tuned, lm = tune(optimizer, tmp_path)
    assert expected.calls[0] <= lm.calls <= expected.calls[1]
    assert tuned.tuning.estimate == expected
    assert str(expected) in tuned.tuning.summary()


def test_it_says_when_it_has_paid_for_itself(tmp_path):
    tuned, lm = tune(Given([GOOD]), tmp_path)
    even, outcome = tuned.tuning.break_even, tuned.tuning
    assert even.unit == "right answers"
    assert even.uses == -(-lm.calls // (outcome.tuned.score - outcome.baseline.score))
    tuned, _ = tune(Given([BAD]), tmp_path / "bad")
    assert tuned.tuning.break_even.uses is None


def test_a_search_that_ended_for_lack_of_budget_goes_on_with_more(tmp_path):
    rounds = [[BAD], [says(f"Idea {i}.") for i in range(6)], [GOOD]]
    first, _ = tune(Given(*rounds), tmp_path, calls=130)
    assert "budget" in first.tuning.ended
    assert not first.tuning.confirmed
    second, again = tune(Given(*rounds), tmp_path, calls=600)
    assert second.tuning.confirmed
    assert second.tuning.winner.key == GOOD.key
    fresh, whole = tune(Given(*rounds), tmp_path / "fresh", calls=600)
    assert fresh.tuning.winner == second.tuning.winner
    assert again.calls < whole.calls


def test_a_second_winner_on_the_same_examples_is_tested_at_half_the_level(tmp_path):
    tune(Given([GOOD], [BAD]), tmp_path, calls=600)
    from selftaught.optimizers.records import Records

    with Run(tmp_path) as run:
        records = Records(run, Budget(calls=600))
    assert records.winners_before(GOOD.key) == 0
    assert records.winners_before("another") == 1


def test_nothing_to_gain_and_patience_end_a_search(tmp_path):
    tuned, _ = tune(Given([GOOD], [BAD]), tmp_path / "a", script=simulated(Skill(base=0.0, said=1.0)))
    assert "nothing is left to gain" in tuned.tuning.ended
    rounds = [[says(f"Idea {i}.")] for i in range(6)]
    tuned, _ = tune(
        Given(*rounds, stopping=[NoImprovement(2)], race=WholePool()),
        tmp_path / "b",
        script=simulated(Skill(useful=False, noise=False)),
    )
    assert "for 2 steps" in tuned.tuning.ended


def test_knobs_and_programs_are_points_of_the_space(tmp_path):
    program = SelfConsistency(Speak, samples=1)
    optimizer = StructureSearch(
        exact, knobs={"samples": (1, 3)}, programs={"plain": Predict(Speak)}, objectives=("quality", "calls"), prefer="knee"
    )
    tuned, _ = tune(optimizer, tmp_path, script=simulated(Skill(base=0.9)), program=program)
    assert {one.candidate.origin for one in tuned.tuning.standings} == {"baseline", "samples=1", "samples=3", "program plain"}
    costs = {one.candidate.origin: one.objectives["calls"] for one in tuned.tuning.standings}
    assert costs["samples=3"] == 3.0
    assert costs["program plain"] == 1.0


def test_a_cheaper_program_can_win_where_it_is_not_worse(tmp_path):
    optimizer = StructureSearch(
        exact, programs={"plain": Predict(Speak)}, objectives=("quality", "calls"), prefer=(1.0, 1.0), confirmation=NotWorse()
    )
    tuned, _ = tune(optimizer, tmp_path, script=simulated(Skill(base=1.0)), program=SelfConsistency(Speak, samples=3))
    assert tuned.tuning.confirmed, tuned.tuning.reason
    assert isinstance(tuned, Predict)
    assert tuned.tuning.front


class TestStructureSearch(OptimizerContract):
    method = "structure-search"

    def program(self):
        return SelfConsistency(Speak, samples=1)

    def make(self):
        better = Predict(Speak.with_instructions("Use capital letters."))
        better.demos = [dspy.Example(word=f"demo{i}", shouted=f"DEMO{i}") for i in range(6)]
        return StructureSearch(programs={"better": better, "plain": Predict(Speak)})


class TestManyPoints(TestStructureSearch):
    method = ""

    def make(self):
        found = super().make()
        return StructureSearch(programs=found.programs, knobs={"temperature": (0.1, 0.3, 0.5, 0.7)}, at_most=3, rounds=2, batch=3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"knobs": {"sampels": (1, 2)}}, "no knob"),
        ({"knobs": {"samples": ()}}, "values to choose from"),
        ({"knobs": {"generat.temperature": (0.1,)}}, "no step"),
        ({"programs": {"other": Predict("question -> answer")}}, "another task"),
        ({"programs": {"other": 3}}, "expected a program"),
        ({}, "nothing to choose from"),
        ({"knobs": {"samples": (1, 3)}, "objectives": ("calls",)}, "'quality' first"),
        ({"knobs": {"samples": (1, 3)}, "prefer": (1.0, 2.0)}, "one weight for each"),
    ],
)
def test_a_space_that_does_not_fit_is_refused(tmp_path, settings, message):
    with pytest.raises(SettingError, match=message):
        tune(StructureSearch(exact, **settings), tmp_path, program=SelfConsistency(Speak, samples=1))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"objectives": "quality"}, "objectives"),
        ({"prefer": 3}, "prefer"),
        ({"race": "halving"}, "race"),
        ({"sampling": 3}, "sampling"),
        ({"confirmation": True}, "confirmation"),
        ({"stopping": NoImprovement(2)}, "stopping"),
        ({"knobs": ["samples"]}, "knobs"),
        ({"programs": [1]}, "programs"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused_by_its_name(settings, name):
    with pytest.raises(SettingError, match=f"^{name}="):
        APE(exact, **settings)


def test_the_front_holds_nobody_that_is_beaten():
    points = [(random.Random(i).random(), random.Random(-i - 1).random()) for i in range(40)]
    layers = fronts(points)
    assert sorted(i for layer in layers for i in layer) == list(range(40))
    assert not any(dominates(points[i], points[j]) for i in range(40) for j in layers[0])
    assert all(any(dominates(points[i], points[j]) for i in layers[0]) for layer in layers[1:] for j in layer)
    room = crowding([points[i] for i in layers[0]])
    assert sum(one == float("inf") for one in room) >= 2
    assert knee([(0.0, 1.0), (0.9, 0.9), (1.0, 0.0)]) == 1
    assert knee([(0.0, 1.0), (0.9, 0.9), (1.0, 0.0)], [1.0, 0.0]) == 2


@pytest.mark.parametrize("found", [None, float("nan"), "good"])
def test_a_metric_that_returns_no_number_is_refused_and_nothing_is_lost(tmp_path, found):
    with pytest.raises(SettingError, match="failed on every one"):
        tune(Given([GOOD]), tmp_path, metric=lambda example, prediction: found)
    tuned, _ = tune(Given([GOOD]), tmp_path / "again")
    assert tuned.tuning.confirmed


def test_a_metric_that_raises_leaves_rows_without_a_score(tmp_path):
    def sometimes(example, prediction):
        if example.word.endswith("7"):
            raise ValueError("cannot say")
        return exact(example, prediction)

    tuned, _ = tune(Given([GOOD]), tmp_path, metric=sometimes)
    assert tuned.tuning.baseline.failed + tuned.tuning.tuned.failed > 0
    assert tuned.tuning.confirmed


def test_a_bool_is_a_score(tmp_path):
    assert tune(Given([GOOD]), tmp_path, metric=lambda example, prediction: prediction.shouted == example.shouted)[
        0
    ].tuning.confirmed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"trainset": [], "valset": None}, "no examples"),
        ({"trainset": DATA[:3], "valset": None}, "too few"),
    ],
)
def test_data_that_cannot_be_split_are_refused(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        tune(Given([GOOD]), tmp_path, **data)


def test_examples_in_both_sets_are_left_out_of_the_valset_with_a_warning_that_names_them(tmp_path):
    with pytest.warns(OverlapWarning, match="Rows 0, 1, 2, 3 of the valset"):
        tuned, _ = tune(Given([GOOD]), tmp_path, trainset=DATA[:8], valset=DATA[4:36])
    assert tuned.tuning.baseline.n == 14
    with pytest.warns(OverlapWarning), pytest.raises(DataError, match="0 examples in the valset"):
        tune(Given([GOOD]), tmp_path / "all", trainset=DATA[:8], valset=DATA[:8])


def test_a_program_without_predictors_is_refused(tmp_path):
    class Nothing(dspy.Module):
        async def aforward(self, word):
            return dspy.Prediction(shouted=word)

    with pytest.raises(SettingError, match="nothing to tune"):
        tune(Given([GOOD]), tmp_path, program=Nothing())


@pytest.mark.parametrize("said", ["", "Do something with the word.", "again and again"])
def test_a_proposer_that_says_the_same_for_ever_ends_the_search(tmp_path, said):
    def stuck(messages, **settings):
        from selftaught.testing import answer_fields

        asked = answer_fields(messages)
        return learner(messages, **settings) if "shouted" in asked else dict.fromkeys(asked, said)

    tuned, lm = tune(APE(shots=0), tmp_path, script=stuck)
    assert lm.calls <= 600
    assert not tuned.tuning.confirmed


def test_a_journal_of_another_program_is_refused_with_the_difference(tmp_path):
    tune(Given([GOOD]), tmp_path)
    with pytest.raises(RunError, match="program was"):
        tune(Given([GOOD]), tmp_path, program=SelfConsistency(Speak))
    with pytest.raises(RunError, match="seed was 0, now 1"):
        tune(Given([GOOD]), tmp_path, seed=1)


def test_a_strategy_that_asks_for_something_else_than_before_is_refused_with_the_difference(tmp_path):
    class Fickle(Optimizer):
        proposal = GOOD

        def strategy(self, problem):
            return _Given(problem, [[self.proposal]])

    tune(Fickle(), tmp_path)
    Fickle.proposal = BAD  # as another version of the code would
    with pytest.raises(RunError, match=r"the candidate 'Repeat it.' instead of 'Write in"):
        tune(Fickle(), tmp_path)


def test_a_run_has_a_manifest_of_what_it_depends_on(tmp_path):
    import json

    tune(Given([GOOD]), tmp_path)
    found = json.loads((tmp_path / "manifest.json").read_text())
    assert {"selftaught", "dspy", "optuna"} <= found["packages"].keys()
    assert found["settings"]["seed"] == 0
    assert found["settings"]["trainset"] and found["settings"]["model"] == "fake"
    assert found["splits"] == {"labelled": 8, "pool": 20, "unseen": 20}


def test_a_finished_run_that_spent_nearly_everything_runs_again_for_nothing(tmp_path):
    rounds = [[says(f"Idea {i}.") for i in range(8)]]
    first, lm = tune(Given(*rounds), tmp_path, calls=120, script=simulated(Skill(base=0.5, useful=False)))
    assert lm.calls > 100
    second, again = tune(Given(*rounds), tmp_path, calls=120, script=simulated(Skill(base=0.5, useful=False)))
    assert again.calls == 0
    assert second.tuning.winner == first.tuning.winner


def test_a_run_opens_as_an_optuna_study(tmp_path):
    import optuna

    from selftaught.report.dashboard import write_study

    tuned, _ = tune(Given([GOOD, BAD]), tmp_path / "run")
    for _ in range(2):  # written anew, not twice
        with Run(tmp_path / "run") as run:
            assert write_study(run, tmp_path / "study.db") == 3
    study = optuna.load_study(study_name="run", storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert len(study.trials) == 3
    best = next(one for one in tuned.tuning.standings if one.candidate.key == GOOD.key)
    assert study.best_value == best.score
    assert study.best_trial.user_attrs["self"] == GOOD.instructions["self"]


SCRIPT = """
import sys, time
import dspy
from selftaught.budget import Budget
from selftaught.optimizers import APE
from selftaught.programs import Predict
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, exact, learner, words

def slow(messages, **settings):
    print("paid", flush=True)
    return learner(messages, **settings)

data = words(48)
with dspy.context(lm=FakeLM(slow, latency=0.02)):
    APE(shots=4).compile(Predict(Speak), trainset=data[:8], valset=data[8:], metric=exact, budget=Budget(calls=600),
                         run_dir=sys.argv[1], concurrency=1, progress=False)
"""


def test_killed_at_any_moment_the_same_command_ends_with_the_same_files(tmp_path):
    """`kill -9`: outcome and figures are those of an uninterrupted run, and no response is paid twice but the one in flight."""
    _, lm = tune(APE(shots=4), tmp_path / "whole", concurrency=1)
    killed, paid = tmp_path / "killed", 0
    for after in (30, 40):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(killed)], stdout=subprocess.PIPE, text=True)
        for _ in range(after):
            assert process.stdout.readline() == "paid\n"
            paid += 1
        process.send_signal(signal.SIGKILL)
        paid += process.stdout.read().count("paid")
        process.wait()
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(killed)], capture_output=True, text=True, check=True)
    paid += done.stdout.count("paid")
    assert lm.calls <= paid <= lm.calls + 2
    with Run(killed) as run, Run(tmp_path / "whole") as other:
        assert [data for _, data in run.events("told")][-1]["rows"] is not None
        for kind in ("asked", "afforded"):
            assert [data for _, data in run.events(kind)] == [data for _, data in other.events(kind)]
        ended, finished = run.events("finished")[-1][1], other.events("finished")[-1][1]
    for name in ("winner", "reason", "gain", "confirmed"):
        assert ended[name] == finished[name]


def test_a_finished_run_runs_again_in_a_fraction_of_the_time(tmp_path):
    lm = FakeLM(learner, latency=0.05)
    times = []
    for _ in range(2):
        started, before = time.perf_counter(), lm.calls
        with dspy.context(lm=lm):
            APE(shots=4).compile(Predict(Speak), budget=Budget(calls=600), run_dir=tmp_path, concurrency=1, **SETTINGS)
        times.append((time.perf_counter() - started, lm.calls - before))
    assert times[1][1] == 0
