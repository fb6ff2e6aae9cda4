"""ExIt's inference (028): a chain of improvements from the best attempt."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge import Rating
from selftaught.programs.refine import IterateImprove
from selftaught.testing import ProgramContract
from selftaught.testing.samples import Shout

from .scripts import Scores, line, prompts, says


class TestIterateImprove(ProgramContract):
    method = "exit-exploratory-iteration"

    def make(self, task):
        return IterateImprove(task)


class TestIterateImproveByScore(ProgramContract):
    def make(self, task):
        return IterateImprove(task, rounds=3, judge=Rating(task), diverge_every=2)


def improved(attempts, score=None, **settings):
    lm = says(shouted=list(attempts))
    with dspy.context(lm=lm):
        judge = Scores(Shout, score) if score else None
        return IterateImprove(Shout, judge=judge, **settings)(word="tree"), lm


SCORES = {"a": 0.4, "b": 0.2, "c": 0.6, "d": 0.5, "e": None}


def test_what_is_returned_is_never_worse_than_the_best_seen():
    found, _ = improved("abcd", SCORES.get, rounds=3)
    assert (found.shouted, found.scores) == ("c", [0.4, 0.2, 0.6, 0.5])


def test_every_step_starts_from_the_best_so_far():
    _, lm = improved("abcd", SCORES.get, rounds=3)
    assert [line(prompt, "draft") for prompt in prompts(lm, "shouted")[1:]] == ["a", "a", "c"]


def test_an_attempt_without_a_score_never_wins():
    found, _ = improved("ae", SCORES.get, rounds=1)
    assert (found.shouted, found.scores) == ("a", [0.4, None])


def test_without_a_score_the_last_attempt_is_returned_and_gone_on_from():
    found, lm = improved("abc", rounds=2)
    assert (found.shouted, lm.calls) == ("c", 3)
    assert [line(prompt, "draft") for prompt in prompts(lm, "shouted")[1:]] == ["a", "b"]


def test_without_a_score_a_step_that_changes_nothing_ends_it():
    found, lm = improved("abbc", rounds=5)
    assert (found.shouted, found.stopped_by, lm.calls) == ("b", "unchanged", 3)


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_it_takes_as_many_steps_as_asked_for(steps):
    found, lm = improved("abcdabcd", SCORES.get, rounds=steps)
    assert (found.rounds, lm.calls) == (steps, 1 + steps)


def test_every_other_step_takes_another_way():
    _, lm = improved("abcda", rounds=4, diverge_every=2)
    ways = ["different approach" in prompt for prompt in prompts(lm, "shouted")]
    assert ways == [False, False, True, False, True]


def test_the_improver_sees_no_critique():
    _, lm = improved("ab", SCORES.get, rounds=1)
    assert "scores" not in prompts(lm, "shouted")[1] and "problems" not in prompts(lm, "shouted")[1]


@pytest.mark.parametrize("every", [-1, 1.5, True])
def test_bad_settings_are_refused(every):
    with pytest.raises(SettingError, match="diverge_every"):
        IterateImprove(Shout, diverge_every=every)
