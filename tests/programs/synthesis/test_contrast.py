"""Contrasts: a stronger way of answering against a weaker one, and when the teacher is asked."""

import dspy
import pytest

from selftaught.errors import DataError
from selftaught.programs import Predict
from selftaught.programs.judge.base import Judge
from selftaught.programs.reason import Reasoned
from selftaught.programs.synthesis.contrast import ContrastPairs, SelfReinforcement
from selftaught.programs.synthesis.pair_choice import AGAINST
from selftaught.signatures import Comparison
from selftaught.testing import SynthesisContract, answer_fields
from tests.programs.synthesis.test_pairs import Rated, run
from tests.programs.synthesis.test_sample_verify_keep import SUMS


class TestContrast(Rated, SynthesisContract):
    method = "self-refine-it"

    def make(self):
        return ContrastPairs(SUMS, samples=2)


class TestSelfReinforcement(SynthesisContract):
    method = "self-reinforcement"

    def make(self):
        return SelfReinforcement(SUMS)

    def script(self, messages, **settings):
        if answer_fields(messages) == ["better"]:
            text = str(messages[-1]["content"])
            return {"better": "first" if text.index("newer") < text.index("older") else "second"}
        return super().script(messages, **settings) | {"answer": "newer" if "reasoning" in answer_fields(messages) else "older"}


class Prefers(Judge):
    """Prefers the answer that holds a word."""

    def __init__(self, word):
        super().__init__("question -> answer")
        self.word, self.asked = word, 0

    async def prefer(self, inputs, first, second):
        self.asked += 1
        return Comparison(
            better="first" if self.word in first["answer"] else "second" if self.word in second["answer"] else "tie"
        )

    def cost_of_preference(self):
        return super().cost()


def ways(strong, weak, taught="1"):
    def script(messages, **settings):
        reasons = "reasoning" in answer_fields(messages)
        if "TEACH" in str(messages[0]["content"]):
            return {"reasoning": "Taught.", "answer": taught}
        turn = int(str(settings.get("rollout_id") or "draw0").split("draw")[1])
        return {"reasoning": f"Strong {turn}.", "answer": strong[turn % len(strong)]} if reasons else {"answer": weak}

    return script


def test_a_right_reasoned_answer_is_chosen_over_the_plain_one():
    (row,) = run(ways(["7", "1"], "1"), kind=ContrastPairs, samples=2)[0].rows
    assert (row["chosen"], row["rejected"]) == ("Strong 1.\nanswer: 1", "1")
    assert (row["source_chosen"], row["source_rejected"]) == ("own", AGAINST)


def test_where_no_answer_is_right_the_teachers_is_chosen_if_it_is_right():
    teacher = Reasoned(dspy.Signature("question -> answer", "TEACH it."))
    (row,) = run(ways(["7"], "8"), kind=ContrastPairs, teacher=teacher)[0].rows
    assert (row["source_chosen"], row["chosen"]) == ("teacher", "Taught.\nanswer: 1")
    assert run(ways(["7"], "8", taught="9"), kind=ContrastPairs, teacher=teacher)[0].rows == []
    _, lm = run(ways(["1"], "8"), kind=ContrastPairs, teacher=teacher)
    assert not any("TEACH" in str(request) for request in lm.requests)
    assert run(ways(["7"], "8"), kind=ContrastPairs)[0].rejected == {("pair", "no two answers of different worth"): 1}


def test_the_newer_models_answer_is_chosen_only_where_it_is_preferred():
    judge = Prefers("new")
    (row,) = run(ways(["new"], "old"), kind=SelfReinforcement, confirm=judge)[0].rows
    assert (row["chosen"].splitlines()[-1], row["rejected"]) == ("answer: new", "old")
    for strong, weak in ((["old"], "new"), (["old"], "older")):
        assert run(ways(strong, weak), kind=SelfReinforcement, confirm=judge)[0].rejected == {
            ("pair", "the judge does not prefer it"): 1
        }


def test_the_same_text_makes_no_pair_and_is_not_judged():
    judge = Prefers("x")
    task = "question -> answer"
    found, _ = run(ways([""], "same"), kind=SelfReinforcement, strong=Predict(task), weak=Predict(task), confirm=judge)
    assert (found.rows, judge.asked) == ([], 0)


def test_the_newer_model_sees_the_labelled_examples_and_none_of_them_is_among_the_others():
    _, lm = run(
        ways(["new"], "old"),
        kind=SelfReinforcement,
        labelled=[{**SUMS[3], "reasoning": "Three and four."}],
        confirm=Prefers("new"),
    )
    assert sum("Three and four." in str(request) for request in lm.requests) == 1
    with pytest.raises(DataError, match="labelled"):
        SelfReinforcement(SUMS, labelled=SUMS[:1])
