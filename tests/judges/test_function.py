"""A judge from a function: what the function is given, what it may return, and that its answer is never guessed."""

import asyncio
import copy
import math

import dspy
import pytest

from selftaught.artifact import save
from selftaught.errors import ArtifactError, InputError, SettingError, TaskError
from selftaught.evaluation import evaluate
from selftaught.programs import Predict
from selftaught.programs.judge import FunctionJudge, Panel, SelfJ
from selftaught.testing import FakeLM, JudgeContract
from selftaught.testing.samples import Shout, obliging, words


def loud(example, prediction):
    return sum(letter.isupper() for letter in prediction.shouted) / max(len(prediction.shouted), 1)


class TestFunctionJudge(JudgeContract):
    def make(self, task):
        return FunctionJudge(task, lambda example, prediction: 0.7)

    def test_its_calls_count_as_the_judges(self):
        assert FunctionJudge(Shout, loud).cost().at_most == 0

    def test_answers_alike_after_saving_and_loading(self, tmp_path):
        with pytest.raises(ArtifactError):  # a function is code
            save(FunctionJudge(Shout, loud), tmp_path / "judge.st")
        assert list(tmp_path.iterdir()) == []


def judge(function, shouted="TREE", task=Shout, **settings):
    return FunctionJudge(task, function, **settings)(word="tree", shouted=shouted).verdict


@pytest.mark.parametrize(("shouted", "score", "passed"), [("TREE", 1.0, True), ("TRee", 0.5, True), ("tree", 0.0, False)])
def test_the_functions_number_is_the_score(shouted, score, passed):
    verdict = judge(loud, shouted)
    assert (verdict.score, verdict.passed) == (score, passed)


async def later(example, prediction):
    await asyncio.sleep(0)
    return True


@pytest.mark.parametrize(
    "function",
    [later, lambda e, p: True, lambda e, p, trace=None: trace is None, lambda e, p, t, n, x: 1.0, lambda e, p: dspy.Prediction(score=1.0, feedback="")],
    ids=["asynchronous", "bool", "with a trace", "five arguments", "a prediction"],
)  # fmt: skip
def test_every_form_of_a_metric_serves(function):
    if function.__code__.co_argcount == 5:
        function.__defaults__ = (None, None, None)
    assert judge(function).score == 1.0


def test_its_feedback_becomes_the_reasons():
    assert judge(lambda e, p: {"score": 0.2, "feedback": "Louder!"}).reasons == "Louder!"


@pytest.mark.parametrize("wrong", [1.5, -0.1, math.nan, None, "good", math.inf])
def test_what_is_no_score_is_refused(wrong):
    with pytest.raises(SettingError, match="lambda"):
        judge(lambda example, prediction: wrong)


# --- the labelled answer


def test_without_reference_the_function_never_sees_a_label():
    seen = []

    def spy(example, prediction):
        seen.append(dict(example))
        return 1.0

    with dspy.context(lm=FakeLM(obliging)):
        evaluate(Predict(Shout), words(2), FunctionJudge(Shout, spy), progress=False)
    assert seen == [{"word": "word0"}, {"word": "word1"}]


def test_with_reference_the_function_is_given_the_label_under_the_outputs_name():
    def equal(example, prediction, trace=None):
        return example.shouted == prediction.shouted

    data = [dspy.Example(word="a", shouted="A").with_inputs("word"), dspy.Example(word="b", shouted="?").with_inputs("word")]
    with dspy.context(lm=FakeLM(obliging)):
        found = evaluate(Predict(Shout), data, FunctionJudge(Shout, equal, reference=True), progress=False)
    assert [row.score for row in found.rows] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", 18), ("float", 0.5), ("bool", True), ("list[str]", ["a", "b"]), ("str", "18"), ("dict[str, int]", {"a": 1})],
)
def test_the_label_comes_as_a_value_of_the_outputs_type(kind, value):
    one = FunctionJudge(
        f"question -> answer: {kind}", lambda e, p: e.answer == p.answer and type(e.answer) is type(p.answer), reference=True
    )
    example = dspy.Example(question="?", answer=value).with_inputs("question")
    assert one.metric(example, dspy.Prediction(answer=value)).score == 1.0


def test_a_reference_that_is_no_value_is_refused():
    one = FunctionJudge("question -> answer: int", lambda e, p: True, reference=True)
    with pytest.raises(InputError, match="'many'"):
        one(question="?", answer=3, reference="many")


def test_a_reference_for_several_outputs_and_a_field_of_that_name_are_refused():
    with pytest.raises(SettingError, match="one output"):
        FunctionJudge("question -> answer, why", lambda e, p: True, reference=True)
    with pytest.raises(TaskError, match="reference"):
        FunctionJudge("question, reference -> answer", lambda e, p: True, reference=True)


def test_a_tasks_own_field_called_reference_is_an_input():
    one = FunctionJudge("question, reference -> answer", lambda e, p: float(e.reference == p.answer))
    assert one(question="?", reference="x", answer="x").score == 1.0


# --- with others


def test_it_sits_on_a_panel_beside_a_model():
    with dspy.context(lm=FakeLM(lambda messages, **settings: {"score": 0})):
        verdict = Panel(Shout, [FunctionJudge(Shout, loud), SelfJ(Shout)], aggregate="mean")(word="tree", shouted="TREE").verdict
    assert verdict.score == 0.5


def test_a_function_that_calls_a_model_may_do_so():
    def asks(example, prediction):
        return float(Predict("word -> sure: bool")(word=example.word).sure)

    with dspy.context(lm=FakeLM(lambda messages, **settings: {"sure": True})):
        assert judge(asks).score == 1.0


def test_a_copy_judges_alike():
    one = FunctionJudge(Shout, loud)
    assert copy.deepcopy(one)(word="a", shouted="AA").score == 1.0


def test_it_prefers_the_higher_score():
    found = asyncio.run(FunctionJudge(Shout, loud).prefer({"word": "a"}, {"shouted": "aA"}, {"shouted": "AA"}))
    assert found.better == "second"
