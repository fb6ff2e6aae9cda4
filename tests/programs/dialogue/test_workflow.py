"""Workflows: the graph, and how much of it was said."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.dialogue.workflow import Workflow, recall

BOOKING = [
    {
        "name": "greet",
        "says": "Welcome, do you want to book or to cancel?",
        "then": [["wants to book", "day"], ["wants to cancel", "number"]],
    },
    {"name": "day", "says": "Which day would suit you best?", "then": [["names a day", "people"]]},
    {"name": "people", "says": "How many people will come along?", "then": [["names a number", "done"]]},
    {"name": "number", "says": "Please tell me the number of your booking.", "then": [["tells it", "done"]]},
    {"name": "done", "says": "Everything is settled, thank you very much!"},
]
SAYS = {node["name"]: node["says"] for node in BOOKING}


def said(*names):
    return [SAYS[name] for name in names]


def test_all_ways_to_the_end_are_found():
    assert Workflow(BOOKING).paths == [["greet", "day", "people", "done"], ["greet", "number", "done"]]


def test_repeating_a_way_word_for_word_scores_1_and_silence_0():
    workflow = Workflow(BOOKING)
    assert workflow.done(said("greet", "day", "people", "done")) == (4, 1.0)
    assert workflow.done(said("greet", "number", "done")) == (3, 1.0)
    assert workflow.done([]) == (0, 0.0)
    assert workflow.done(["Hello there.", "Nice weather."]) == (0, 0.0)


def test_the_order_counts():
    workflow = Workflow(BOOKING)
    assert workflow.done(said("done", "people", "day", "greet"))[0] == 1
    assert workflow.done([" ".join(said("greet", "day", "people", "done"))])[0] == 4


def test_a_further_subgoal_never_lowers_the_score():
    workflow, draws = Workflow(BOOKING), random.Random(0)
    for _ in range(50):
        turns = [draws.choice([*SAYS.values(), "Hm.", "I see."]) for _ in range(draws.randint(0, 6))]
        for name in SAYS:
            assert workflow.done([*turns, *said(name)])[1] >= workflow.done(turns)[1]


def test_a_rephrased_question_counts_where_half_of_its_words_are_there():
    workflow = Workflow(BOOKING)
    assert workflow.done(["Hello and welcome, do you want to book?"])[0] == 1
    assert workflow.done(["Hello?"])[0] == 0


def test_recall_counts_words_in_order():
    assert recall("the cat sat", "the cat sat down") == 0.75
    assert recall("sat cat the", "the cat sat") == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([{"name": "a", "says": "A?", "then": [["yes", "bb"]]}, {"name": "b", "says": "B."}], "'b'"),
        ([{"name": "a", "says": "A?", "then": [["yes", "a"]]}], "no way"),
        ([], "no way"),
        ([{"name": "a", "say": "A?"}], "expected"),
        ([{"name": "a", "says": "?!"}], "something to say"),
        ([{"name": "a", "says": "A."}, {"name": "a", "says": "B."}], "of its own"),
        ([{"name": "a", "says": "A?", "then": {"yes": "a"}}], "expected"),
        ({"a": {"says": "A?"}}, "expected"),
        (3, "expected"),
    ],
)
def test_a_workflow_that_makes_no_sense_is_refused(nodes, says):
    with pytest.raises(SettingError, match=says):
        Workflow(nodes)


def test_a_loop_is_passed_once():
    again = {"name": "people", "says": "How many?", "then": [["another day", "day"], ["a number", "done"]]}
    looping = [again if node["name"] == "people" else node for node in BOOKING]
    assert ["greet", "day", "people", "done"] in Workflow(looping).paths
