"""Every program, a judge and a tuned program on the real local model: what a scripted model cannot show."""

import json
import subprocess
import sys

import dspy
import pytest

import selftaught as st
from selftaught import scope
from selftaught.data import bundled
from selftaught.errors import CallError
from selftaught.ledger import Ledger
from selftaught.loop import run_sync
from selftaught.testing.samples import Survey

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]


class Transform(dspy.Signature):
    """Write the plural of the noun."""

    input: str = dspy.InputField()
    output: str = dspy.OutputField()


PROGRAMS = [
    st.Predict, st.programs.Reasoned, st.programs.SelfRefine, st.programs.Stick, st.programs.SelfPolish, st.programs.LookAgain,
    st.programs.Wait, st.programs.SelfConsistency, st.programs.BestOf, st.programs.Backtrack, st.programs.AskAnswer,
    st.programs.PlanThenExecute, st.programs.Evidence, st.programs.AdaptiveDecoding,
]  # fmt: skip
"""At least one of every core that works on any task."""


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.__name__)
def test_a_program_answers_with_typed_fields_within_its_cost(lm, program):
    built, ledger = program(Transform), Ledger()
    with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
        try:
            prediction = built(input="cat")
        except CallError as error:  # a model of this size may fail to write a checklist; then it says what it wrote
            assert error.raw
            return
    assert isinstance(prediction.output, str)
    assert prediction.output
    assert built.cost().at_least <= ledger.usage.calls <= built.cost().at_most + ledger.usage.truncated


def test_a_structured_answer_is_filled_completely(lm):
    with dspy.context(lm=lm):
        found = st.Predict(Survey)(text="Ulm is a nice town of 130,000 people.", tags=["town", "south"])
    assert found.mood in ("good", "bad")
    assert isinstance(found.score, int)
    assert isinstance(found.place.people, int)


def test_demonstrations_help_and_a_tuned_program_is_the_same_in_a_new_process(lm, tmp_path):
    rows = bundled("plural", Transform)
    shown = st.Predict(Transform)
    shown.demos = rows[:8]
    with dspy.context(lm=lm):
        before = st.evaluate(st.Predict(Transform), rows[8:28], st.judges.Exact("output"), progress=False)
        after = st.evaluate(shown, rows[8:28], st.judges.Exact("output"), progress=False)
        st.save(shown, tmp_path / "plural.st")
        here = shown(input="house").output
    assert after.failed == 0
    assert after.score > before.score
    command = [sys.executable, "-m", "selftaught.cli", "run", str(tmp_path / "plural.st"), "--input", "input=house", "--json"]
    there = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["output"]
    assert there == here


def test_a_judge_of_this_size_is_not_trusted_for_nothing(lm):
    judge = st.judges.Checklist(Transform, questions=["Is the answer the plural form of the noun?"])
    rows = bundled("plural", Transform)[:5]
    with dspy.context(lm=lm):
        trust = judge.trust(st.judges.label_by_construction(Transform, rows), by_construction=True)
    assert trust.n + trust.failed == 10
    assert trust.informative == (trust.auroc is not None and trust.p <= 0.05 and not trust.constant)


JUDGES = {
    "self-j": st.judges.SelfJ,
    "verify": st.judges.Verify,
    "rubric": lambda task: st.judges.Rubric(task, ["It is the plural of the noun."], reasons=False),
    "checklist": lambda task: st.judges.Checklist(task, questions=["Is the answer a word?"]),
    "confidence": lambda task: st.judges.Confidence(task, how="elicited"),
}


@pytest.mark.parametrize("make", JUDGES.values(), ids=list(JUDGES))
def test_a_judge_reads_the_probabilities_of_the_model(lm, make):
    with dspy.context(lm=lm):
        found = make(Transform)(input="cat", output="cats")
    assert 0.0 < found.score < 1.0
    assert len(str(found.score)) > 6, "words alone would give a whole step of the scale"


def test_two_orders_cancel_the_place(lm):
    judge = st.judges.Pairwise(Transform, st.Predict(Transform))
    one, other = {"output": "cats"}, {"output": "dog"}
    with dspy.context(lm=lm):
        forth = run_sync(lambda: judge.prefer({"input": "cat"}, one, other))
        back = run_sync(lambda: judge.prefer({"input": "cat"}, other, one))
    assert forth.chance == pytest.approx(1.0 - back.chance, abs=0.02)


def test_a_comparison_on_the_real_model_says_what_it_knows(lm, tmp_path):
    rows = bundled("plural", Transform)
    shown = st.Predict(Transform)
    shown.demos = rows[:8]
    programs = {"plain": st.Predict(Transform), "shown": shown}
    with dspy.context(lm=lm):
        found = st.compare(programs, rows[8:24], st.judges.Exact("output"), run_dir=tmp_path, progress=False)
    assert found["shown"].score > found["plain"].score
    assert found.advised == ("shown" if found["shown"].to_baseline.better else "plain")
    assert found["shown"].tokens > found["plain"].tokens
