"""Step preferences: a judge with a known order decides, and the solution goes on from its choice."""

import dspy

from selftaught.programs.judge.step_pairs import StepPairs
from selftaught.programs.synthesis.step_preferences import StepPreferences
from selftaught.signatures import Comparison
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

EXAMPLES = [{"question": f"Question {i}?", "answer": "LABEL"} for i in range(4)]


def stepping(end=3, alike=False):
    """The n-th candidate of a step is called by its quality n; the solution ends after `end` steps."""

    def script(messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        if "better" in asked:
            first, second = (text.split(f"{name}_draft")[1].split("quality ")[1][0] for name in ("first", "second"))
            return {"better": "first" if first > second else "second"}
        turn = str(settings.get("rollout_id") or "step0")
        number, level = int(turn.split("step")[1].split("retry")[0]), text.count("level ")
        return {"to_find": "x", "next_step": f"level {level} quality {1 if alike else number}", "more_to_find": level + 1 < end}

    return script


def run(script=None, **settings):
    lm = FakeLM(script or stepping())
    with dspy.context(lm=lm):
        return StepPreferences(EXAMPLES[:1], **{"width": 3, **settings}).run(progress=False), lm


class TestStepPreferences(SynthesisContract):
    method = "process-self-rewarding-pairs"

    def make(self):
        return StepPreferences(EXAMPLES, width=3)

    def script(self, messages, **settings):
        return stepping()(messages, **settings)


def test_the_best_and_the_worst_share_their_prefix_and_the_best_goes_on():
    found, lm = run()
    assert [(row["chosen"], row["rejected"]) for row in found.rows] == [
        (f"level {i} quality 2", f"level {i} quality 0") for i in range(3)
    ]
    for number, row in enumerate(found.rows):
        assert row["steps_before"] == [one["chosen"] for one in found.rows[:number]]
        assert (row["wins_chosen"], row["wins_rejected"], row["margin"]) == (2, 0, 1.0)
    assert lm.calls == 3 * (3 + 2 * 3)
    assert not any("LABEL" in str(request) for request in lm.requests)


def test_no_more_steps_than_asked_for():
    assert len(run(stepping(end=99), steps=2)[0].rows) == 2


def test_candidates_that_are_the_same_make_no_pair_and_the_first_goes_on():
    found, lm = run(stepping(alike=True))
    assert found.rows == []
    assert found.rejected == {("step", "no step stands out"): 1}
    assert lm.calls == 3 * 3


class Undecided(StepPairs):
    async def prefer(self, inputs, first, second):
        return Comparison(better="tie")


def test_a_judge_that_always_ties_gives_no_pair():
    assert run(judge=Undecided("question -> answer"))[0].rows == []
