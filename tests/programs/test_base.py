"""What holds of every program: the task's own outputs stay what they are, and an optional input may be left out."""

from typing import Literal

import dspy
import pytest

from selftaught.evaluation import evaluate
from selftaught.programs import (
    AskAnswer,
    Chain,
    Compress,
    CoThink,
    CrossCheck,
    Evidence,
    LanguageVote,
    Peer,
    Predict,
    Refine,
    ReflectAndRetry,
    Selective,
    SelfExplanation,
    SelfPolish,
    TreeInstruct,
    Vote,
)
from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM
from selftaught.testing.samples import obliging


class Recipe(dspy.Signature):
    """Say how it is done."""

    dish: str = dspy.InputField()
    steps: list[str] = dspy.OutputField()


class Hinted(dspy.Signature):
    """Name the colour."""

    thing: str = dspy.InputField()
    hint: str = dspy.InputField(default="")
    remarks: list[str] = dspy.InputField(default=[])
    colour: Literal["red", "green"] = dspy.OutputField()


class Refuses(Judge):
    """Passes nothing."""

    async def verdict(self, inputs, outputs):
        return Verdict(score=0.0, passed=False)

    def cost(self):
        return Calls(0, 0)


@pytest.mark.parametrize("make", [Vote, Refine, lambda task: Vote(task, samples=2, generate=Refine(task, rounds=0))])
def test_an_output_named_steps_is_the_answer_and_not_the_trace(make):
    with dspy.context(lm=FakeLM(obliging)):
        found = make(Recipe)(dish="soup")
    assert found.steps == ["Read.", "Write."]


def test_the_rows_of_an_evaluation_hold_an_output_named_steps_and_no_trace():
    examples = [dspy.Example(dish="soup", shouted="").with_inputs("dish")]
    with dspy.context(lm=FakeLM(obliging)):
        own = evaluate(Vote(Recipe), examples, lambda example, prediction: 1.0, progress=False)
        other = evaluate(Vote("dish -> shouted"), examples, lambda example, prediction: 1.0, progress=False)
    assert own.rows[0].answers[0]["steps"] == ["Read.", "Write."]
    assert "steps" not in other.rows[0].answers[0]


@pytest.mark.parametrize(
    ("make", "name"), [(AskAnswer, "pairs"), (CoThink, "tokens"), (lambda task: Selective(task, least=0.0), "handed_on")]
)
def test_an_output_named_like_what_a_program_tells_keeps_its_value(make, name):
    with dspy.context(lm=FakeLM(obliging)):
        found = make(f"question -> {name}")(question="q")
    assert found[name] == "yes"


def test_a_stage_may_write_a_field_of_any_name():
    with dspy.context(lm=FakeLM(obliging)):
        found = Chain(["question -> source", "source -> answer"])(question="q")
    assert (found.source, found.answer) == ("yes", "yes")


def test_what_another_program_answers_may_be_called_declined():
    with dspy.context(lm=FakeLM(obliging)):
        found = Selective("question -> declined", least=0.0, otherwise=Predict("question -> declined"))(question="q")
    assert found.declined == "yes"


@pytest.mark.parametrize(
    "make",
    [
        SelfPolish,
        LanguageVote,
        SelfExplanation,
        lambda task: TreeInstruct(task, hidden=["hint"], questions=1),
        lambda task: ReflectAndRetry(task, kind="advice", choices="remarks", verifier=Refuses(task)),
        lambda task: Peer(task, rounds=1, documents="remarks"),
        lambda task: Compress(task, context="remarks"),
        lambda task: Evidence(task, context="remarks"),
    ],
)
def test_an_optional_input_may_be_left_out(make):
    with dspy.context(lm=FakeLM(obliging)):
        found = make(Hinted)(thing="grass")
    assert found.colour in ("red", "green")


def test_a_solution_without_cases_of_the_input_is_run_in_written_ones_only():
    assert CrossCheck(Hinted, given="remarks").cases({"thing": "grass"}) == []
