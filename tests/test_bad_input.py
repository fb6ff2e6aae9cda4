"""What makes no sense is refused before anything is paid, with an error of ours that names it."""

import dspy
import pytest

import selftaught as st
from selftaught.errors import SelftaughtError
from selftaught.testing import FakeLM
from selftaught.testing.samples import obliging, words

TASK = "word -> shouted"
judges = st.judges


def pair():
    return {"a": st.Predict(TASK), "b": st.Predict(TASK)}


def compared(programs=None, data=None, metric="exact", **settings):
    return st.compare(programs or pair(), data or words(2), judges.Exact() if metric == "exact" else metric, **settings)


CASES = {
    "criteria are no list": (lambda: judges.Rubric(TASK, None), "criteria"),
    "a criterion is no text": (lambda: judges.Rubric(TASK, [1]), r"criteria\[0\]"),
    "a scale of text": (lambda: judges.Rating(TASK, levels="5"), "levels"),
    "samples of text": (lambda: judges.Rating(TASK, samples="2"), "samples"),
    "judges are no list": (lambda: judges.Panel(TASK, None), "judges"),
    "a judge is a class": (lambda: judges.Panel(TASK, [judges.Verify]), r"judges\[0\]"),
    "a question is no text": (lambda: judges.Checklist(TASK, questions=[1]), r"questions\[0\]"),
    "no function": (lambda: judges.FunctionJudge(TASK, None), "function"),
    "no opponent": (lambda: judges.Pairwise(TASK, "x"), "against"),
    "constraints are no list": (lambda: judges.Constraints(TASK, None), "constraints"),
    "labelled answers are no list": (lambda: judges.Verify(TASK).trust(None), "labelled"),
    "labelled answers are dictionaries": (lambda: judges.Verify(TASK).trust([{"word": "a", "good": True}]), "Labelled answer 0"),
    "nothing labelled": (lambda: judges.Verify(TASK).calibrate([]), "no labelled"),
    "solved examples are no list": (lambda: judges.label_by_construction(TASK, None), "Solved examples"),
    "a rubric to repair is no list": (lambda: judges.repair_criteria(None, TASK), "criteria"),
    "programs in a list": (lambda: compared(list(pair().values())), "programs"),
    "a program is text": (lambda: compared({"a": "x", "b": st.Predict(TASK)}), r"programs\['a'\]"),
    "a program is a class": (lambda: compared({"a": st.Predict, "b": st.Predict(TASK)}), r"programs\['a'\]"),
    "data are a number": (lambda: compared(data=5), "The data are 5"),
    "data are dictionaries": (lambda: compared(data=[{"word": "a"}]), "Example 0"),
    "no metric": (lambda: compared(metric=None), "metric"),
    "a level of text": (lambda: compared(delta="x"), "delta"),
    "a budget is a number": (lambda: compared(budget=5), "budget=5"),
    "a budget of an evaluation is a number": (lambda: st.evaluate(pair()["a"], words(2), judges.Exact(), budget=5), "budget=5"),
    "a budget of tuning is a number": (
        lambda: st.optimizers.APE(judges.Exact()).compile(pair()["a"], trainset=words(8), budget=5), "budget=5",
    ),
    "nothing to diagnose": (lambda: st.diagnose(TASK, []), "no examples"),
    "no data to diagnose": (lambda: st.diagnose(TASK, None), "The data are None"),
    "an unknown part": (lambda: st.diagnose(TASK, words(2), parts=["gapp"]), "gap"),
    "no audit": (lambda: st.optimizers.APE(judges.Exact(), audit=5), "5"),
    "no guard": (lambda: st.optimizers.APE(judges.Exact(), guards=["x"]), "guards"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), CASES.values(), ids=list(CASES))
def test_it_is_refused_by_name_and_costs_nothing(make, said):
    lm = FakeLM(obliging)
    with dspy.context(lm=lm), pytest.raises(SelftaughtError, match=said):
        make()
    assert lm.calls == 0
