"""Feedback scored by its revision (087): of several critiques the one whose revision is judged best is followed."""

import dspy
import pytest

from selftaught.errors import AnswerError
from selftaught.programs.refine import BestFeedback
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout

from .scripts import line

AREAS = ["Tone", "Structure"]


class TestBestFeedback(ProgramContract):
    method = "best-feedback"

    def make(self, task):
        return BestFeedback(task)


class TestBestFeedbackOfOne(ProgramContract):
    def make(self, task):
        return BestFeedback(task, samples=1, areas=AREAS)


def coached(chances, critiques, **settings):
    """`chances`: of each text to need nothing; `critiques`: by sample. The revision by critique `c` is `draft+c`."""

    def script(messages, **asked):
        text = "\n".join(str(message["content"]) for message in messages)
        if "acceptable" not in answer_fields(messages):
            return {"shouted": f"draft+{line(text, 'problems')[2:-2]}" if "problems: " in text else "draft"}
        draft = line(text, "draft")
        rollout = str(asked.get("rollout_id") or "draw0")
        said = critiques[int(rollout.rpartition("draw")[2])]
        if said == "garbage":
            return "garbage"
        chance = chances[draft]
        found = {"acceptable": not said, "problems": [said] if said else [], "areas": ["Tone"]}
        return {name: found[name] for name in answer_fields(messages)}, {"acceptable": {"true": chance, "false": 1 - chance}}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return BestFeedback(Shout, **{"samples": len(critiques), **settings})(word="tree"), lm


CHANCES = {"draft": 0.2, "draft+a": 0.6, "draft+b": 0.9, "draft+c": 0.9, "draft+d": 0.1}


def test_a_perfect_draft_needs_no_feedback_and_no_further_call():
    found, lm = coached({"draft": 0.7}, ["a", "b"])
    assert (found.shouted, found.perfect, found.feedback, found.areas, lm.calls) == ("draft", True, [], [], 2)


def test_the_feedback_whose_revision_scores_best_is_followed_the_first_of_equals():
    found, lm = coached(CHANCES, ["a", "b", "c"])
    assert (found.shouted, found.feedback, found.perfect) == ("draft+b", ["b"], False)
    assert found.score == pytest.approx(0.9)
    assert lm.calls == 2 + 3 * 3


def test_a_revision_that_scores_no_better_than_the_draft_is_not_returned():
    found, _ = coached(CHANCES, ["d"])
    assert (found.shouted, found.feedback) == ("draft", ["d"])


def test_the_score_of_a_feedback_depends_on_its_revision_alone():
    _, lm = coached(CHANCES, ["a", "b"])
    judged = [m for m in lm.requests if "acceptable" in answer_fields(m) and "draft: draft+" in m[-1]["content"]]
    assert len(judged) == 2
    assert not any("problems: " in m[-1]["content"] for m in judged)


def test_one_sample_is_the_plain_feedback():
    found, _ = coached(CHANCES, ["a"], samples=1)
    assert (found.shouted, found.feedback) == ("draft+a", ["a"])


def test_weak_areas_are_of_the_given_ones():
    assert coached(CHANCES, ["a"], areas=AREAS)[0].areas == ["Tone"]


def test_a_sample_without_problems_or_unreadable_is_left_out():
    found, _ = coached(CHANCES, ["a", "", "garbage"])
    assert found.shouted == "draft+a"


def test_where_nobody_names_a_problem_the_draft_stays_and_is_flagged():
    found, _ = coached(CHANCES, ["", ""])
    assert (found.shouted, found.perfect, found.stopped_by) == ("draft", False, "undetermined")


def test_where_every_revision_fails_the_first_error_flies():
    def script(messages, **asked):
        if "acceptable" in answer_fields(messages):
            return {"acceptable": False, "problems": ["bad"]}
        return "garbage" if "problems: " in messages[-1]["content"] else {"shouted": "draft"}

    with dspy.context(lm=FakeLM(script)), pytest.raises(AnswerError):
        BestFeedback(Shout)(word="tree")
