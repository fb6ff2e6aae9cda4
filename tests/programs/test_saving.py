"""Programs made of programs come back from a file as they were: their order, what they share, and their types."""

from typing import Annotated

import dspy
import pytest
from pydantic import BaseModel, Field

from selftaught.artifact import load, save
from selftaught.programs import Chain, Parallel, Predict, Refine, Route, Selective, Step, Vote
from selftaught.programs.judge import Verify
from selftaught.signatures import refine_of
from selftaught.testing import FakeLM
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class Verdict(BaseModel):
    why: str
    answer: str


class Ask(dspy.Signature):
    """Answer with a reason."""

    question: str = dspy.InputField()
    verdict: Verdict = dspy.OutputField()


class Check(dspy.Signature):
    """Say whether the reason is good."""

    verdict: Verdict = dspy.InputField()
    good: bool = dspy.OutputField()


def again(program, tmp_path):
    return load(save(program, tmp_path / "program.st"))


def requests_of(program, script=obliging, **inputs):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        program(**inputs)
    return lm.requests


def test_branches_keep_their_names_whatever_the_alphabet_says(tmp_path):
    program = Parallel({"short": Predict("question -> answer"), "long": Predict("question -> answer")})
    for branch, said in zip(program.branches, ("Be short.", "Be long."), strict=True):
        branch.signature = branch.signature.with_instructions(said)
    with dspy.context(lm=FakeLM(lambda messages, **settings: {"answer": messages[0]["content"].splitlines()[0]})):
        found = again(program, tmp_path)(question="q")
    assert (found.short_answer, found.long_answer) == ("Be short.", "Be long.")


def test_the_fields_of_a_model_are_asked_for_in_their_order(tmp_path):
    program = Predict(Ask)
    program.demos = [dspy.Example(question="a", verdict=Verdict(why="b", answer="c"))]

    def script(messages, **settings):
        return {"verdict": {"why": "so", "answer": "yes"}}

    assert requests_of(again(program, tmp_path), script, question="q") == requests_of(program, script, question="q")


def shared():
    judge, step = Verify(Shout), Predict(Shout)
    yield "vote", Vote(Shout, accept=judge, weigh=judge)
    yield "refine", Refine(Shout, critic=judge, accept=judge)
    yield "generators", Vote(Shout, generate=[step, step])
    yield "experts", Route(Shout, {"b": step, "a": step})
    yield "stages", Chain([Predict("word -> word2"), Parallel({"x": step, "y": step})])
    yield "nested", Selective(Shout, judge=judge, generate=step, otherwise=Refine(Shout, critic=judge, generate=step))


@pytest.mark.parametrize("program", [pytest.param(one, id=name) for name, one in shared()])
def test_a_part_that_is_used_twice_stays_one_part(program, tmp_path):
    loaded = again(program, tmp_path)
    assert [name for name, _ in loaded.named_predictors()] == [name for name, _ in program.named_predictors()]
    assert requests_of(loaded, word="tree") == requests_of(program, word="tree")


def test_stages_that_hand_on_a_model_can_be_loaded(tmp_path):
    program = Chain([Ask, Check])
    loaded = again(program, tmp_path)
    said = [{"verdict": {"why": "so", "answer": "yes"}}, {"good": True}]
    for one in (program, loaded):
        left = iter(said)
        with dspy.context(lm=FakeLM(lambda messages, left=left, **settings: next(left))):
            assert one(question="q").good is True


def test_a_loaded_reviser_still_sees_that_nothing_was_changed(tmp_path):
    program = Refine(Survey, rounds=3, reviser=Step(refine_of(Survey, "Write it again.")), select="newest best")
    assert requests_of(again(program, tmp_path), **SURVEY_INPUT) == requests_of(program, **SURVEY_INPUT)
    loaded = load(save(program, tmp_path / "program.st"), task=Survey)
    assert requests_of(loaded, **SURVEY_INPUT) == requests_of(program, **SURVEY_INPUT)


class Note(BaseModel):
    text: Annotated[str, Field(max_length=20)]
    stars: int = Field(ge=1, le=5)


class Noted(dspy.Signature):
    """Note what is in the word."""

    word: str = dspy.InputField()
    note: Note = dspy.OutputField()
    others: list[Annotated[str, Field(max_length=9)]] = dspy.OutputField()


def test_the_limits_inside_models_and_lists_are_still_asked_for(tmp_path):
    program, asked = Predict(Noted), []

    def script(messages, response_format, **settings):
        asked.append(response_format)
        return {"note": {"text": "short", "stars": 1}, "others": []}

    for one in (program, again(program, tmp_path)):
        requests_of(one, script, word="tree")
    assert asked[0] == asked[1]
