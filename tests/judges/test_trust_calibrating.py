"""Calibrating a judge: errors are compared on answers it was not fitted to, and a judge without information is refused."""

import random

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import DataError, SettingError, UntrustedJudge
from selftaught.programs.judge import Verify
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging
from tests.judges.test_trust import Scripted, answers


def overconfident(count=300, seed=0):
    """A judge whose score s means a chance of 0.3 + 0.4 s, and answers labelled accordingly."""
    draws = random.Random(seed)
    scores = [draws.choice([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]) for _ in range(count)]
    labels = [draws.random() < 0.3 + 0.4 * score for score in scores]
    return Scripted(Shout, lambda word, shouted: scores[int(word[1:])]), answers(labels)


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_the_error_falls_on_answers_that_were_held_out(kind):
    judge, rows = overconfident()
    found = judge.calibrate(rows, kind=kind)
    assert found.calibration.kind == kind
    assert found.before.value > 0.1
    assert found.after.value < found.before.value / 1.5
    assert found.helps
    assert judge.calibration == found.calibration
    assert "kept" in str(found)
    assert judge(word="w0", shouted="W0").score == pytest.approx(found.calibration(judge.script("w0", "")))


def test_trust_measures_the_scores_that_the_judge_gives_and_says_which():
    judge, rows = overconfident()
    raw = judge.trust(rows)
    judge.calibrate(rows)
    assert not raw.calibrated
    assert judge.trusted == raw
    after = judge.trust(rows)
    assert after.calibrated
    assert after.figure("calibration_error").value < raw.figure("calibration_error").value


def test_calibrating_twice_starts_from_the_raw_scores():
    judge, rows = overconfident()
    assert judge.calibrate(rows) == judge.calibrate(rows)


def test_a_calibration_that_does_not_help_is_not_kept():
    labels = [True, False] * 30
    judge = Scripted(Shout, lambda word, shouted: float(labels[int(word[1:])]))
    found = judge.calibrate(answers(labels))
    assert (found.before.value, found.helps, judge.calibration) == (0.0, False, None)
    assert "does not help" in str(found)


def test_a_judge_without_information_is_refused_and_left_as_it_was():
    judge, rows = overconfident()
    judge.calibrate(rows)
    before = judge.calibration
    judge.script = lambda word, shouted: 0.5
    with pytest.raises(UntrustedJudge, match="nothing to calibrate"):
        judge.calibrate(rows)
    assert judge.calibration == before


def test_what_cannot_be_calibrated_is_refused():
    judge, rows = overconfident()
    with pytest.raises(SettingError, match="folds=1"):
        judge.calibrate(rows, folds=1)
    with pytest.raises(SettingError, match="not pairs"):
        judge.calibrate([dspy.Example(word="w", first="a", second="b", better=1)])
    few = Scripted(Shout, lambda word, shouted: 0.9 if int(word[1:]) < 3 else 0.1)
    with pytest.raises(DataError, match="there are 3 of one kind"):
        few.calibrate(answers([True] * 3 + [False] * 20))


def test_the_calibration_is_saved_with_the_judge(tmp_path):
    judge, rows = overconfident()
    found = judge.calibrate(rows)
    with dspy.context(lm=FakeLM(obliging)):
        other = Verify(Shout)
        other.calibration, other.trusted = found.calibration, judge.trusted
        save(other, tmp_path / "judge.st")
        again = load(tmp_path / "judge.st")
    assert (again.calibration, again.trusted) == (found.calibration, judge.trusted)
