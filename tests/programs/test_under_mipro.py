"""One program of every core under DSPy's MIPROv2: it finds each step, tunes it, and the program still answers, saves and loads."""

import contextlib
import io

import dspy
import pytest

import selftaught as st
from selftaught import programs
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging, words

CORES = {
    "refine": lambda task: programs.SelfRefine(task),
    "look again": lambda task: programs.LookAgain(task),
    "vote": lambda task: programs.SelfConsistency(task, samples=2),
    "best of": lambda task: programs.BestOf(task, samples=2),
    "search": lambda task: programs.StepSearch(task, branch=2, growths=2, steps=2),
    "locate": lambda task: programs.Backtrack(task),
    "ask and compose": lambda task: programs.AskAnswer(task),
    "plan": lambda task: programs.PlanThenExecute(task),
    "demonstrate": lambda task: programs.SelfDemonstrations(task, shots=1),
    "route": lambda task: programs.Route(task, {"plain": "", "loud": "Be loud."}),
    "focus": lambda task: programs.Evidence(task),
    "code": lambda task: programs.SecondLook(task),
    "act": lambda task: programs.Act(task, environment="rooms"),
    "converse": lambda task: programs.Dialogue(task),
    "chain": lambda task: (
        st.Predict(task) >> st.programs.Step(st.signatures.critique_of(task)) >> st.programs.Step(st.signatures.refine_of(task))
    ),
}


@pytest.mark.parametrize("core", CORES)
def test_mipro_tunes_the_steps_of_every_core(core, tmp_path):
    with dspy.context(lm=FakeLM(obliging)), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        program = CORES[core](Shout)
        optimizer = dspy.MIPROv2(
            metric=lambda example, prediction, trace=None: example.shouted == prediction.shouted,
            auto=None, num_candidates=2, max_bootstrapped_demos=1, max_labeled_demos=1, num_threads=2, verbose=False,
        )  # fmt: skip
        tuned = optimizer.compile(
            program, trainset=words(4), valset=words(4), num_trials=2, minibatch=False,
            program_aware_proposer=False, data_aware_proposer=False, tip_aware_proposer=False, fewshot_aware_proposer=False,
        )  # fmt: skip
        assert [name for name, _ in tuned.named_predictors()] == [name for name, _ in program.named_predictors()]
        answer = tuned(word="tree").shouted
        st.save(tuned, tmp_path / "tuned.st")
        assert st.load(tmp_path / "tuned.st")(word="tree").shouted == answer
