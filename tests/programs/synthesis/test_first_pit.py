"""First pits: the step from which a scripted solver cannot get out, and the way around it."""

import dspy
import pytest

from selftaught.programs.synthesis.first_pit import FirstPitPairs
from selftaught.testing import FakeLM, SynthesisContract
from selftaught.testing.samples import obliging

EXAMPLES = [{"question": f"Question {i}?", "answer": "right"} for i in range(3)]
WRONG = ["take three", "lose it", "end badly"]


def before_of(messages):
    text = str(messages[-1]["content"])
    return [step for step in ("go one", "go two", *WRONG) if step in text.partition("steps_before")[2]]


def solving(pit=1, recovers=False):
    """Even samples are right; odd ones walk through WRONG. A completion reaches the answer unless step `pit` of WRONG was taken."""

    def script(messages, **settings):
        turn = str(settings.get("rollout_id") or "draw0")
        number, before = int(turn.split("draw")[-1].split("retry")[0]), before_of(messages)
        if not before:
            steps, answer = (["go one", "go two"], "right") if number % 2 == 0 else (WRONG, "wrong")
        else:
            lost = not recovers and len([step for step in before if step in WRONG]) > pit
            steps = [f"try {number} after {before[-1]}" + " again" * number]
            answer = "wrong" if lost else "right"
        return {"to_find": "it", "more_steps": steps, "answer": answer}

    return script


def run(script=None, **settings):
    lm = FakeLM(script or solving())
    with dspy.context(lm=lm):
        return FirstPitPairs(EXAMPLES[:1], **{"samples": 2, "tries": 2, **settings}).run(progress=False), lm


class TestFirstPit(SynthesisContract):
    method = "self-explore-pairs"
    count = 3

    def make(self):
        return FirstPitPairs(EXAMPLES, samples=2, tries=2)

    def script(self, messages, **settings):
        return obliging(messages, **settings) | solving()(messages, **settings)


@pytest.mark.parametrize("pit", [0, 1, 2])
@pytest.mark.parametrize("tries", [1, 3])
def test_the_pit_is_where_the_solver_fails_from_and_exploring_stops_there(pit, tries):
    found, lm = run(solving(pit), tries=tries)
    (row,) = found.rows
    assert (row["pit"], row["rejected"]) == (pit, WRONG[pit])
    assert row["steps_before"] == WRONG[:pit]
    assert lm.calls == 2 + tries * (pit + 1)
    assert row["chosen"].endswith("answer: right")
    assert WRONG[pit] not in row["chosen"].splitlines()


def test_the_way_around_is_the_shortest_right_completion_or_the_right_solution_at_the_first_step():
    assert run(solving(0))[0].rows[0]["chosen"] == "go one\ngo two\nanswer: right"
    assert run(solving(1), tries=3)[0].rows[0]["chosen"] == "try 0 after take three\nanswer: right"


def test_a_solver_that_always_recovers_gives_no_pair():
    assert run(solving(recovers=True))[0].rejected == {("explore", "no pit with a way around it"): 1}


def test_without_a_right_and_a_wrong_solution_nothing_is_explored():
    found, lm = run(samples=1)
    assert (found.rejected, lm.calls) == ({("explore", "no right and wrong solution"): 1}, 1)


def test_no_way_is_chosen_twice():
    ways = [["go one", "go two"], ["take three", "lose it"], ["go two", "go one"], ["take three", "end badly"]]

    def script(messages, **settings):
        number, before = int(str(settings["rollout_id"]).split("draw")[-1].split("retry")[0]), before_of(messages)
        if not before:
            return {"to_find": "it", "more_steps": ways[number % 4], "answer": "wrong" if number % 2 else "right"}
        return {"to_find": "it", "more_steps": [f"turn{' back' * number}"], "answer": "wrong" if len(before) > 1 else "right"}

    found, _ = run(script, samples=4, tries=2)
    assert [row["rejected"] for row in found.rows] == ["lose it", "end badly"]
    assert [row["chosen"] for row in found.rows] == ["turn\nanswer: right", "turn back\nanswer: right"]
