"""The plan core: the contract, and how a plan reaches whoever carries it out."""

import dspy
import pytest

from selftaught.errors import CallError, SettingError, TaskError
from selftaught.programs import Predict
from selftaught.programs.plan import PlanThenExecute, SelfPlanning
from selftaught.programs.reason import Reasoned
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestPlanAndSolve(ProgramContract):
    method = "plan-and-solve"

    def make(self, task):
        return PlanThenExecute(task, mode="one_phase", work="reasoning")


class TestSelfPlanning(ProgramContract):
    method = "self-planning"

    def make(self, task):
        return SelfPlanning(task)


class TestStepByStep(ProgramContract):
    def make(self, task):
        return PlanThenExecute(task, plan=["Read it.", "Write it."], mode="per_step", work="filled")


def planning(plan, filled=()):
    """A model that makes this plan; it says what it did at each step, and shouts."""

    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["plan"]:
            return {"plan": list(plan)}
        if asked == ["result"]:
            return {"result": f"did {messages[-1]['content'].rpartition('step: ')[2]}"}
        return {"shouted": "TREE", "reasoning": "so", "filled": list(filled), "plan": list(plan)}

    return FakeLM(script, retries=0)


def run(program, lm, **inputs):
    with dspy.context(lm=lm):
        return program(**(inputs or {"word": "tree"}))


class Made(dspy.Module):
    """A planner from elsewhere."""

    def __init__(self, plan):
        super().__init__()
        self.plan = plan

    async def aforward(self, word):
        return dspy.Prediction(plan=self.plan)


def test_the_plan_reaches_the_answer_exactly_once_beside_the_untouched_input():
    lm = planning(["Read {it}.", 'Write "it" big.'])
    found = run(SelfPlanning(Shout), lm)
    shown = lm.requests[1][-1]["content"]
    assert lm.calls == 2
    assert found.plan == ["Read {it}.", 'Write "it" big.']
    assert (shown.count("Read {it}."), shown.count("big.")) == (1, 1)
    assert "word: tree" in shown


def test_a_planner_from_elsewhere_is_used_as_it_is():
    lm = planning(["never"])
    found = run(PlanThenExecute(Shout, planner=Made(["Look.", "Shout."])), lm)
    assert (found.plan, lm.calls) == (["Look.", "Shout."], 1)


@pytest.mark.parametrize("plan", [[" ", ""], ["```python\nx = 1\n```"], ["def f(xs):", "return sum(xs)"]])
@pytest.mark.parametrize(("work", "plain"), [("none", Predict), ("reasoning", Reasoned), ("filled", Predict)])
def test_an_empty_plan_is_plain_generation(plan, work, plain):
    lm, other = planning([]), planning([])
    run(PlanThenExecute(Shout, planner=Made(plan), work=work), lm)
    run(plain(Shout), other)
    assert lm.requests == other.requests


def test_no_step_holds_code_or_repeats_or_is_numbered():
    found = run(SelfPlanning(Shout), planning(["1. Read.", "- read", "```code```", "Step 2: Write."]))
    assert found.plan == ["Read.", "Write."]


def test_a_given_plan_takes_no_planning():
    lm = planning(["never"])
    found = run(PlanThenExecute(Shout, plan=["Shout."]), lm)
    assert (found.plan, lm.calls) == (["Shout."], 1)


def test_step_by_step_each_step_sees_what_is_done_and_the_last_one_answers():
    lm = planning(["A.", "B.", "C."])
    found = run(PlanThenExecute(Shout, mode="per_step"), lm)
    assert lm.calls == 4
    assert found.done == ["A. did A.", "B. did B."]
    first, second, last = (m[-1]["content"] for m in lm.requests[1:])
    assert "did A." not in first
    assert "did A." in second and "did B." not in second
    assert "did B." in last


def test_in_one_phase_plan_and_answer_come_in_one_call():
    lm = planning(["A.", "B."])
    found = run(PlanThenExecute(Shout, mode="one_phase", work="reasoning"), lm)
    assert (found.plan, found.reasoning, lm.calls) == (["A.", "B."], "so", 1)
    assert answer_fields(lm.requests[0]) == ["plan", "reasoning", "shouted"]


def test_steps_without_an_entry_are_reported():
    found = run(PlanThenExecute(Shout, work="filled"), planning(["A.", "B.", "C."], filled=["a", " "]))
    assert (found.filled, found.unfilled) == (["a", " "], ["B.", "C."])


def test_a_structured_task_is_planned_and_carried_out():
    found = run(PlanThenExecute(Survey, mode="per_step", work="reasoning"), FakeLM(obliging), **SURVEY_INPUT)
    assert (found.mood, found.place.town) == ("good", "Ulm")


def test_a_task_with_reasoning_of_its_own_keeps_it():
    found = run(PlanThenExecute("word -> reasoning, shouted", work="reasoning"), planning(["A."]))
    assert (found.reasoning, found.shouted) == ("so", "TREE")


def test_a_planner_without_an_answer_fails_the_row():
    with pytest.raises(CallError):
        run(
            SelfPlanning(Shout),
            FakeLM(lambda messages, **settings: "garbage" if answer_fields(messages) == ["plan"] else {"shouted": "X"}),
        )


@pytest.mark.parametrize(
    ("knobs", "cost"),
    [({}, (2, 2)), ({"mode": "one_phase"}, (1, 1)), ({"mode": "per_step"}, (2, 9)), ({"plan": ["A.", "B."]}, (1, 1)), ({"plan": ["A.", "B."], "mode": "per_step"}, (2, 2))],
)  # fmt: skip
def test_the_cost_has_exact_bounds(knobs, cost):
    found = PlanThenExecute(Shout, **knobs).cost()
    assert (found.at_least, found.at_most) == cost


@pytest.mark.parametrize(
    "knobs",
    [
        {"mode": "three"},
        {"work": "hard"},
        {"plan": ["A."], "mode": "one_phase"},
        {"plan": ["A."], "planner": Made([])},
        {"plan": "A.", "planner": Made([])},
        {"plan": [7]},
    ],
)
def test_settings_that_make_no_sense_are_refused(knobs):
    with pytest.raises(SettingError):
        PlanThenExecute(Shout, **knobs)


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        ("plan -> answer", {}),
        ("question -> plan", {}),
        ("step -> answer", {"mode": "per_step"}),
        ("question -> filled", {"work": "filled"}),
    ],
)
def test_a_task_that_uses_the_names_of_the_steps_is_refused(task, knobs):
    with pytest.raises(TaskError, match="Rename"):
        PlanThenExecute(task, **knobs)
