"""Plans from the past: the contract; the graph's promises, and a plan that nobody carried out as a whole."""

from itertools import pairwise

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs import Predict
from selftaught.programs.retrieve.graph import InstructionGraph, Past
from selftaught.programs.retrieve.planned import PlansFromPast
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import Shout, obliging

HALVES = [
    Past("from kitchen to hall", ("open the kitchen door", "walk along the corridor", "stand in the hall")),
    Past("from hall to garden", ("stand in the hall", "unlock the terrace", "step on the lawn")),
    Past("repair a bicycle", ("find tools", "mend the chain")),
]
ROUTE = [*HALVES[0].steps, *HALVES[1].steps[1:]]
PAST = [{"task": one.task, "steps": list(one.steps)} for one in HALVES]


class TestPlansFromPast(ProgramContract):
    method = "instructrag-graph"

    def make(self, task):
        return PlansFromPast(task, [*PAST, {"task": "tree", "steps": ["shout"]}])


def test_two_halves_make_a_plan_for_a_third_task():
    assert ROUTE in InstructionGraph(HALVES).paths("from kitchen to garden", 3)
    assert InstructionGraph(HALVES).paths("from kitchen to garden", 1) == [ROUTE]


def test_a_past_task_gives_its_own_sequence_first():
    for one in HALVES:
        assert InstructionGraph(HALVES).paths(one.task, 1) == [list(one.steps)]


def test_without_merging_only_past_sequences_are_plans():
    graph = InstructionGraph(HALVES, alike=1.0)
    assert len(graph.nodes) == sum(len(one.steps) for one in HALVES)
    logged = [list(one.steps) for one in HALVES]
    for asked in ("from kitchen to garden", "hall", "bicycle chain"):
        assert all(path in logged for path in graph.paths(asked, 9, 0.0))


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.6, 0.9])
def test_every_edge_was_walked_and_every_plan_is_connected(alike):
    graph = InstructionGraph(HALVES, alike)
    walked = {(one, other) for nodes in graph.sequences for one, other in pairwise(nodes)}
    assert {(one, other) for one, others in graph.edges.items() for other in others} == walked
    shown = {steps[0]: number for number, steps in enumerate(graph.nodes)}
    for path in graph.paths("from kitchen to garden", 9, 0.0):
        numbers = [shown[step] for step in path]
        assert all(pair in walked for pair in pairwise(numbers))


def test_a_lower_threshold_never_gives_more_nodes():
    steps = ("open the door", "open a door", "shut a door", "shut a window", "clean a window", "clean the floor")
    past = [Past("p", steps), Past("q", steps[::-1])]
    sizes = [len(InstructionGraph(past, alike).nodes) for alike in (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.99, 1.0)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1, 12)


def test_a_loop_and_a_long_past_sequence_are_told_as_they_were():
    loop = Past("polish", ("wipe", "look", "wipe", "stop"))
    long = Past("count", tuple(f"say number {word}" for word in "abcdefghijklmnop"))
    graph = InstructionGraph([loop, long], alike=0.999)
    assert list(loop.steps) in graph.paths("polish", 5)
    assert list(long.steps) in graph.paths("count", 5)


@pytest.mark.parametrize("settings", [{"past": []}, {"past": PAST, "most": 0}, {"past": PAST, "least": 1.0}])
def test_without_a_plan_it_is_the_plain_program(settings):
    lm, plain = FakeLM(obliging), FakeLM(obliging)
    with dspy.context(lm=lm):
        assert PlansFromPast(Shout, **settings)(word="zebra").plans == []
    with dspy.context(lm=plain):
        Predict(Shout)(word="zebra")
    assert lm.requests == plain.requests


def test_the_plans_are_shown_step_by_step():
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        found = PlansFromPast("order -> answer", PAST, most=1)(order="from kitchen to garden")
    assert found.plans == [ROUTE]
    assert " -> ".join(ROUTE) in lm.requests[0][-1]["content"]


@pytest.mark.parametrize(
    "settings",
    [{"past": [{"task": "t", "steps": []}]}, {"past": [{"steps": ["a"]}]}, {"past": ["x"]}, {"alike": 2.0}, {"least": -1.0}],
)
def test_what_makes_no_sense_is_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        PlansFromPast(Shout, **settings)
