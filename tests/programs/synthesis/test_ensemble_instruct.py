"""Ensemble-Instruct: seeds in two kinds, and each branch of the consensus on written and relabelled outputs."""

import dspy
import pytest

from selftaught.programs import Step
from selftaught.programs.synthesis.ensemble_instruct import OUTPUT_ONLY, TASK, WITH_INPUT, EnsembleInstruct, Relabelled
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.vote.consensus import Consensus
from selftaught.testing import FakeLM, SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, made, words

SEEDS = [
    {"instruction": "Sort these words by their length.", "input": "sun, moon"},
    {"instruction": "Name the language of the text.", "input": "Guten Tag"},
    "Write one sentence about the sea.",
    "Name three fruits that are red.",
]
SCRIPT = by_fields(
    {"tasks": lambda messages, number, **_: [words(number), words(number + 1)]},
    {"input": lambda messages, number, **_: f"given {number}", "output": "the red apple"},
    {"output": lambda messages, number, rollout_id="", **_: "the red apple" if number % 5 else "a red apple"},
)


class TestEnsembleInstruct(SynthesisContract):
    method = "ensemble-instruct-data"

    def make(self):
        return EnsembleInstruct(SEEDS, batch=2)

    def script(self, messages, **settings):
        return SCRIPT(messages, **settings)


def labeler(answer):
    one = Step(TASK)
    one.set_lm(FakeLM(lambda messages, **settings: {"output": answer}, name=f"says {answer}"))
    return one


def consensus(own, *labels):
    stage = Relabelled(Consensus(TASK, generate=[labeler(one) for one in labels]))
    with dspy.context(lm=FakeLM(lambda messages, **settings: "")):
        import asyncio

        (found,) = asyncio.run(stage.run(Row({"instruction": "Do it.", "input": "", "output": own})))
    return None if isinstance(found, Rejected) else found["output"]


@pytest.mark.parametrize(
    ("own", "one", "other", "kept"),
    [
        ("red", "Red.", "blue", "red"),  # the written one, given twice
        ("red", "blue", "Red.", "red"),
        ("red", "blue", "blue", "blue"),  # the labelers agree
        ("the red apple", "a red apple tree", "the red tree", "the red apple"),  # most in common with both
        ("red", "blue", "green", None),  # nothing in common
        ("the red apple", "the red tree", "blue", None),  # two that have nothing in common
        ("", "", "red", None),  # an empty consensus
    ],
)
def test_every_branch_of_the_consensus(own, one, other, kept):
    assert consensus(own, one, other) == kept


def test_the_order_of_labelers_changes_nothing_but_exact_ties():
    texts = ("the red apple here", "the red tree", "a red apple tree")
    assert consensus(texts[0], texts[1], texts[2]) == consensus(texts[0], texts[2], texts[1])


def test_proposals_see_one_kind_and_instances_follow_it():
    seen = []

    def script(messages, **settings):
        seen.append(str(messages[-1]["content"]))
        return SCRIPT(messages, **settings)

    found, _ = made(EnsembleInstruct(SEEDS, batch=2), script, 8)
    first = [text for text in seen if SEEDS[0]["instruction"] in text or SEEDS[2] in text]
    assert first
    assert not any(SEEDS[0]["instruction"] in text and SEEDS[2] in text for text in seen)
    for row in found.rows:
        assert row["kind"] in (WITH_INPUT, OUTPUT_ONLY)
        assert bool(row["input"]) == (row["kind"] == WITH_INPUT)
        assert "examples" not in row.values
        assert 0.0 < row["agreement"] <= 1.0
    assert {row["kind"] for row in found.rows} == {WITH_INPUT, OUTPUT_ONLY}


def test_more_examples_are_shown_where_a_task_needs_an_input():
    many = [{"instruction": words(i), "input": "x"} for i in range(40)] + [words(100 + i) for i in range(40)]
    rows = EnsembleInstruct(many, batch=2).source.begin(0, [], 0)
    assert [len(row["examples"]) for row in rows] == [24, 10]
