"""Self-Ask: the contract, when it stops, and where its answers come from; and the gap that it narrows."""

import pytest

from selftaught.programs import Predict
from selftaught.programs.decompose import SelfAsk, compositionality_gap
from selftaught.testing import ProgramContract, answer_fields
from selftaught.testing.samples import Shout
from tests.programs.decompose.test_core import asked_for, model, run


class TestSelfAsk(ProgramContract):
    method = "self-ask"

    def make(self, task):
        return SelfAsk(task)


def steps(lm):
    return ["".join(answer_fields(m)[:1]) for m in lm.requests]


def test_it_stops_where_no_question_is_needed():
    lm = model(follow_ups=["A?", "B?", None, "C?"])
    found = run(SelfAsk(Shout), lm)
    assert steps(lm) == ["needed", "reply", "needed", "reply", "needed", "shouted"]
    assert [pair["question"] for pair in found.pairs] == ["A?", "B?"]


@pytest.mark.parametrize("questions", [1, 2, 4])
def test_it_stops_after_the_most_questions_and_composes_anyway(questions):
    lm = model(follow_ups=[f"Q{number}?" for number in range(9)])
    found = run(SelfAsk(Shout, questions=questions), lm)
    assert (len(found.pairs), lm.calls) == (questions, 2 * questions + 1)


def test_a_question_that_repeats_ends_the_asking():
    lm = model(follow_ups=["A?", " a ", "B?"])
    assert [pair["question"] for pair in run(SelfAsk(Shout), lm).pairs] == ["A?"]


def test_the_next_question_is_asked_seeing_the_answers():
    lm = model(follow_ups=["A?", "B?", None], replies={"A?": "ay"})
    run(SelfAsk(Shout), lm)
    assert ["A? ay" in text for text in asked_for(lm, "needed")] == [False, True, True]


def test_with_a_search_every_answer_is_its_own_verbatim_and_nothing_found_is_marked():
    lm = model(follow_ups=["A?", "B?", None], replies={"B?": "from memory"})
    found = run(SelfAsk(Shout, retriever=lambda question: [" The exact Text. ", "more"] if question == "A?" else []), lm)
    assert [(pair["answer"], pair["source"]) for pair in found.pairs] == [
        ("The exact Text.", "search"),
        ("from memory", "memory"),
    ]
    assert len(asked_for(lm, "reply")) == 1


def test_no_question_needed_costs_no_search_and_is_the_plain_task():
    searched = []
    lm, plain = model(follow_ups=[None]), model()
    run(SelfAsk(Shout, retriever=searched.append), lm)
    run(Predict(Shout), plain)
    assert (searched, lm.requests[-1]) == ([], plain.requests[0])


def test_the_gap_counts_only_questions_whose_parts_are_all_right():
    right, wrong = True, False
    items = [([right, right], wrong), ([right, right], right), ([right, wrong], wrong), ([wrong], wrong), ([], wrong)]
    assert compositionality_gap(items) == 0.5


def test_the_gap_is_unknown_where_no_question_has_all_parts_right():
    assert compositionality_gap([([True, False], False), ([], True)]) is None
