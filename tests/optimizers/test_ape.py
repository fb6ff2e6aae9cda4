"""APE (122) and instruction induction (064): what the papers say must hold."""

import asyncio
import random

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers import APE
from selftaught.optimizers.induction import Inducer, gives_away, tidy
from selftaught.programs import Predict
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Shout, Speak, exact, learner, words


class TestInstructionInduction(OptimizerContract):
    method = "instruction-induction"

    def make(self):
        return APE(shots=0, rounds=0, finalists=100)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('"Write the word in capital letters."', "Write the word in capital letters."),
        ("The instruction was: to write it louder", "Write it louder"),
        ("Probably, most likely to shout.", "Shout."),
        ("tokenize the text", "Tokenize the text"),
        ("Shout it.\nBecause it is fun.", "Shout it."),
        ("", ""),
        ("  **Shout** ", "Shout"),
    ],
)
def test_an_instruction_is_brought_to_normal_form(said, kept):
    assert tidy(said) == kept


@given(hyp.text(max_size=80) | hyp.sampled_from(["to to to x", "the instruction is probably to", '"' * 5 + "abc"]))
def test_the_normal_form_is_final(text):
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        ("WORD3", True),
        ("Write WORD3 for word3.", True),
        ("Write the word in capitals.", False),
        ("one two three four five six of them", True),
    ],
)
def test_an_instruction_that_carries_the_data_is_dropped(text, copies):
    long = dspy.Example(word="zero one two three four five six", shouted="x").with_inputs("word")
    assert gives_away(text, Shout, [*words(5), long]) == copies


def propose(answers, proposals=6):
    lm = FakeLM(lambda messages, **settings: {"instruction": answers[int(str(settings["rollout_id"]).removeprefix("propose"))]})
    with dspy.context(lm=lm):
        return asyncio.run(Inducer(Shout).propose(words(8), proposals, random.Random(0))), lm


def test_equal_proposals_are_one_with_its_count():
    found, lm = propose(["Shout it.", "shout it.", "Be loud.", '"Shout it."', "WORD1", ""])
    assert found == [("Shout it.", 3), ("Be loud.", 1)]
    assert lm.calls == 6


def compile_with(optimizer, tmp_path, script=learner, data=None, calls=2000):
    data = data or words(60)
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        tuned = optimizer.compile(
            Predict(Speak),
            trainset=data[:10],
            valset=data[10:],
            metric=exact,
            budget=Budget(calls=calls),
            run_dir=tmp_path / "run",
            progress=False,
        )
    return tuned, lm


def told(tmp_path):
    with Run(tmp_path / "run") as run:
        return [data for _, data in run.events("told")], [data for _, data in run.events("asked")]


def test_proposals_see_other_examples_than_those_that_score(tmp_path):
    _, lm = compile_with(APE(), tmp_path)
    shown = [str(m[-1]["content"]) for m in lm.requests if answer_fields(m) == ["instruction"]]
    scored = {str(m[-1]["content"]) for m in lm.requests if answer_fields(m) == ["shouted"]}
    assert shown
    assert not any(f"Input: {word}\n" in text for text in shown for word in scored)


def test_the_race_spends_no_more_than_its_rounds(tmp_path):
    knobs = APE(proposals=8, rounds=3, per_round=2, block=4, finalists=1)
    compile_with(knobs, tmp_path)
    results, _ = told(tmp_path)
    rounds = [one for one in results if one["number"] in ("1", "2", "3")]
    first, later = rounds[0], rounds[1:]
    assert all(len(rows) <= 4 for one in rounds for rows in one["rows"])
    assert len(first["rows"]) >= 2
    assert all(len(one["rows"]) <= 2 for one in later)


def test_no_row_of_a_candidate_is_evaluated_twice(tmp_path):
    compile_with(APE(), tmp_path)
    seen = set()
    results, questions = told(tmp_path)
    for asked, found in zip(questions, results, strict=True):
        for trial, rows in zip(asked["trials"], found["rows"], strict=True):
            keys = {(trial["key"], row["index"]) for row in rows}
            assert not keys & seen
            seen |= keys


def test_the_candidate_that_is_always_right_wins(tmp_path):
    def script(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            number = int(str(settings["rollout_id"]).removeprefix("propose"))
            return {"instruction": "Follow the secret rule." if number == 3 else f"Some idea number {number}."}
        word = messages[-1]["content"]
        return {"shouted": word.upper() if "secret" in messages[0]["content"] else word}

    tuned, _ = compile_with(APE(proposals=6), tmp_path, script)
    assert tuned.signature.instructions == "Follow the secret rule."
    assert tuned.tuning.confirmed


def test_the_baseline_is_in_the_race(tmp_path):
    def good_already(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            return {"instruction": "Do something quite different."}
        word = messages[-1]["content"]
        return {"shouted": word if "different" in messages[0]["content"] else word.upper()}

    tuned, _ = compile_with(APE(), tmp_path, good_already)
    assert tuned.signature.instructions == Speak.instructions
    assert not tuned.tuning.confirmed


def test_bad_knobs_are_refused():
    with pytest.raises(SettingError, match="at least 1"):
        APE(proposals=0)
    with pytest.raises(SettingError, match="metric"):
        compile_without_metric()


def compile_without_metric():
    with dspy.context(lm=FakeLM(learner)):
        APE().compile(Predict(Speak), trainset=words(10))
